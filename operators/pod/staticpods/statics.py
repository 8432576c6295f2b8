"""Static Pods: run like any Pod of this node, by a queue of their own that needs no API server; mirrored to one."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operators._kube import meta
from operators._kube.actions import Propagation
from operators._kube.client import ApiError, Kube
from operators._kube.controller import Key, Result
from operators._kube.meta import Object
from operators._kube.queue import Failure, Queue
from operators.pod.part import Part
from operators.pod.staticpods import folder, manifest

if TYPE_CHECKING:
    from operators.pod.objects import Objects

_log = logging.getLogger("ukube.static")

DEFAULT = "/etc/ukube/manifests"
Sync = Callable[[Key, Kube, datetime], Awaitable[Result]]


def path() -> str:
    """$UKUBE_STATIC_PODS, kubelet's staticPodPath; "": no static Pods."""
    return os.environ.get("UKUBE_STATIC_PODS", DEFAULT).strip()


class _Apart(Kube):
    """The API as a static Pod's reconcile sees it: what is written of the Pod itself stays on the node for now."""

    def __init__(self, real: Kube, owner: StaticPods) -> None:
        self.__dict__.update(real.__dict__)  # the same session, cache and recorder
        self._owner = owner

    async def patch_status(self, obj: Object, status: Object, *, resource: str | None = None) -> bool:
        return self._owner.report(obj, status)

    async def delete(
        self,
        api_version: str,
        resource: str,
        key: Key,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Propagation | None = "Background",
        grace_seconds: int | None = None,
    ) -> None:
        self._owner.ended(key)


