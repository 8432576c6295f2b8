"""Watches: a position in the history of a table, streamed as one JSON document a line."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Any, ClassVar

import orjson
from aiohttp import web

from apiserver_stub.http import options, respond
from apiserver_stub.http.context import Context
from apiserver_stub.http.match import Matcher, whole_table
from apiserver_stub.http.negotiate import YAML
from apiserver_stub.meta import selectors, status
from apiserver_stub.registry.generic import Registry
from apiserver_stub.storage.log import Compacted, Entry, Event

# Clients drop a watch that is silent for a minute; kube-apiserver sends bookmarks about once a minute.
BOOKMARK_SECONDS = 50.0
# Without timeoutSeconds a watch ends after a random time, so that clients don't come back all at once.
LIFE_SECONDS = (1800.0, 3600.0)
CHUNK = 256 * 1024

_END_OF_INITIAL = "k8s.io/initial-events-end"


async def serve(context: Context, registry: Registry) -> web.StreamResponse:
    asked = options.list_options(context.query, watch=True)
    namespace = context.target.namespace if registry.resource.namespaced else ""
    fields = asked.fields
    if name := context.target.name:  # by the old /watch/ prefix
        fields = (*fields, selectors.Requirement("metadata.name", "in", frozenset({name})))
    matcher = Matcher(registry, namespace, asked.labels, fields)
    watch = Watch(context, registry, matcher, asked)
    if context.wanted.media == YAML:
        raise status.not_acceptable(["application/json;stream=watch"])
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    respond.add_warnings(response, context.warnings)
    await response.prepare(context.request)
    # A client that goes away ends the watch; there is nobody left to tell.
    with contextlib.suppress(ConnectionError):
        await watch.run(response)
        await response.write_eof()
    return response


def bookmark_after(now: float) -> float:
    """When a watch that is silent from now on gets a bookmark: many at once, so that an idle machine is woken less."""
    step = BOOKMARK_SECONDS / 5
    return (now + BOOKMARK_SECONDS) // step * step


class Watch:
    """One watch. Everything that it sends is derived from the log; it keeps no queue."""

    _last: ClassVar[tuple[Entry, Registry, str, bytes] | None] = None

    def __init__(self, context: Context, registry: Registry, matcher: Matcher, asked: options.ListOptions) -> None:
        self._context = context
        self._registry = registry
        self._log = registry.log
        self._matcher = matcher
        self._asked = asked
        self._position = asked.revision or 0
        self._ends_at: int | None = None
        # The path of one Namespace has its name in both places.
        self._namespace = context.target.namespace if registry.resource.namespaced else ""
        self._first = True

    async def run(self, response: web.StreamResponse) -> None:
        loop = asyncio.get_running_loop()
        life = self._asked.timeout or random.uniform(*LIFE_SECONDS)  # noqa: S311
        end = loop.time() + life
        try:
            await self._follow(response, end)
        except status.StatusError as error:
            # The answer has begun: what went wrong (a conversion) can only be told as an event.
            await response.write(_line("ERROR", orjson.dumps(error.body)))

    async def _follow(self, response: web.StreamResponse, end: float) -> None:
        """end: seconds of the loop's clock. Raises StatusError."""
        loop = asyncio.get_running_loop()
        if self._registry.converts_remotely:
            await whole_table(self._registry, self._context.target.namespace)
        await self._send(response, self._initial())
        self._context.begun()
        bookmark = bookmark_after(loop.time())
        while (now := loop.time()) < end and not self._log.ending and not self._registry.closed:
            # Of now: while another program converts what has happened, more happens.
            seen = self._log.revision
            try:
                events = self._log.after(self._registry.table, self._position)
            except Compacted:
                await response.write(self._expired())
                return
            if self._registry.converts_remotely:
                events = await self._ready(events)
            sent = await self._send(response, self._frames(events))
            if sent:
                bookmark = bookmark_after(loop.time())
                continue
            self._position = max(self._position, seen)
            await self._send(response, self._end_of_initial())
            if now >= bookmark:
                bookmark = bookmark_after(now)
                if self._asked.bookmarks:
                    await response.write(self._bookmark({}))
            await self._log.changed(self._registry.table, self._position, min(end, bookmark) - now)

    async def _ready(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events, once what they speak of can be read."""
        found = list(events)
        named = [entry for event in found for entry in (event.entry, event.previous) if entry is not None]
        await self._registry.ready(named)
        return iter(found)

    async def _send(self, response: web.StreamResponse, frames: Iterator[bytes]) -> bool:
        """Writes frames in chunks; whether there were any."""
        chunk: list[bytes] = []
        size, any_sent = 0, False
        for frame in frames:
            chunk.append(frame)
            size += len(frame)
            if size > CHUNK:
                await response.write(b"".join(chunk))
                chunk, size, any_sent = [], 0, True
        if chunk:
            await response.write(b"".join(chunk))
        return any_sent or bool(chunk)

    def _initial(self) -> Iterator[bytes]:
        """The present state as ADDED events, where the client asked for it."""
        asked = self._asked
        wants_state = asked.initial_events if asked.initial_events is not None else not asked.revision
        if not wants_state:
            if asked.revision is None:
                self._position = self._log.revision
            return
        self._position = self._log.revision
        entries = self._log.list(self._registry.table, self._namespace)
        for entry in entries:
            if self._matcher.matches(entry):
                yield self._frame("ADDED", entry)
        if asked.initial_events and asked.bookmarks:
            self._ends_at = asked.revision or 0
            yield from self._end_of_initial()

    def _end_of_initial(self) -> Iterator[bytes]:
        """The bookmark behind the initial events, once the version that was asked for is reached."""
        if self._ends_at is not None and self._position >= self._ends_at:
            self._ends_at = None
            yield self._bookmark({"annotations": {_END_OF_INITIAL: "true"}})

    def _frames(self, events: Iterator[Event]) -> Iterator[bytes]:
        for event in events:
            self._position = event.revision
            if (frame := self._event(event)) is not None:
                yield frame

    def _event(self, event: Event) -> bytes | None:
        """How the change looks through the selectors: objects enter and leave the selection."""
        matches = self._matcher.matches
        before = event.previous is not None and matches(event.previous)
        after = not event.deleted and matches(event.entry)
        if after:
            return self._frame("MODIFIED" if before else "ADDED", event.entry)
        if not before:
            return None
        if event.deleted:
            return self._frame("DELETED", event.entry)
        assert event.previous
        return self._frame("DELETED", self._registry.moved(event.previous, event.revision))

    def _frame(self, kind: str, entry: Entry) -> bytes:
        if not self._context.wanted.kind:
            return self._shared_frame(kind, entry)
        return _line(kind, orjson.dumps(self._transformed(self._registry.object(entry))))

    def _shared_frame(self, kind: str, entry: Entry) -> bytes:
        """All watches of a change are woken one after the other: the line that one of them made does for all."""
        last = Watch._last
        if last is None or last[0] is not entry or last[1] is not self._registry or last[2] != kind:
            made = _line(kind, self._registry.whole(entry))
            last = Watch._last = (entry, self._registry, kind, made)
        return last[3]

    def _transformed(self, obj: dict[str, Any]) -> dict[str, Any]:
        if self._context.wanted.kind != "Table":
            return respond.as_metadata(self._context, obj)
        meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        headers, self._first = self._first, False
        return respond.as_table(self._context, self._registry, [obj], meta, headers=headers)

    def _bookmark(self, extra: dict[str, object]) -> bytes:
        resource = self._registry.resource
        content: dict[str, Any] = {
            "kind": resource.kind,
            "apiVersion": resource.api_version,
            "metadata": {"resourceVersion": str(self._position)} | extra,
        }
        if self._context.wanted.kind:
            content = self._transformed(content)
        return _line("BOOKMARK", orjson.dumps(content))

    def _expired(self) -> bytes:
        error = status.expired(f"too old resource version: {self._position} ({self._log.revision})")
        return _line("ERROR", orjson.dumps(error.body))


def _line(kind: str, content: bytes) -> bytes:
    """An event as it is sent."""
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), content)
