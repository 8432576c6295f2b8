"""How many Pods the owners of some Pods want: asked of their scale subresources, whatever kind they are."""

from __future__ import annotations

from collections.abc import Iterable

from operators._kube import discovery, meta, paths
from operators._kube.client import ApiError, Kube
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind


class Unmanaged(Exception):
    """A Pod whose owner has no size."""


async def expected(pods: Iterable[Object], kube: Kube) -> tuple[int, list[Object]]:
    """The sum over all owners, and the Pods without any. Raises Unmanaged, ApiError."""
    sizes: dict[str, int] = {}
    unmanaged = []
    for pod in pods:
        owner = meta.controller_of(pod)
        if owner is None:
            unmanaged.append(pod)
        elif owner["uid"] not in sizes:
            found = await _scale(meta.namespace_of(pod), owner, kube)
            if found is None:
                raise Unmanaged(f'found no controllers for pod "{meta.name_of(pod)}"')
            uid, size = found
            sizes[owner["uid"]] = 0
            sizes[uid] = size
    return sum(sizes.values()), unmanaged


async def _scale(namespace: str, owner: Object, kube: Kube) -> tuple[str, int] | None:
    """UID and spec.replicas of the owner; of a ReplicaSet's Deployment, where it has one. None: it has no size."""
    kind = await _kind(owner, kube)
    if kind is None:
        return None
    key = Key(namespace, owner["name"])
    if kind == Kind("apps/v1", "replicasets"):
        whole = await kube.fetch(*kind, key)
        above = meta.controller_of(whole) if whole is not None else None
        if above is not None and above["kind"] == "Deployment":
            return await _scale(namespace, above, kube)
    try:
        scale = await kube.request("GET", paths.of_object(kind, key, "scale"))
    except ApiError as error:
        if error.is_not_found:
            return None
        raise
    if meta.uid_of(scale) != owner["uid"]:
        return None
    return owner["uid"], int((scale.get("spec") or {}).get("replicas") or 0)


_KNOWN = {
    ("apps/v1", "Deployment"): "deployments",
    ("apps/v1", "ReplicaSet"): "replicasets",
    ("apps/v1", "StatefulSet"): "statefulsets",
    ("v1", "ReplicationController"): "replicationcontrollers",
}


async def _kind(owner: Object, kube: Kube) -> Kind | None:
    api_version = owner["apiVersion"]
    if known := _KNOWN.get((api_version, owner["kind"])):
        return Kind(api_version, known)
    try:
        entries = (await discovery.resource_list(kube, api_version)).get("resources") or []
    except ApiError as error:
        if error.is_not_found:
            return None
        raise
    names = [entry["name"] for entry in entries if entry["kind"] == owner["kind"] and "/" not in entry["name"]]
    return Kind(api_version, names[0]) if names else None
