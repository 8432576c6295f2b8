"""The ConfigMaps and Secrets that this node's Pods name: each is followed by itself, and nothing else is read.

A node may read only what its Pods need (Kubernetes page "Node Authorization"): a list of all Secrets would be refused.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, NamedTuple, Protocol

from operators._kube import meta
from operators._kube.errors import ApiError
from operators._kube.meta import Key, Object
from operators.pod.part import Part
from operators.pod.volumes import fetched, names, trust_bundles

_log = logging.getLogger("ukube.pod")

_RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets"}
# Seconds before a watch that failed, or ended at once, is opened again; the last one for ever.
_DELAYS = (0.2, 1.0, 5.0, 15.0)


class Reference(NamedTuple):
    """kind: "ConfigMap" or "Secret"."""

    kind: str
    namespace: str
    name: str

    @property
    def resource(self) -> str:
        return _RESOURCES[self.kind]

    @property
    def key(self) -> Key:
        return Key(self.namespace, self.name)


class Source(fetched.Getter, trust_bundles.Lister, Protocol):
    """The part of the API that is used. Raises ApiError."""

    async def look(self, api_version: str, resource: str, key: Key) -> tuple[Object | None, str]: ...

    def follow(
        self, api_version: str, resource: str, key: Key, version: str
    ) -> AsyncGenerator[tuple[str, Object], None]: ...


class Referenced(Part):
    """`enqueue`: called with the keys of the Pods that name an object which came, changed or went.

    claims: PersistentVolumeClaims and the volumes bound to them; trust: ClusterTrustBundles. Both are read and not
    followed.
    """

    def __init__(self, enqueue: Callable[[Key], None]) -> None:
        self.claims = fetched.Claims()
        self.trust = trust_bundles.TrustBundles()
        self._enqueue = enqueue
        self._found: dict[Reference, Object | None] = {}
        self._tasks: dict[Reference, asyncio.Task[None]] = {}
        self._pods: dict[str, tuple[Key, frozenset[Reference]]] = {}

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        return self._found.get(Reference(kind, namespace, name))

    async def cover(self, pod: Mapping[str, Any], source: Source) -> None:
        """Reads what the Pod names and is not followed yet. Raises ApiError."""
        key, uid = meta.key_of(dict(pod)), meta.uid_of(dict(pod))
        wanted = frozenset(Reference(kind, key.namespace, name) for kind, name in names.of(pod) if name)
        is_new = uid not in self._pods
        self._pods[uid] = key, wanted
        await asyncio.gather(
            *(self._begin(reference, source) for reference in wanted if self._is_due(reference, is_new))
        )
        self._drop_unused()
        await self.claims.cover(pod, source)
        await self.trust.cover(pod, source)

    def _is_due(self, reference: Reference, is_new: bool) -> bool:
        """An immutable object is not followed, but one of the same name may be another by now."""
        return reference not in self._tasks or (is_new and _is_immutable(self._found.get(reference)))

    def forget(self, uid: str) -> None:
        self.claims.forget(uid)
        self.trust.forget(uid)
        if self._pods.pop(uid, None) is not None:
            self._drop_unused()

    async def close(self) -> None:
        self._pods.clear()
        tasks = list(self._tasks.values())
        self._drop_unused()
        if tasks:
            await asyncio.wait(tasks)

    async def _begin(self, reference: Reference, source: Source) -> None:
        found, version = await source.look("v1", reference.resource, reference.key)
        running = self._tasks.get(reference)
        if running is None or (running.done() and not _is_immutable(found)):
            self._found[reference] = found
            self._tasks[reference] = asyncio.create_task(self._follow(reference, source, version))
        elif running.done():
            self._take(reference, found)

    def _drop_unused(self) -> None:
        used = {reference for _, references in self._pods.values() for reference in references}
        for reference in self._tasks.keys() - used:
            self._tasks.pop(reference).cancel()
            self._found.pop(reference, None)

    async def _follow(self, reference: Reference, source: Source, version: str) -> None:
        failures, loop = 0, asyncio.get_running_loop()
        while not _is_immutable(self._found.get(reference)):
            begun = loop.time()
            try:
                if not version:
                    found, version = await source.look("v1", reference.resource, reference.key)
                    self._take(reference, found)
                stream = source.follow("v1", reference.resource, reference.key, version)
                async with contextlib.aclosing(stream):
                    async for event, obj in stream:
                        version = str(obj["metadata"].get("resourceVersion", ""))
                        if event != "BOOKMARK":
                            self._take(reference, None if event == "DELETED" else obj)
                        if _is_immutable(self._found.get(reference)):
                            return
            except ApiError as error:
                version = ""  # events may have been missed: it is read anew
                if not error.is_unreachable and failures == 1:
                    _log.warning("%s %s cannot be followed: %s", reference.kind, reference.key, error)
            if loop.time() - begun > _DELAYS[-1]:
                failures = 0  # the server ends every watch some time
            await asyncio.sleep(_DELAYS[min(failures, len(_DELAYS) - 1)])
            failures += 1

    def _take(self, reference: Reference, obj: Object | None) -> None:
        before = self._found.get(reference)
        if (before or {}).get("metadata", {}).get("resourceVersion") == (obj or {}).get("metadata", {}).get(
            "resourceVersion"
        ):
            return
        self._found[reference] = obj
        for key, references in self._pods.values():
            if reference in references:
                self._enqueue(key)


def _is_immutable(obj: Object | None) -> bool:
    """Its data will never change (Kubernetes page "ConfigMaps", "Immutable ConfigMaps"): nobody has to watch it."""
    return obj is not None and obj.get("immutable") is True
