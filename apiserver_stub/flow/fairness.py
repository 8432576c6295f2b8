"""Gives requests their seats: FlowSchemas and PriorityLevelConfigurations as they are in the log, applied.

See the Kubernetes page "API Priority and Fairness". One process does one thing at a time, so a seat is kept until the
event loop's next turn: in each turn a level runs as many requests as it has seats, and then it is everybody's turn.
"""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import Attributes
from apiserver_stub.flow.level import Level, Waiter, shares_of
from apiserver_stub.flow.schemas import Schema, hand
from apiserver_stub.registry import convert
from apiserver_stub.registry.flowcontrol import bootstrap
from apiserver_stub.storage.log import Entry

Object = dict[str, Any]
# As of http/metrics.py.
Family = tuple[str, str, str, Iterable[tuple[dict[str, str], float]]]

SCHEMAS = ("flowcontrol.apiserver.k8s.io", "flowschemas")
LEVELS = ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations")
# A request waits no longer for a seat, in seconds: a quarter of kube-apiserver's --request-timeout.
WAIT_SECONDS = 15.0
# A list takes a seat for so many objects.
OBJECTS_PER_SEAT = 100

# How many flows are remembered until a FlowSchema changes.
_REMEMBERED = 4096


class Source(Protocol):
    """The part of the storage log that is read."""

    def list(self, table: tuple[str, str], namespace: str = "", revision: int = 0) -> Sequence[Entry]: ...
    def counts(self) -> dict[tuple[str, str], int]: ...
    def listen(self, table: tuple[str, str], listener: Callable[[], None]) -> None: ...


