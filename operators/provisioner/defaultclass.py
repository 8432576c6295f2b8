"""The StorageClass that a new cluster gets: made once, and never again when somebody deleted it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from operators._kube import meta, nodevolumes, paths, volumes
from operators._kube.client import Api
from operators._kube.errors import ApiError
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind

_CLASSES = Kind("storage.k8s.io/v1", "storageclasses")
NAME = "standard"


def body() -> Object:
    return {
        "apiVersion": _CLASSES.api_version,
        "kind": "StorageClass",
        "metadata": {"name": NAME, "annotations": {volumes.IS_DEFAULT_CLASS: "true"}},
        "provisioner": nodevolumes.NAME,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


async def run(api: Api) -> None:
    """Makes the class, unless this node has been at work for this cluster before or there is a class.

    That it was is noted beside the volumes, by the UID of the namespace kube-system: what a cluster is known by.
    Raises ApiError, OSError.
    """
    mark = Path(nodevolumes.ROOT) / ".cluster"
    uid = meta.uid_of(await api.send("GET", paths.of_object(Kind("v1", "namespaces"), Key("", "kube-system"))))
    if await asyncio.to_thread(_read, mark) == uid:
        return
    present = await api.send("GET", paths.of_collection(_CLASSES), params={"limit": "1"})
    if not present.get("items"):
        await _create(api)
    await asyncio.to_thread(_write, mark, uid)


async def _create(api: Api) -> None:
    try:
        await api.send("POST", paths.of_collection(_CLASSES), body=body())
    except ApiError as error:
        if not error.is_already_exists:
            raise


def _read(mark: Path) -> str:
    try:
        return mark.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def _write(mark: Path, uid: str) -> None:
    mark.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    fresh = mark.with_name(".cluster.new")
    fresh.write_text(f"{uid}\n", encoding="ascii")
    fresh.rename(mark)
