"""Servers to be probed, and somebody who listens to what probes find."""

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from operators.pod.probes import rules
from operators.pod.probes.attempt import Attempt
from operators.pod.probes.prober import Prober
from operators.pod.probes.rules import Outcome, Run


class Asked:
    """A prober, and what it finds; `next` waits for the next attempt of any kind."""

    def __init__(self):
        self.events = []
        self.commands = []
        self.codes = iter(())
        self.prober = Prober(self.make, self.note)

    def note(self, probe, outcome, changed):
        self.events.append((probe.kind, outcome, changed))

    def make(self, wires, probe, on_outcome):
        asked = self

        class Exec(Attempt):
            def _begin(self):
                asked.commands.append(probe.action["command"])
                asyncio.get_running_loop().call_soon(self._tell, next(asked.codes, Outcome("success")))

        return Exec(wires, probe, on_outcome)

    def probe(self, kind="readiness", run=None, ports=(), **definition):
        container = {"name": "c", "ports": list(ports), f"{kind}Probe": definition}
        pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"containers": [container]}}
        (found,) = rules.declared(pod, {"c": run or Run("1", datetime.now(UTC))}, "127.0.0.1")
        return found

    async def once(self, **definition) -> Outcome:
        """What one attempt of a readiness probe comes to."""
        found = []
        self.prober._on_outcome = lambda probe, outcome, changed: found.append(outcome)
        probe = self.probe(failureThreshold=1, periodSeconds=100, **definition)
        self.prober.sync("u", [probe])
        async with asyncio.timeout(10):
            while not found:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        self.prober.stop("u")
        return found[0]


@pytest.fixture
async def asked():
    found = Asked()
    yield found
    await found.prober.close()


@pytest.fixture
async def serve():
    """serve(handler, ssl=None) → port; the handler gets a reader and a writer, which is closed after it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(handler, **options):
            async def handle(reader, writer):
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                    await handler(reader, writer)
                    await writer.drain()
                writer.close()

            server = await asyncio.start_server(handle, "127.0.0.1", 0, **options)
            stack.callback(server.close)
            return server.sockets[0].getsockname()[1]

        yield start


def answering(*answers):
    """A handler that reads a request's head and gives the next of `answers`, the last one for ever; `.heads`: read."""
    heads = []

    async def handle(reader, writer):
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answers[min(len(heads), len(answers)) - 1])

    handle.heads = heads
    return handle


@pytest.fixture
def answers():
    return answering