class Place(Protocol):
    """What a request is about: http/route.py's Target."""

    @property
    def path(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def namespace(self) -> str: ...


class Rejected(Exception):
    """429: no seat. The text is the reason as the metric names it."""


@dataclass(eq=False, slots=True)
class Flow:
    """What a request belongs to. `headers` tell the client."""

    schema: Schema
    level: Level
    hand: tuple[int, ...]
    headers: Mapping[str, str]
    names: tuple[str, str]


class Seat:
    """What a request holds while it runs; `leave` may come more than once."""

    __slots__ = ("_fairness", "level", "width")

    def __init__(self, fairness: "Fairness", level: Level, width: int) -> None:
        self._fairness, self.level, self.width = fairness, level, width

    def leave(self) -> None:
        if self.width:
            self._fairness.leave(self.level, self.width)
            self.width = 0


class Fairness:
    """total: seats of all levels together."""

    def __init__(self, log: Source, total: int) -> None:
        self._log = log
        self._total = total
        self._levels: dict[str, Level] = {}
        self._schemas: list[Schema] = []
        self._flows: dict[tuple[object, ...], Flow] = {}
        self._is_stale = True
        self._leaving: list[tuple[Level, int]] = []
        self.dispatched: Counter[tuple[str, str]] = Counter()
        self.rejected: Counter[tuple[str, str, str]] = Counter()
        # Seconds.
        self.waited: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._free = Seat(self, Level(""), 0)
        for table in (SCHEMAS, LEVELS):
            log.listen(table, self._changed)

    def flow(self, user: User, verb: str, place: Place) -> Flow:
        """The flow of a request, worked out once."""
        if self._is_stale:
            self._read()
        what = place.resource or place.path
        key = (user.name, user.groups, verb, place.group, what, place.subresource, place.namespace)
        found = self._flows.get(key)
        if found is None:
            if len(self._flows) >= _REMEMBERED:
                self._flows.clear()
            wanted = Attributes(verb, place.path, place.group, place.resource, place.subresource, place.namespace)
            found = self._flows[key] = self._classify(user, wanted)
        return found

    def list_width(self, flow: Flow, place: Place, limit: int) -> int:
        """Seats that a list needs, by the number of objects. limit: of a page, 0 for none."""
        count = self._log.counts().get(convert.stored(place.group, place.resource), 0)
        return flow.level.width(math.ceil((min(count, limit) if limit > 0 else count) / OBJECTS_PER_SEAT))

    async def enter(self, flow: Flow, width: int) -> Seat:
        """A seat, after waiting for it where it must be. Raises Rejected."""
        level = flow.level
        if not level.is_exempt and not level.take(width):
            await self._wait(flow, width)
        self.dispatched[flow.names] += 1
        return self._free if level.is_exempt else Seat(self, level, width)

    async def _wait(self, flow: Flow, width: int) -> None:
        level, loop = flow.level, asyncio.get_running_loop()
        if not level.deck:
            raise self._rejection(flow, "concurrency-limit")
        waiter = Waiter(loop.create_future(), width, -1)
        if not level.join(flow.hand, waiter):
            raise self._rejection(flow, "queue-full")
        start = loop.time()
        timer = loop.call_later(WAIT_SECONDS, waiter.expire)
        got = False
        try:
            got = await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.result():
                self.leave(level, width)
            raise
        finally:
            timer.cancel()
            self.waited[flow.names] += loop.time() - start
            if waiter.queue >= 0:
                level.abandon(waiter)
        if not got:
            raise self._rejection(flow, "time-out")

    def leave(self, level: Level, width: int) -> None:
        """Gives seats back, as of the loop's next turn."""
        if not self._leaving:
            asyncio.get_running_loop().call_soon(self._sweep)
        self._leaving.append((level, width))

    def _sweep(self) -> None:
        leaving, self._leaving = self._leaving, []
        for level, width in leaving:
            level.leave(width)
        for level in dict.fromkeys(level for level, _ in leaving):
            level.dispatch()

    def _rejection(self, flow: Flow, reason: str) -> Rejected:
        self.rejected[*flow.names, reason] += 1
        return Rejected(reason)

    def _changed(self) -> None:
        self._is_stale = True

    def _read(self) -> None:
        """Takes over the objects; requests under way keep their seats."""
        self._is_stale = False
        self._flows.clear()
        levels = {level["metadata"]["name"]: level for level in self._objects(LEVELS, bootstrap.levels())}
        shares = sum(map(shares_of, levels.values()))
        self._levels = {name: self._levels.get(name) or Level(name) for name in levels}
        for name, level in self._levels.items():
            level.configure(levels[name], self._total, shares)
            level.dispatch()
        schemas = map(Schema.of, self._objects(SCHEMAS, bootstrap.schemas()))
        # Whose level does not exist is passed over.
        self._schemas = sorted((one for one in schemas if one.level in levels), key=lambda one: one.order)

    def _objects(self, table: tuple[str, str], builtin: Iterable[Object]) -> list[Object]:
        """What is stored; all built-in ones before there is any, and always the mandatory ones."""
        stored = {entry.key.name: entry.decode() for entry in self._log.list(table)}
        is_new = not stored
        for obj in builtin:
            name = obj["metadata"]["name"]
            if name in bootstrap.MANDATORY or is_new:
                stored.setdefault(name, obj)
        return list(stored.values())

    def _classify(self, user: User, wanted: Attributes) -> Flow:
        schema = next((one for one in self._schemas if one.matches(user, wanted)), None)
        if schema is None:
            schema = next(one for one in self._schemas if one.name == "catch-all")
        level = self._levels[schema.level]
        name = f"{schema.name}\0{schema.flow(user, wanted)}"
        headers = {"X-Kubernetes-PF-FlowSchema-UID": schema.uid, "X-Kubernetes-PF-PriorityLevel-UID": level.uid}
        drawn = hand(name, level.deck, level.hand_size) if level.deck else ()
        return Flow(schema, level, drawn, headers, (schema.name, level.name))

    def families(self) -> Iterable[Family]:
        """For /metrics."""
        levels = {one.name: one for one in self.levels}
        by_level = [({"priority_level": name}, one) for name, one in levels.items()]
        names = ("flow_schema", "priority_level", "reason")

        def samples(counts: Mapping[Any, float]) -> list[tuple[dict[str, str], float]]:
            return [(dict(zip(names, key, strict=False)), float(count)) for key, count in counts.items()]

        done, refused, waited = samples(self.dispatched), samples(self.rejected), samples(self.waited)
        yield "apiserver_flowcontrol_dispatched_requests_total", "Requests that got a seat.", "counter", done
        yield "apiserver_flowcontrol_rejected_requests_total", "Requests that got none.", "counter", refused
        yield "apiserver_flowcontrol_request_wait_seconds_total", "Time spent in queues.", "counter", waited
        seats = [(labels, float(one.seats)) for labels, one in by_level]
        yield "apiserver_flowcontrol_current_executing_seats", "Seats in use.", "gauge", seats
        queued = [(labels, float(one.waiting)) for labels, one in by_level]
        yield "apiserver_flowcontrol_current_inqueue_requests", "Requests that wait.", "gauge", queued
        limits = [(labels, float(one.limit)) for labels, one in by_level]
        yield "apiserver_flowcontrol_nominal_limit_seats", "Seats that there are.", "gauge", limits

    @property
    def levels(self) -> Iterable[Level]:
        if self._is_stale:
            self._read()
        return self._levels.values()
