"""One run of one operator: its cache, queues and session, from start to stop."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.cache import Cache, Store
from operators._kube.client import Kube
from operators._kube.controller import Controller, Reconciler
from operators._kube.errors import ApiError, RetryAfter, Terminal
from operators._kube.events import Recorder
from operators._kube.meta import Key, Object, Objects
from operators._kube.paths import Kind
from operators._kube.queue import Failure, Queue
from operators._kube.session import Link, Session


class Runtime:
    """Connects what is seen (lists, watch events, our own writes) with whom it concerns (keys in queues)."""

    def __init__(self, controller: Controller, link: Link, session: Session) -> None:
        self.controller = controller
        self.session = session
        self._link = link
        self._log = logging.getLogger(f"ukube.{controller.name}")
        self._cache = Cache(controller.kinds(), self._changed, controller.keep)
        self._recorder = Recorder(session, controller.component, self._log, self._clock, host=_host(controller))
        self.kube = Kube(controller.name, session, self._cache, self._recorder, ca_pem=link.connection.ca or "")
        self._queues = {
            reconciler: Queue(functools.partial(self._work, reconciler), concurrency=reconciler.concurrency)
            for reconciler in controller.reconcilers
        }
        self._unsubscribe: Callable[[], None] = lambda: None
        self._told_synced = False
        self._is_stopped = False
        #: Called once, when every watched kind has been listed.
        self.on_synced: Callable[[], None] = lambda: None
        session.subscribe(self._listed)

    @property
    def name(self) -> str:
        return self.controller.name

    @property
    def is_synced(self) -> bool:
        """Whether every watched kind has been listed."""
        return not self._cache.unlisted()

    def unlisted(self) -> list[Kind]:
        return self._cache.unlisted()

    def queues(self) -> Mapping[str, Queue[Key]]:
        return {reconciler.kind.resource: queue for reconciler, queue in self._queues.items()}

    async def start(self) -> None:
        """Run the startup hooks; called before anything is watched."""
        self._unsubscribe = self._link.subscribe(self._open_or_close)
        self.controller.queue = self._enqueue
        for hook in self.controller.startup:
            await hook(self.kube)

    async def stop(self) -> None:
        """Let reconciles end, run the cleanup hooks, send the last Events. Only the first call does anything."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._unsubscribe()
        self.controller.queue = None
        await asyncio.gather(*(queue.stop() for queue in self._queues.values()))
        for hook in self.controller.cleanup:
            try:
                await hook(self.kube)
            except Exception:
                self._log.exception("a cleanup hook failed")
        await self._recorder.stop()

    def seen(self, kind: Kind, event_type: str | None, obj: Object) -> None:
        """A watch event, as kopf hands it on. `event_type` None: an object of a list, which `_listed` had already."""
        store = self._cache.store(kind)
        if event_type == "DELETED":
            store.remove(obj)
        elif event_type is not None:
            store.observe(obj)

    def _listed(self, kind: Kind, object_kind: str, objects: Objects, version: int) -> None:
        store = self._cache.find(kind)
        if store is None:
            return
        store.object_kind = object_kind
        store.replace(objects, version)
        self._log.debug("listed %d %s", len(objects), kind)
        self._open_or_close()

    def _open_or_close(self) -> None:
        is_open = self._link.is_up and self.is_synced
        if is_open and not self._told_synced:
            self._told_synced = True
            self.on_synced()
            self._log.info("ready: %s", ", ".join(f"{len(store)} {store.kind.resource}" for store in self._cache))
        for queue in self._queues.values():
            if is_open:
                queue.open()
            else:
                queue.close()

    def _enqueue(self, key: Key) -> None:
        for queue in self._queues.values():
            queue.add(key)

    def _changed(self, store: Store, old: Object | None, new: Object | None) -> None:
        for reconciler, queue in self._queues.items():
            try:
                keys = set(self._concerned(reconciler, store, old, new))
            except Exception:
                # A faulty mapping must not end the watch that brought the object.
                self._log.exception("can't tell whom %s concerns", meta.key_of(new or old or {}))
                continue
            for key in keys:
                queue.add(key)

    def _concerned(self, reconciler: Reconciler, store: Store, old: Object | None, new: Object | None) -> Iterable[Key]:
        states = [obj for obj in (old, new) if obj is not None]
        if store.kind == reconciler.kind:
            yield from map(meta.key_of, states)
        if store.kind in reconciler.owns:
            yield from self._controllers(reconciler.kind, states)
        for watch in reconciler.watches:
            if watch.keys is not None and watch.of == store.kind:
                for obj in states:
                    yield from watch.keys(obj, self.kube)

    def _controllers(self, kind: Kind, dependants: Iterable[Object]) -> Iterable[Key]:
        primary = self._cache.store(kind)
        for obj in dependants:
            reference = meta.controller_of(obj)
            if reference is None or reference.get("kind") != primary.object_kind:
                continue
            if meta.group_of(reference.get("apiVersion", "")) == meta.group_of(kind.api_version):
                yield Key(meta.namespace_of(obj), reference["name"])

    async def _work(self, reconciler: Reconciler, key: Key) -> float | None:
        """Reconcile one key. Raises Failure, after a line in the log, to be called again with back-off."""
        try:
            await self.kube.settle()
            result = await reconciler.function(key, self.kube, self._clock())
        except RetryAfter as delay:
            return delay.seconds
        except Terminal as error:
            self._end(reconciler, key, error)
            return None
        except ApiError as error:
            level = logging.DEBUG if _is_everyday(error) else logging.WARNING
            self._log.log(level, "%s: %s", key, error)
            raise Failure from error
        except Exception as error:
            # The one place where any error of a reconcile ends: the others go on.
            self._log.exception("%s: reconcile failed", key)
            raise Failure from error
        return result.requeue_after

    def _end(self, reconciler: Reconciler, key: Key, error: Terminal) -> None:
        self._log.warning("%s: %s: %s", key, error.reason, error.message)
        obj = self._cache.store(reconciler.kind).get(key)
        if obj is not None:
            self._recorder.record(obj, "Warning", error.reason, error.message)

    def _clock(self) -> datetime:
        return self.kube.clock()


def _is_everyday(error: ApiError) -> bool:
    """Others changed or deleted it meanwhile; or the API server is away, which has its own line in the log."""
    return error.is_conflict or error.is_not_found or error.is_unreachable or error.is_namespace_terminating


def _host(controller: Controller) -> str:
    """Of upstream's components only the kubelet says in its Events where it runs."""
    return identity.node_name() if controller.component == "kubelet" else ""
