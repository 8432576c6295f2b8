"""Host: operators side by side in one event loop, each started again when it fails, none able to stop another."""

from __future__ import annotations

import asyncio
import functools
import logging
import signal
from collections.abc import Callable, Sequence

from operators._kube import dormant, framework, metrics, notify, web
from operators._kube.controller import Controller
from operators._kube.dormant import Dormant
from operators._kube.runtime import Runtime
from operators._kube.session import Link, Session

FIRST_RESTART = 0.1
LONGEST_RESTART = 30.0
# An operator that ran this long starts over with the shortest delay.
HEALTHY_SECONDS = 60.0
# How long kinds may stay unlisted before that is worth a line in the log.
SLOW_SECONDS = 20.0
LAG_SECONDS = 5.0
# When systemd is told that we are ready at the latest.
READY_SECONDS = 15.0

log = logging.getLogger("ukube.host")


class Member:
    """One operator of the host: restarted with back-off; counts for metrics and health."""

    def __init__(
        self,
        operator: Controller | Dormant,
        link: Link,
        started: Callable[[], None],
        synced: Callable[[], None],
        *,
        own_user: bool = False,
    ) -> None:
        self._operator = operator
        self.restarts = 0
        self.runtime: Runtime | None = None
        self.error = ""
        self._log = logging.getLogger(f"ukube.{operator.name}")
        self._link = link
        self._own_user = own_user
        self._started = started
        self._synced = synced

    @property
    def is_asleep(self) -> bool:
        """Whether it waits for the first object that it is for."""
        return isinstance(self._operator, Dormant)

    @property
    def is_synced(self) -> bool:
        return self.is_asleep or (self.runtime is not None and self.runtime.is_synced)

    def queues(self) -> dict[str, metrics.Queued]:
        return dict(self.runtime.queues()) if self.runtime is not None else {}

    async def run(self) -> None:
        """Run until cancelled."""
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            await self._link.wait_up()
            start = loop.time()
            try:
                await self._run_once()
            except Exception as error:
                # The one place where any error of an operator ends: the others go on.
                cause = error.__cause__ or error
                text = f"{type(cause).__name__}: {cause}"
                # What fails in the same way again and again is said once.
                level = logging.DEBUG if text == self.error else logging.ERROR
                self._log.log(level, "stopped, starting again: %s", text)
                self.error = text
                log.debug("%s stopped", self._operator.name, exc_info=error)
            failures = 0 if loop.time() - start > HEALTHY_SECONDS else failures + 1
            self.restarts += 1
            await asyncio.sleep(min(FIRST_RESTART * 2 ** min(failures, 20), LONGEST_RESTART))

    async def _run_once(self) -> None:
        controller = await self._awake()
        user = controller.user if self._own_user else ""
        session = Session(self._link, controller.name, user=user)
        self.runtime = runtime = Runtime(controller, self._link, session)
        runtime.on_synced = self._on_synced
        loop = asyncio.get_running_loop()
        slow = loop.call_later(SLOW_SECONDS, self._complain)
        try:
            await framework.run(runtime, self._started)
        finally:
            slow.cancel()
            self.runtime = None

    async def _awake(self) -> Controller:
        if isinstance(self._operator, Dormant):
            self._synced()
            await dormant.until_needed(self._operator, self._link, own_user=self._own_user)
            # Once awake it stays so: what has been imported is not given back.
            self._operator = await asyncio.to_thread(self._operator.load)
        return self._operator

    def _on_synced(self) -> None:
        self.error = ""
        self._synced()

    def _complain(self) -> None:
        if self.runtime is not None and self._link.is_up and (missing := self.runtime.unlisted()):
            names = ", ".join(map(str, missing))
            self._log.warning("still waiting for lists of %s", names)


class Host:
    """`metrics_address`: where /metrics, /healthz and /readyz are served ("127.0.0.1:10249"); None: nowhere.

    `own_users`: each operator acts as the user that it names, by impersonation.
    """

    def __init__(
        self,
        operators: Sequence[Controller | Dormant],
        link: Link,
        *,
        metrics_address: str | None = None,
        own_users: bool = False,
    ) -> None:
        self._link = link
        self._stop = asyncio.Event()
        self._metrics_address = metrics_address
        self._is_ready = False
        self._lag = metrics.Histogram()
        self.members = {
            operator.name: Member(operator, link, self._take_signals, self._tell_ready, own_user=own_users)
            for operator in operators
        }

    async def run(self) -> None:
        """Run all members until SIGTERM, SIGINT or `stop()`. Raises OSError when the metrics address is taken."""
        self._take_signals()
        watchdog = asyncio.create_task(self._watch_loop(), name="loop watch")
        server = None
        if self._metrics_address is not None:
            collector = metrics.Collector(self.members, self._lag)
            server = await web.serve(self._metrics_address, collector, self.health)
        tasks = [asyncio.create_task(member.run(), name=f"operator {name}") for name, member in self.members.items()]
        latest = asyncio.get_running_loop().call_later(READY_SECONDS, functools.partial(self._tell_ready, anyway=True))
        await self._stop.wait()
        latest.cancel()
        notify.send("STOPPING=1")
        for task in (*tasks, watchdog):
            task.cancel()
        await asyncio.wait((*tasks, watchdog))
        if server is not None:
            await server.cleanup()
        await self._link.close()

    def stop(self) -> None:
        self._stop.set()

    def health(self) -> dict[str, dict[str, object]]:
        """By operator: `ok` (listed everything), `restarts`, `asleep`, `queued`, and `error` of the last stop."""
        return {
            name: {
                "ok": member.is_synced,
                "restarts": member.restarts,
                **({"asleep": True} if member.is_asleep else {}),
                "queued": sum(queue.depth for queue in member.queues().values()),
                **({"error": member.error} if member.error else {}),
            }
            for name, member in self.members.items()
        }

    def _take_signals(self) -> None:
        """Each start of kopf puts its own handlers in place of ours, which end only that one operator."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)

    def _on_signal(self, number: signal.Signals) -> None:
        log.info("%s: stopping", number.name)
        self._stop.set()

    def _tell_ready(self, *, anyway: bool = False) -> None:
        """`anyway`: the host itself is up; an operator that fails must not keep systemd waiting for others."""
        synced = sum(member.is_synced for member in self.members.values())
        if not self._is_ready and (anyway or synced == len(self.members)):
            self._is_ready = True
            log.info("%d of %d operators are ready", synced, len(self.members))
            notify.send("READY=1")

    async def _watch_loop(self) -> None:
        """Measure how late the event loop is, and tell systemd that it is alive."""
        loop = asyncio.get_running_loop()
        watchdog = notify.watchdog_seconds()
        period = min(LAG_SECONDS, watchdog / 2) if watchdog else LAG_SECONDS
        while True:
            due = loop.time() + period
            await asyncio.sleep(period)
            lag = loop.time() - due
            self._lag.observe(lag)
            if lag > 1:
                log.warning("the event loop was blocked for %.1f s", lag)
            if watchdog:
                notify.send("WATCHDOG=1")
