"""What aggregated servers say of themselves: fetched when somebody asks, and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from apiserver_stub import discovery as own_discovery
from apiserver_stub.aggregation import discovery, openapi
from apiserver_stub.aggregation.backend import Backend, Unresolved
from apiserver_stub.aggregation.remote import AGGREGATOR
from apiserver_stub.auth.authenticate import User
from apiserver_stub.outbound.connections import Unreachable
from apiserver_stub.schema import openapi as schema
from apiserver_stub.schema.kinds import Kinds

JSON = dict[str, Any]
Key = tuple[str, str]
Fetch = Callable[[Backend], Awaitable[Any]]

# What a server said is good for so long, in seconds, as kube-aggregator asks each minute.
FRESH_SECONDS: Final = 60.0
# After a failure it is asked again no sooner than this.
RETRY_SECONDS: Final = 5.0
# Who asks for OpenAPI documents; upstream gives it no rights of its own.
_OPENAPI_USER: Final = User("system:aggregator")

_FAULTS: Final = (Unreachable, Unresolved, ValueError, KeyError, TypeError, AttributeError, LookupError)


@dataclass(slots=True)
class _Kept:
    """value: None until the first success. due: when to ask again, in the loop's time."""

    value: Any = None
    ok: bool = False
    due: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Documents:
    """backends: by group and version, as they are now."""

    def __init__(self, backends: Mapping[Key, Backend]) -> None:
        self._backends = backends
        # By what is asked for; with the server goes what it said.
        self._kept: dict[str, dict[Backend, _Kept]] = {"discovery": {}, "v2": {}, "v3": {}}

    def groups(self, kinds: Kinds) -> discovery.Merged:
        return discovery.Merged(kinds.groups(), [backend.remote for backend in self._backends.values()])

    async def aggregated(self, kinds: Kinds, path: str) -> JSON:
        """/api or /apis as one APIGroupDiscoveryList."""
        kept = await self._all("discovery", _discovery)
        others = {}
        for backend, one in kept.items():
            remote = backend.remote
            entry = one.value or discovery.unknown(remote.version)
            others[remote.group, remote.version] = entry if one.ok else discovery.stale(entry)
        merged = discovery.Merged(kinds.groups(), [backend.remote for backend in kept]).groups()
        groups = [group for group in merged if bool(group.name) == (path == "/apis")]
        return discovery.merge(own_discovery.aggregated(kinds, path), groups, others)

    async def extensions(self) -> list[openapi.Extension]:
        """Of all servers that have OpenAPI v2; what they last said if they don't answer."""
        return [one.value for one in (await self._all("v2", _v2)).values() if one.value]

    async def v3(self) -> list[openapi.V3]:
        return [one.value for one in (await self._all("v3", _v3)).values() if one.value]

    async def _all(self, what: str, fetch: Fetch) -> dict[Backend, _Kept]:
        kept = self._kept[what]
        backends = list(self._backends.values())
        for gone in kept.keys() - set(backends):
            del kept[gone]
        found = {backend: kept.setdefault(backend, _Kept()) for backend in backends}
        await asyncio.gather(*(_refresh(backend, one, fetch) for backend, one in found.items()))
        return found


async def _refresh(backend: Backend, kept: _Kept, fetch: Fetch) -> None:
    """Asks anew where it is time to; whoever comes meanwhile waits for the same answer."""
    loop = asyncio.get_running_loop()
    async with kept.lock:
        if not backend.available:
            # Once it is, it is asked at once.
            kept.ok, kept.due = False, 0.0
            return
        if loop.time() < kept.due:
            return
        if not backend.used:
            backend.note(used=True)
        try:
            kept.value = await fetch(backend)
            kept.ok, kept.due = True, loop.time() + FRESH_SECONDS
        except _FAULTS:
            kept.ok, kept.due = False, loop.time() + RETRY_SECONDS


async def _discovery(backend: Backend) -> JSON:
    remote = backend.remote
    answer = await backend.fetch("/apis" if remote.group else "/api", discovery.ACCEPT, AGGREGATOR)
    if answer.status == 200 and "APIGroupDiscoveryList" in answer.headers.get("Content-Type", ""):
        return discovery.of_list(orjson.loads(answer.body), remote.group, remote.version)
    answer = await backend.fetch(remote.path, "application/json", AGGREGATOR)
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    return discovery.of_resources(orjson.loads(answer.body), remote.group, remote.version)


async def _v2(backend: Backend) -> openapi.Extension | None:
    answer = await backend.fetch("/openapi/v2", "application/json", _OPENAPI_USER)
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    return await asyncio.to_thread(_read_v2, answer.body, backend.remote.path)


def _read_v2(body: bytes, path: str) -> openapi.Extension:
    return openapi.renamed(openapi.extension(orjson.loads(body), path), schema.full_definitions())


async def _v3(backend: Backend) -> openapi.V3 | None:
    answer = await backend.fetch("/openapi/v3", "application/json", _OPENAPI_USER)
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    return openapi.v3(orjson.loads(answer.body), backend.remote.path)
