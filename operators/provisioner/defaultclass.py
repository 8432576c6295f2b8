"""The StorageClass that a new cluster gets: made once, and never again when somebody deleted it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from operators._kube import meta, volumes
from operators._kube.client import Kube
from operators._kube.errors import ApiError
from operators._kube.meta import Key, Object
from operators.provisioner import parameters, plan

_API, _CLASSES = "storage.k8s.io/v1", "storageclasses"
NAME = "standard"


def body() -> Object:
    return {
        "apiVersion": _API,
        "kind": "StorageClass",
        "metadata": {"name": NAME, "annotations": {volumes.IS_DEFAULT_CLASS: "true"}},
        "provisioner": plan.NAME,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


async def ensure(kube: Kube, root: Path | None = None) -> None:
    """Makes the class, unless this node has been at work for this cluster before or there is a class.

    That it was is noted beside the volumes, by the UID of the namespace kube-system: what a cluster is known by.
    Raises ApiError, OSError.
    """
    system = await kube.fetch("v1", "namespaces", Key("", "kube-system"))
    if system is None:
        return
    mark, uid = (root or Path(parameters.ROOT)) / ".cluster", meta.uid_of(system)
    if await asyncio.to_thread(_read, mark) == uid:
        return
    if not await kube.fetch_list(_API, _CLASSES):
        try:
            await kube.create(_API, _CLASSES, body())
        except ApiError as error:
            if not error.is_already_exists:
                raise
    await asyncio.to_thread(_write, mark, uid)


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
