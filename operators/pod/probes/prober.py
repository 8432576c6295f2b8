"""Runs the probes of this node's containers and keeps their verdicts."""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

import aiohttp
import yarl

from operators.pod.part import Part
from operators.pod.probes import rules
from operators.pod.probes.rules import Probe, Progress

_log = logging.getLogger("ukube.pod.prober")
_MAX_OUTPUT = 10 * 1024

RunExec = Callable[[str, str, Sequence[str], float], Awaitable[tuple[int, str]]]
"""(pod uid, container, argv, timeout in seconds) → (exit code, output). Raises TimeoutError."""

OnOutcome = Callable[[Probe, bool, str, bool], None]
"""(probe, passed, output, whether the verdict changed); called on the event loop, must not block or raise."""


class Prober(Part):
    """One task a probe; nothing wakes up while no container is probed."""

    def __init__(self, run_exec: RunExec, on_outcome: OnOutcome) -> None:
        self._run_exec = run_exec
        self._on_outcome = on_outcome
        self._tasks: dict[tuple[str, str, rules.Kind], tuple[Probe, asyncio.Task[None]]] = {}
        self._progress: dict[tuple[str, str, rules.Kind], Progress] = {}
        self._started: dict[tuple[str, str], asyncio.Event] = {}
        self._http: aiohttp.ClientSession | None = None

    def sync(self, pod_uid: str, wanted: Iterable[Probe]) -> None:
        """Makes the Pod's running probes be `wanted`: new ones start, vanished ones and those of an older run end."""
        by_key = {probe.key: probe for probe in wanted}
        for key in [key for key in self._tasks if key[0] == pod_uid]:
            known = self._tasks[key][0]
            if key not in by_key or by_key[key].run.id != known.run.id or by_key[key].host != known.host:
                self._end(key)
        for probe in by_key.values():
            gate = self._started.setdefault(probe.key[:2], asyncio.Event())
            if probe.key not in self._tasks:
                self._progress[probe.key] = rules.initial(probe)
                self._tasks[probe.key] = (probe, asyncio.create_task(self._watch(probe, gate)))
        for (uid, container), gate in self._started.items():
            if uid == pod_uid and (uid, container, "startup") not in self._tasks:
                gate.set()

    def forget(self, uid: str) -> None:
        self.stop(uid)

    def stop(self, pod_uid: str) -> None:
        """Ends every probe of the Pod and forgets its verdicts."""
        for key in [key for key in self._tasks if key[0] == pod_uid]:
            self._end(key)
        self._started = {key: gate for key, gate in self._started.items() if key[0] != pod_uid}

    def verdict(self, pod_uid: str, container: str, kind: rules.Kind) -> bool | None:
        """What the probe says of the container now; None when it has no such probe or nothing is decided."""
        progress = self._progress.get((pod_uid, container, kind))
        return progress.verdict if progress else None

    async def close(self) -> None:
        for key in list(self._tasks):
            self._end(key)
        if self._http is not None:
            await self._http.close()

    def _end(self, key: tuple[str, str, rules.Kind]) -> None:
        self._tasks.pop(key)[1].cancel()
        self._progress.pop(key, None)
        if key[2] == "startup" and key[:2] in self._started:
            self._started[key[:2]] = asyncio.Event()

    async def _watch(self, probe: Probe, started: asyncio.Event) -> None:
        if probe.kind != "startup":
            await started.wait()
        age = (datetime.now(UTC) - probe.run.started).total_seconds()
        await asyncio.sleep(max(0.0, probe.initial_delay - age))
        if age > probe.period:
            # After a restart of this operator all probes would fire at the same moment.
            await asyncio.sleep(random.uniform(0, probe.period))  # noqa: S311 - not a secret
        while True:
            passed, output = await self._try(probe)
            before = self._progress[probe.key]
            after = rules.advance(probe, before, passed)
            self._progress[probe.key] = after
            if probe.kind == "startup" and after.verdict:
                started.set()
            self._on_outcome(probe, passed, output, after.verdict != before.verdict)
            if rules.is_settled(probe, after):
                return
            await asyncio.sleep(probe.period)

    async def _try(self, probe: Probe) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(probe.timeout + 0.5):  # the handlers enforce the exact one
                if probe.handler == "exec":
                    return await self._exec(probe)
                if probe.handler == "httpGet":
                    return await self._http_get(probe)
                if probe.handler == "tcpSocket":
                    return await _tcp(probe)
                return False, f"{probe.handler or 'empty'} probes are not supported on this node"
        except TimeoutError:
            return False, f"probe timed out after {probe.timeout:g}s"
        except Exception as error:  # a probe that cannot be made has failed; the next one may do better
            _log.debug("probe %s of %s: %r", probe.kind, probe.container, error)
            return False, str(error) or type(error).__name__

    async def _exec(self, probe: Probe) -> tuple[bool, str]:
        argv = list(probe.action.get("command") or ())
        try:
            code, output = await self._run_exec(probe.pod_uid, probe.container, argv, probe.timeout)
        except TimeoutError:
            return False, f"command timed out: {' '.join(argv)!r} timed out after {probe.timeout:g}s"
        return code == 0, output[:_MAX_OUTPUT]

    async def _http_get(self, probe: Probe) -> tuple[bool, str]:
        url = rules.http_url(probe)
        try:
            async with self._client().get(
                yarl.URL(url, encoded=True),
                headers=rules.http_headers(probe),
                timeout=aiohttp.ClientTimeout(total=probe.timeout),
                allow_redirects=False,
            ) as response:
                await response.content.read(_MAX_OUTPUT)
                passed = 200 <= response.status < 400
                return passed, f"HTTP probe {'succeeded' if passed else 'failed'} with statuscode: {response.status}"
        except TimeoutError:
            reason = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        except aiohttp.ClientConnectorError as error:
            reason = f"dial tcp {probe.host}:{probe.port}: connect: {_refusal(error.os_error)}"
        except aiohttp.ClientError as error:
            reason = str(error) or type(error).__name__
        return False, f'Get "{url}": {reason}'

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            # As kubelet: certificates are not checked, connections not kept, no proxy, no cookies.
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, force_close=True, limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._http


async def _tcp(probe: Probe) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(probe.timeout):
            _, writer = await asyncio.open_connection(probe.host, probe.port)
    except TimeoutError:
        return False, f"dial tcp {probe.host}:{probe.port}: i/o timeout"
    except OSError as error:
        return False, f"dial tcp {probe.host}:{probe.port}: connect: {_refusal(error)}"
    writer.close()
    return True, ""


def _refusal(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return (error.strerror or str(error)).lower()