class StaticPods(Part):
    """objects.static: the Pods that run, or still do. sync: the reconcile of any Pod."""

    def __init__(self, objects: Objects, sync: Sync, where: str | None = None) -> None:
        self._objects = objects
        self._running: dict[Key, dict[str, Any]] = objects.static
        self._sync = sync
        self._queue: Queue[Key] = Queue(self._work)
        self._folder: folder.Folder | None = None
        self._where = path() if where is None else where
        self._kube: Kube | None = None

    async def open(self, kube: Kube) -> None:
        self._kube = kube
        if not self._where:
            return
        found = folder.Folder(Path(self._where), self._objects.node_name, lambda: datetime.now(UTC), self._changed)
        try:
            await found.open()
        except OSError as error:
            _log.error("no static Pods: %s", error)
            return
        self._folder = found
        self._changed()

    def begin(self) -> None:
        """Work on them; called when everything that Pods need is there."""
        self._queue.open()

    async def close(self) -> None:
        await self._queue.stop()
        if self._folder is not None:
            await self._folder.close()

    def owns(self, key: Key) -> bool:
        return key in self._running

    def enqueue(self, key: Key) -> None:
        self._queue.add(key)

    # What reconciles do to them

    def report(self, pod: Object, status: Object) -> bool:
        key = meta.key_of(dict(pod))
        now = self._running.get(key)
        if now is None or now.get("status") == status:
            return False
        self._running[key] = {**now, "status": status}
        return True

    def ended(self, key: Key) -> None:
        """Everything of it is gone from the node; a changed file's next Pod may begin."""
        self._running.pop(key, None)
        if (wanted := self._wanted().get(key)) is not None:
            self._running[key] = wanted
        self._queue.add(key)

    async def drop_orphan(self, key: Key, kube: Kube) -> bool:
        """Deletes a mirror without a Pod behind it; False when the API's Pod is none."""
        found = kube.get_or_none("v1", "pods", key)
        if found is None or not manifest.is_mirror(found) or self.owns(key):
            return False
        await kube.delete("v1", "pods", key, uid=meta.uid_of(found), propagation=None, grace_seconds=0)
        return True

    # The folder

    def _wanted(self) -> dict[Key, dict[str, Any]]:
        pods = self._folder.pods() if self._folder is not None else {}
        return {Key(*name): pod for name, pod in pods.items()}

    def _changed(self) -> None:
        wanted = self._wanted()
        for key, pod in wanted.items():
            if key not in self._running:
                _log.info("static Pod %s", key)
                self._running[key] = pod
                self._queue.add(key)
        for key, pod in list(self._running.items()):
            new = wanted.get(key)
            if (new is None or meta.uid_of(new) != meta.uid_of(pod)) and not meta.is_deleting(pod):
                _log.info("static Pod %s: %s", key, "removed" if new is None else "changed")
                self._running[key] = _deleting(pod, datetime.now(UTC))
                self._queue.add(key)

    # Working on one

    async def _work(self, key: Key) -> float | None:
        assert self._kube is not None
        result = Result()
        try:
            if key in self._running:
                self._adopt(key)
                result = await self._sync(key, _Apart(self._kube, self), datetime.now(UTC))
            await self._reflect(key)
        except ApiError as error:
            _log.debug("%s: %s", key, error)
            raise Failure from error
        except Exception as error:
            _log.exception("%s: reconcile failed", key)
            raise Failure from error
        return result.requeue_after

    def _adopt(self, key: Key) -> None:
        """What was reported before this process began: restarts are counted on from there."""
        pod, found = self._running[key], self._mirror(key)
        if found is not None and manifest.is_mirror_of(found, pod) and "containerStatuses" not in pod["status"]:
            self._running[key] = {**pod, "status": found.get("status") or pod["status"]}

    def _mirror(self, key: Key) -> Object | None:
        assert self._kube is not None
        return self._kube.get_or_none("v1", "pods", key)

    async def _reflect(self, key: Key) -> None:
        """Has the API show what runs here. Raises ApiError."""
        kube, pod = self._kube, self._running.get(key)
        assert kube is not None
        found = self._mirror(key)
        if found is not None and manifest.is_mirror(found):
            is_right = pod is not None and manifest.is_mirror_of(found, pod) and not meta.is_deleting(found)
            if not is_right:
                await kube.delete("v1", "pods", key, uid=meta.uid_of(found), propagation=None, grace_seconds=0)
                found = None
        if pod is None or meta.is_deleting(pod):
            return
        if found is None:
            found = await self._create(key, pod)
        await kube.patch_status(found, _merged(found, pod))

    async def _create(self, key: Key, pod: Object) -> Object:
        assert self._kube is not None
        node = await self._kube.fetch("v1", "nodes", Key("", self._objects.node_name))
        if node is None:
            raise ApiError(404, "NotFound", "the Node is not registered yet", {})
        try:
            return await self._kube.create("v1", "pods", manifest.mirror(pod, node))
        except ApiError as error:
            if error.status != 409:
                raise
        found = await self._kube.fetch("v1", "pods", key)
        if found is not None and manifest.is_mirror_of(found, pod):
            return found
        if found is not None and manifest.is_mirror(found):
            await self._kube.delete("v1", "pods", key, uid=meta.uid_of(found), propagation=None, grace_seconds=0)
        raise ApiError(409, "AlreadyExists", f"Pod {key} exists and is not the mirror of this node's", {})


def _merged(found: Object, pod: Object) -> Object:
    """The mirror's status: what the node says, and what others have written into it."""
    status = dict(pod["status"])
    if generation := meta.generation_of(found):
        status["observedGeneration"] = generation
    status["qosClass"] = (found.get("status") or {}).get("qosClass", status.get("qosClass"))
    return {**(found.get("status") or {}), **status}


def _deleting(pod: dict[str, Any], now: datetime) -> dict[str, Any]:
    grace = int(pod["spec"].get("terminationGracePeriodSeconds") or 0)
    marks = {
        "deletionTimestamp": meta.format_time(now + timedelta(seconds=grace)),
        "deletionGracePeriodSeconds": grace,
    }
    return {**pod, "metadata": {**pod["metadata"], **marks}}
