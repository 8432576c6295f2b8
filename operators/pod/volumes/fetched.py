"""The PersistentVolumeClaims of this node's Pods, and the volumes bound to them: a node may get them one by one."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from operators._kube import meta
from operators._kube.meta import Key, Object
from operators._kube.volumes import claim_names


class Getter(Protocol):
    """The part of the API that is used. Raises ApiError."""

    async def fetch(self, api_version: str, resource: str, key: Key) -> Object | None: ...


class Claims:
    """Claims by namespace and name, volumes by name, for as long as a Pod on this node names them.

    A claim is read once it is bound and not again: what a volume is made of does not change while a Pod uses it.
    """

    def __init__(self) -> None:
        self._claims: dict[Key, Object | None] = {}
        self._volumes: dict[str, Object | None] = {}
        self._pods: dict[str, frozenset[Key]] = {}

    def claim(self, namespace: str, name: str) -> Object | None:
        return self._claims.get(Key(namespace, name))

    def volume(self, name: str) -> Object | None:
        return self._volumes.get(name)

    async def cover(self, pod: Mapping[str, Any], source: Getter) -> None:
        """Reads what the Pod names and is not complete yet. Raises ApiError."""
        wanted = frozenset(Key(pod["metadata"]["namespace"], name) for name, _ in claim_names(pod).values())
        if not wanted and meta.uid_of(dict(pod)) not in self._pods:
            return
        self._pods[meta.uid_of(dict(pod))] = wanted
        await asyncio.gather(*(self._read(key, source) for key in wanted if not self._is_complete(key)))
        self._drop_unused()

    def forget(self, uid: str) -> None:
        if self._pods.pop(uid, None) is not None:
            self._drop_unused()

    async def _read(self, key: Key, source: Getter) -> None:
        claim = self._claims[key] = await source.fetch("v1", "persistentvolumeclaims", key)
        if name := _volume_name(claim):
            self._volumes[name] = await source.fetch("v1", "persistentvolumes", Key("", name))

    def _is_complete(self, key: Key) -> bool:
        claim = self._claims.get(key)
        is_bound = claim is not None and (claim.get("status") or {}).get("phase") == "Bound"
        return is_bound and self._volumes.get(_volume_name(claim)) is not None

    def _drop_unused(self) -> None:
        used = {key for keys in self._pods.values() for key in keys}
        self._claims = {key: claim for key, claim in self._claims.items() if key in used}
        bound = {_volume_name(claim) for claim in self._claims.values()}
        self._volumes = {name: volume for name, volume in self._volumes.items() if name in bound}


def _volume_name(claim: Object | None) -> str:
    return str(((claim or {}).get("spec") or {}).get("volumeName") or "")
