"""What probes cost the operator: CPU time of one probe, everything included, beside bare blocking sockets.

    ukube bench probes [--short] [--json FILE]

The servers that are probed are a process of their own. "core" is the share of one core that PROBES per second take.
"""

import argparse
import asyncio
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from operators.pod.probes import rules
from operators.pod.probes.attempt import OnOutcome, Wires
from operators.pod.probes.command import Command
from operators.pod.probes.prober import Prober
from operators.pod.probes.rules import Outcome, Probe, Run
from tests.bench import measure

RATE = 500  # probes a second
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
# SETTINGS; HEADERS with :status 200 and content-type; DATA with SERVING; HEADERS with grpc-status 0 and END_STREAM.
_TYPE = b"\x0f\x10\x10application/grpc"
_GRPC = (
    b"\0\0\0\x04\0\0\0\0\0"
    + (len(_TYPE) + 1).to_bytes(3, "big") + b"\x01\x04\0\0\0\x01\x88" + _TYPE
    + b"\0\0\x07\0\0\0\0\0\x01\0\0\0\0\x02\x08\x01"
    + b"\0\0\x0f\x01\x05\0\0\0\x01\0\x0bgrpc-status\x010"
)  # fmt: skip


class _Server(asyncio.Protocol):
    """Answers as soon as it has heard something; a TCP probe says nothing."""

    def __init__(self, answer: bytes, *, closes: bool) -> None:
        self._answer, self._closes = answer, closes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        answer, self._answer = self._answer, b""
        self._transport.write(answer)
        if self._closes:
            self._transport.close()


async def serve() -> None:
    """Prints the ports of the HTTP and the gRPC server, and serves for ever."""
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(lambda: _Server(_ANSWER, closes=True), "127.0.0.1", 0, backlog=4096),
        await loop.create_server(lambda: _Server(_GRPC, closes=False), "127.0.0.1", 0, backlog=4096),
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.Event().wait()


@contextmanager
def servers() -> Iterator[tuple[int, int]]:
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.probes", "serve"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        http, grpc = (int(port) for port in process.stdout.readline().split())
        yield http, grpc
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def declared(number: int, handler: str, action: dict[str, object]) -> list[Probe]:
    definition = {handler: action, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1}
    container = {"name": "c", "readinessProbe": definition}
    pod = {
        "metadata": {"uid": f"u{number}", "namespace": "n", "name": f"p{number}"},
        "spec": {"containers": [container]},
    }
    return rules.declared(pod, {"c": Run("1", datetime.fromtimestamp(0, UTC))}, "127.0.0.1")


async def probed(handler: str, action: dict[str, object], seconds: float, rate: int = RATE) -> float:
    """CPU seconds of one probe, with `rate` of them in each second."""
    failures: list[Outcome] = []

    def note(_: Probe, outcome: Outcome, __: bool) -> None:
        if not outcome.passed:
            failures.append(outcome)

    def execute(wires: Wires, probe: Probe, on_outcome: OnOutcome) -> Command:
        return Command(wires, probe, on_outcome, "container")

    prober = Prober(execute, note)
    for number in range(rate):
        prober.sync(f"u{number}", declared(number, handler, action))
    await asyncio.sleep(1.5)  # they spread over the first second

    def done() -> int:
        return sum(counts.results[0] for counts in prober.counts.values())

    before, began = done(), cpu()
    await asyncio.sleep(seconds)
    spent, made = cpu() - began, done() - before
    await prober.close()
    if failures or not made:
        raise SystemExit(f"{len(failures)} probes failed, {made} passed: {failures[:1]}")
    return spent / made


def bare(port: int, text: bytes, count: int) -> float:
    """CPU seconds of one exchange over a blocking socket: the kernel's share, and little else."""
    began = cpu()
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            if text:
                connection.sendall(text)
                connection.recv(16384)
    return (cpu() - began) / count


def rows(seconds: float, count: int) -> list[measure.Row]:
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: kube-probe/1.36\r\nConnection: close\r\n\r\n"
    found = []
    with servers() as (http, grpc):
        cases: list[tuple[str, str, dict[str, object], Callable[[], float]]] = [
            ("httpGet", "HTTP", {"port": http, "path": "/healthz"}, lambda: bare(http, request, count)),
            ("tcpSocket", "TCP", {"port": http}, lambda: bare(http, b"", count)),
            ("grpc", "gRPC", {"port": grpc}, lambda: bare(grpc, request, count)),
        ]
        for handler, name, action, floor in cases:
            ours, least = asyncio.run(probed(handler, action, seconds)), floor()
            found.append(measure.Row("probes", f"{name} probe, CPU", "µs", ours * 1e6, least * 1e6, "blocking socket"))
            found.append(measure.Row("probes", f"{name}, {RATE} probes/s", "% of a core", ours * RATE * 100))
    own = asyncio.run(commands(seconds))
    found.append(measure.Row("probes", "exec probe, CPU of the operator", "µs", own * 1e6))
    found.append(measure.Row("probes", f"exec, {RATE} probes/s, the operator", "% of a core", own * RATE * 100))
    return found


async def commands(seconds: float) -> float:
    """CPU seconds of this process for one exec probe; crun itself, which takes several ms, is left out."""
    with tempfile.TemporaryDirectory(prefix="ukube-bench-") as folder:
        crun = Path(folder) / "crun"
        crun.write_text("#!/bin/sh\n")
        crun.chmod(0o755)
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{folder}:{before}"
        try:
            return await probed("exec", {"command": ["true"]}, seconds, rate=RATE // 5)
        finally:
            os.environ["PATH"] = before


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ukube bench probes", description=__doc__)
    parser.add_argument("--short", action="store_true", help="shows that it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(argv)
    found = rows(1.0, 300) if options.short else rows(8.0, 3000)
    print(measure.table(found))
    if options.json:
        options.json.write_text(measure.as_json(found))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main()
