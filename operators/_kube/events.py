"""Events: what happened to an object, told once and then counted."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from operators._kube import meta, paths
from operators._kube.actions import EventType
from operators._kube.client import Api
from operators._kube.errors import ApiError
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind

EVENTS = Kind("v1", "events")

_T = TypeVar("_T")

# As upstream's recorder: an object gets 25 events at once, then one in five minutes; after ten different messages
# with one reason within ten minutes, the rest are counted in one event.
BURST = 25
REFILL_SECONDS = 300.0
SIMILAR = 10
SIMILAR_WINDOW = timedelta(minutes=10)
# How many distinct events (and objects) are remembered.
REMEMBERED = 256
# How many wait to be written before new ones are dropped.
BACKLOG = 1000


@dataclass(slots=True)
class _Tokens:
    left: float
    at: datetime


@dataclass(slots=True)
class _Similar:
    since: datetime
    messages: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Known:
    name: str
    namespace: str
    count: int = 1


class Correlator:
    """Decides what an observation becomes: a new Event, a higher count of a known one, or nothing (pure)."""

    def __init__(self, component: str, host: str = "") -> None:
        self._component = component
        self._host = host
        self._known: OrderedDict[tuple[str, ...], _Known] = OrderedDict()
        self._tokens: OrderedDict[tuple[str, ...], _Tokens] = OrderedDict()
        self._similar: OrderedDict[tuple[str, ...], _Similar] = OrderedDict()

    def observe(
        self, regarding: Object, type_: str, reason: str, message: str, field_path: str | None, now: datetime
    ) -> tuple[str, Object] | None:
        """("POST", Event) or ("PATCH", change) with name and namespace in its metadata; None: too much already."""
        reference = meta.object_reference(regarding, field_path)
        about = tuple(reference.get(name, "") for name in ("kind", "namespace", "name", "uid", "fieldPath"))
        if not self._take_token(about[:4], now):
            return None
        group = (*about, type_, reason)
        is_combined = self._has_many(group, message, now)
        message = f"(combined from similar events): {message}" if is_combined else message
        key = group if is_combined else (*group, message)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            known.count += 1
            change = {"message": message, "count": known.count, "lastTimestamp": meta.format_time(now)}
            return "PATCH", {"metadata": {"name": known.name, "namespace": known.namespace}, **change}
        event = self._make(reference, type_, reason, message, now)
        name, namespace = event["metadata"]["name"], event["metadata"]["namespace"]
        self._known[key] = _Known(name, namespace)
        _shorten(self._known)
        return "POST", event

    def forget(self, name: str) -> None:
        """An Event is gone from the API server (they expire): the next observation makes a new one."""
        for key, known in self._known.items():
            if known.name == name:
                del self._known[key]
                return

    def _take_token(self, about: tuple[str, ...], now: datetime) -> bool:
        tokens = self._tokens.setdefault(about, _Tokens(BURST, now))
        self._tokens.move_to_end(about)
        _shorten(self._tokens)
        tokens.left = min(BURST, tokens.left + (now - tokens.at).total_seconds() / REFILL_SECONDS)
        tokens.at = now
        if tokens.left < 1:
            return False
        tokens.left -= 1
        return True

    def _has_many(self, group: tuple[str, ...], message: str, now: datetime) -> bool:
        similar = self._similar.get(group)
        if similar is None or now - similar.since > SIMILAR_WINDOW:
            similar = self._similar[group] = _Similar(now)
            _shorten(self._similar)
        similar.messages.add(message)
        return len(similar.messages) > SIMILAR

    def _make(self, reference: Object, type_: str, reason: str, message: str, now: datetime) -> Object:
        stamp = meta.format_time(now)
        name = f"{reference['name']}.{int(now.timestamp() * 1_000_000) * 1000:x}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            # Events about cluster-scoped objects live in "default".
            "metadata": {"name": name, "namespace": reference.get("namespace") or "default"},
            "involvedObject": reference,
            "reason": reason,
            "message": message[:1024],
            "source": {"component": self._component, **({"host": self._host} if self._host else {})},
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
            "type": type_,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }


class Recorder:
    """Writes Events in the background; when the API server is slow or away, it drops them rather than wait."""

    def __init__(
        self, api: Api, component: str, log: logging.Logger, clock: Callable[[], datetime], host: str = ""
    ) -> None:
        self._api = api
        self._correlator = Correlator(component, host)
        self._log = log
        self._clock = clock
        self._backlog: asyncio.Queue[tuple[str, Object]] = asyncio.Queue(BACKLOG)
        self._task: asyncio.Task[None] | None = None

    def record(
        self, regarding: Object, type_: EventType, reason: str, message: str, field_path: str | None = None
    ) -> None:
        self._log.info("%s %s %s: %s", meta.key_of(regarding), type_, reason, message)
        decided = self._correlator.observe(regarding, type_, reason, message, field_path, self._clock())
        if decided is None or self._backlog.full():
            return
        self._backlog.put_nowait(decided)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send_all(), name="events")

    async def stop(self, grace: float = 0.5) -> None:
        """Give what waits `grace` seconds to be written."""
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=grace)
            self._task.cancel()

    async def _send_all(self) -> None:
        while not self._backlog.empty():
            method, event = self._backlog.get_nowait()
            try:
                await self._send(method, event)
            except ApiError as error:
                # Namespaces that are being deleted refuse them, for one.
                self._log.debug("event %s not written: %s", event["metadata"]["name"], error)

    async def _send(self, method: str, event: Object) -> None:
        key = Key(event["metadata"]["namespace"], event["metadata"]["name"])
        if method == "POST":
            await self._api.send("POST", paths.of_collection(EVENTS, key.namespace), body=event)
            return
        change = {name: value for name, value in event.items() if name != "metadata"}
        try:
            path = paths.of_object(EVENTS, key)
            await self._api.send("PATCH", path, body=change, content_type="application/merge-patch+json")
        except ApiError as error:
            if not error.is_not_found:
                raise
            self._correlator.forget(key.name)


def _shorten(entries: OrderedDict[tuple[str, ...], _T]) -> None:
    while len(entries) > REMEMBERED:
        entries.popitem(last=False)
