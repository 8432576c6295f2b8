"""The ClusterTrustBundles of the cluster, read for the Pods that project them."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from operators._kube import meta
from operators._kube.errors import ApiError
from operators._kube.meta import Object

_VERSIONS = ("certificates.k8s.io/v1", "certificates.k8s.io/v1beta1")
_FRESH = 60.0  # seconds until they are read again, when a Pod that projects them is looked at


class Lister(Protocol):
    """The part of the API that is used. Raises ApiError."""

    async def fetch_list(self, api_version: str, resource: str) -> list[Object]: ...


class TrustBundles:
    """Nothing is read while no Pod projects any."""

    def __init__(self) -> None:
        self._found: list[Object] | None = None
        self._read_at: float | None = None
        self._pods: set[str] = set()

    def bundles(self) -> list[Object] | None:
        """None where the API server has no such kind, or not for nodes."""
        return self._found

    async def cover(self, pod: Mapping[str, Any], source: Lister) -> None:
        """Raises ApiError."""
        if not projects(pod):
            return
        now, is_new = asyncio.get_running_loop().time(), meta.uid_of(dict(pod)) not in self._pods
        self._pods.add(meta.uid_of(dict(pod)))
        if is_new or self._read_at is None or now - self._read_at > _FRESH:
            self._found, self._read_at = await _list(source), now

    def forget(self, uid: str) -> None:
        self._pods.discard(uid)


def projects(pod: Mapping[str, Any]) -> bool:
    return any(
        part.get("clusterTrustBundle") is not None
        for volume in pod["spec"].get("volumes") or ()
        for part in (volume.get("projected") or {}).get("sources") or ()
    )


async def _list(source: Lister) -> list[Object] | None:
    for version in _VERSIONS:
        try:
            return await source.fetch_list(version, "clustertrustbundles")
        except ApiError as error:
            if error.status not in (403, 404):  # a node may read them only where the feature is switched on
                raise
    return None
