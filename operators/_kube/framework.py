"""Everything that kopf is to us: watches. The only module that imports it.

Handlers are `on.event` only, which writes nothing to any object; settings switch off the rest that writes or posts.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import orjson

from operators._kube.controller import Controller
from operators._kube.paths import Kind
from operators._kube.runtime import Runtime
from operators._kube.session import Session


@contextmanager
def _without(*modules: str) -> Iterator[None]:
    """Make importing these fail: kopf loads Kubernetes clients whenever it can, which costs 19 MB and serves nobody."""
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without("kubernetes", "kubernetes_asyncio", "pykube"):
    import kopf
    from kopf._cogs.clients import api as kopf_api
    from kopf._cogs.configs.diffbase import DiffBaseStorage
    from kopf._core.reactor.inventory import ResourceMemories, ResourceMemory

log = logging.getLogger("ukube.kopf")

# Watched lines are most of what operators decode: the standard library takes a quarter of all their time for it.
kopf_api.json = SimpleNamespace(loads=orjson.loads)  # type: ignore[assignment, attr-defined]

# Root tasks of kopf that do not end by then are cancelled again, and then left alone.
STOP_SECONDS = 1.5


class _Endless:
    """Delays between attempts of kopf's own requests, without end. kopf iterates over it for each request."""

    def __iter__(self) -> Iterator[float]:
        yield from (0.1, 0.2, 0.5)
        while True:
            yield 1.0


class _NoDiffBase(DiffBaseStorage):
    """kopf would copy every object on every event to find out what changed; nobody asks."""

    def build(self, **_: Any) -> Any:
        return None

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        raise AssertionError("on.event handlers store nothing")


class _NoMemories(ResourceMemories):
    """kopf would keep a record of every object for as long as it lives."""

    async def recall(self, *args: Any, **kwargs: Any) -> ResourceMemory:
        return await super().recall(*args, **{**kwargs, "ephemeral": True})


def configure(settings: kopf.OperatorSettings, controllers: Collection[Controller]) -> None:
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.persistence.consistency_timeout = 0
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.queueing.idle_timeout = 1
    settings.queueing.exit_timeout = 0.5
    settings.queueing.worker_limit = None
    settings.networking.error_backoffs = _Endless()
    settings.networking.connect_timeout = 5
    settings.process.ultimate_exiting_timeout = None
    for controller in controllers:
        for kind, watches in controller.kinds().items():
            _narrow(settings, kind, [_text(watch.field_selector) for watch in watches], "field_selectors")
            _narrow(settings, kind, [_text(watch.label_selector) for watch in watches], "label_selectors")


def register(registry: kopf.OperatorRegistry, session: Session, runtimes: Sequence[Runtime]) -> None:
    """Attach our handlers. `runtimes` may grow until kopf starts; all of them share `session`."""

    @kopf.on.startup(registry=registry, id="ukube-start", errors=kopf.ErrorsMode.PERMANENT)
    async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
        # A hook that fails at once would end kopf's other tasks before they began, which Python complains about.
        await asyncio.sleep(0)
        configure(settings, [runtime.controller for runtime in runtimes])
        for runtime in runtimes:
            await runtime.start()

    @kopf.on.login(registry=registry, id="ukube-login")
    async def login(**_: Any) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=session.server, aiohttp_session=await session.login())

    @kopf.on.cleanup(registry=registry, id="ukube-stop")
    async def stop(**_: Any) -> None:
        await _stop(session, runtimes)


async def _stop(session: Session, runtimes: Sequence[Runtime]) -> None:
    await asyncio.gather(*(runtime.stop() for runtime in runtimes))
    await session.close()


def watch(registry: kopf.OperatorRegistry, runtime: Runtime) -> None:
    """Have kopf watch the operator's kinds."""
    for kind in runtime.controller.kinds():
        group, _, version = kind.api_version.rpartition("/")
        kopf.on.event(
            group=group, version=version, plural=kind.resource, registry=registry, id=f"{runtime.name}/{kind}"
        )(_handler(runtime, kind))


async def run(runtime: Runtime, started: Callable[[], None]) -> None:
    """Run one operator until it fails (raises) or is cancelled; then everything of it has ended.

    kopf's own way to end takes all tasks of the event loop along, so here its root tasks are started by it and ended
    by us. `started` is called when kopf has taken over the process' signal handlers.
    """
    registry = kopf.OperatorRegistry()
    register(registry, runtime.session, [runtime])
    watch(registry, runtime)
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=kopf.OperatorSettings(),
        memories=_NoMemories(),
        identity=f"ukube-{runtime.name}",  # type: ignore[arg-type]
        clusterwide=True,
        standalone=True,
    )
    started()
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks)
        # kopf runs no cleanup when the startup failed.
        await _stop(runtime.session, [runtime])
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    raise RuntimeError("kopf ended by itself")


async def _end(tasks: Collection[asyncio.Task[Any]]) -> None:
    for _ in range(2):
        pending = {task for task in tasks if not task.done()}
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending, timeout=STOP_SECONDS)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # seen; asyncio need not complain about it


def _handler(runtime: Runtime, kind: Kind) -> Callable[..., Awaitable[None]]:
    async def seen(event: Any, **_: Any) -> None:
        runtime.seen(kind, event["type"], event["object"])

    return seen


def _narrow(settings: kopf.OperatorSettings, kind: Kind, selectors: list[str], name: str) -> None:
    """A selector for a kind holds for all its watches, so it is used only where they agree."""
    if len(set(selectors)) != 1 or not selectors[0]:
        return
    group, _, version = kind.api_version.rpartition("/")
    getattr(settings.watching, name)[group, version, kind.resource] = selectors[0]


def _text(selector: str | Callable[[], str]) -> str:
    return selector if isinstance(selector, str) else selector()
