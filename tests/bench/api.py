"""The API server: get, create, list, watch, start-up, idle; each beside its floor, measured in the same run.

python -m tests.bench.api [--short] [--json FILE] [get|create|list|watch|start|idle]…
"""

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from tests.bench import floor, measure, wire
from tests.bench.measure import Row

CHECKOUT = Path(__file__).parents[2]
OBJECT_BYTES = 2600
TURNS = 3
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
_names = itertools.count()


def config_map() -> bytes:
    """A ConfigMap of 2.6 kB with a name of its own."""
    obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"bench-{next(_names)}", "labels": {"app": "bench"}},
        "data": {"text": "x" * (OBJECT_BYTES - 330)},
    }
    return orjson.dumps(obj)


def post() -> bytes:
    return wire.request("POST", CONFIG_MAPS, config_map())


@dataclass(frozen=True, slots=True)
class Size:
    """How long each load lasts, how many objects there are, how many watch."""

    seconds: float
    objects: int
    watchers: int


FULL = Size(seconds=3.0, objects=5000, watchers=200)
SHORT = Size(seconds=0.3, objects=200, watchers=50)


class Bench:
    """A server of its own, in a folder of its own."""

    def __init__(self, folder: Path, target: wire.Target, pid: int, size: "Size") -> None:
        self.folder, self.target, self.pid = folder, target, pid
        self.seconds, self.objects, self.watchers = size.seconds, size.objects, size.watchers
        self.created = 0

    @contextmanager
    def bare(self, body: bytes) -> Iterator[tuple[wire.Target, int]]:
        """The floor's server with `body` as its answer, and its process id."""
        file = self.folder / "floor.json"
        file.write_bytes(body)
        words = [sys.executable, "-m", "tests.bench.floor", str(self.folder / "data/pki"), str(file)]
        with _process(words, self.folder) as process:
            try:
                assert process.stdout is not None
                yield self.target.at(int(process.stdout.readline())), process.pid
            finally:
                process.kill()

    async def fetch(self, path: str) -> bytes:
        connection = await wire.Connection.open(self.target)
        status, body = await connection.send(wire.request("GET", path))
        connection.close()
        if status != 200:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        return body

    async def fill(self) -> None:
        """Makes sure that so many objects exist."""
        missing = self.objects - self.created
        left = iter(range(missing))

        async def one() -> None:
            connection = await wire.Connection.open(self.target)
            for _ in left:
                status, body = await connection.send(post())
                if status != 201:
                    raise RuntimeError(f"create: {status} {body[:300]!r}")
            connection.close()

        await asyncio.gather(*(one() for _ in range(16)))
        self.created = max(self.created, self.objects)


async def _in_turns(
    bench: Bench, bare: wire.Target, clients: int, make: Callable[[], bytes], expect: int = 200
) -> tuple[list[float], list[float]]:
    """Latencies of the server and of its floor, in turns, so that the machine's moods hit both."""
    ours: list[float] = []
    base: list[float] = []
    for _ in range(TURNS):
        ours += await wire.load(bench.target, clients, bench.seconds / TURNS, make, expect)
        base += await wire.load(bare, clients, bench.seconds / TURNS, make, expect)
    return ours, base


def _rates(benchmark: str, ours: list[float], base: list[float], seconds: float, floor_is: str) -> Iterator[Row]:
    rate, base_rate = len(ours) / seconds, len(base) / seconds
    yield Row(benchmark, "rate", "/s", rate, base_rate, floor_is, more_is_better=True)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        mine, theirs = measure.percentile(ours, share), measure.percentile(base, share)
        yield Row(benchmark, name, "ms", mine * 1000, theirs * 1000, floor_is)


async def get(bench: Bench) -> list[Row]:
    """GET of one object, by 1 and by 16 connections."""
    await bench.fill()
    path = f"{CONFIG_MAPS}/{await _any_name(bench)}"
    body, asked = await bench.fetch(path), wire.request("GET", path)
    rows: list[Row] = []
    with bench.bare(body) as (bare, _):
        for clients in (1, 16):
            ours, base = await _in_turns(bench, bare, clients, lambda: asked)
            rows += _rates(f"get, {_clients(clients)}", ours, base, bench.seconds, "bare aiohttp handler")
    return rows


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"


async def _any_name(bench: Bench) -> str:
    found = orjson.loads(await bench.fetch(f"{CONFIG_MAPS}?limit=1&labelSelector=app%3Dbench"))
    name: str = found["items"][0]["metadata"]["name"]
    return name


async def create(bench: Bench) -> list[Row]:
    """Durable creates, by 1 and by 32 clients."""
    rows: list[Row] = []
    body = config_map()
    with bench.bare(body) as (bare, _):
        for clients in (1, 32):
            benchmark = f"create, {_clients(clients)}"
            ours, base = await _in_turns(bench, bare, clients, post, expect=201)
            bench.created += len(ours)
            rows += _rates(benchmark, ours, base, bench.seconds, "bare aiohttp handler")
            commits = floor.commits(bench.folder, body, bench.seconds / 2, group=clients)
            rate, base_rate = len(ours) / bench.seconds, len(commits) * clients / sum(commits)
            what = f"SQLite commits of {clients}"
            rows.append(Row(benchmark, "rate", "/s", rate, base_rate, what, more_is_better=True))
    return rows


async def listing(bench: Bench) -> list[Row]:
    """LIST of many objects of 2.6 kB, three times."""
    await bench.fill()
    body = await bench.fetch(CONFIG_MAPS)
    asked = wire.request("GET", CONFIG_MAPS)
    with bench.bare(body) as (bare, _):
        ours, base = [], []
        for _ in range(3):
            ours += await wire.load(bench.target, 1, 0.01, lambda: asked)
            base += await wire.load(bare, 1, 0.01, lambda: asked)
    count, size = body.count(b'"name":"bench-'), len(body) / 1e6
    name = f"list of {count:,} objects, {size:.0f} MB"
    mine, theirs = measure.percentile(ours, 0.5), measure.percentile(base, 0.5)
    return [Row(name, "p50", "ms", mine * 1000, theirs * 1000, "bare aiohttp handler")]


async def watch(bench: Bench) -> list[Row]:
    """Creates that many watchers see: from POST until the last has the event."""
    newest = orjson.loads(await bench.fetch(f"{CONFIG_MAPS}?limit=1"))["metadata"]["resourceVersion"]
    asked = wire.request("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion={newest}")
    ours = await _fan_out(bench, bench.target, asked)
    bench.created += len(ours)
    with bench.bare(b"{}") as (bare, _):
        base = await _fan_out(bench, bare, wire.request("GET", "/watch"))
    rows = []
    for name, share in (("p50 until the last has it", 0.5), ("p99 until the last has it", 0.99)):
        mine, theirs = measure.percentile(ours, share), measure.percentile(base, share)
        rows.append(
            Row(f"watch, {bench.watchers} watchers", name, "ms", mine * 1000, theirs * 1000, "bare aiohttp streams")
        )
    return rows


async def _fan_out(bench: Bench, target: wire.Target, asked: bytes) -> list[float]:
    watchers, seen = bench.watchers, 0
    everyone = asyncio.Event()

    def note() -> None:
        nonlocal seen
        seen += 1
        if seen % watchers == 0:
            everyone.set()

    opened = [await wire.Connection.open(target) for _ in range(watchers)]
    tasks = [asyncio.create_task(one.count(asked, b'"type":"ADDED"', note)) for one in opened]
    await asyncio.sleep(0.5)
    writer = await wire.Connection.open(target)
    latencies = []
    end = time.perf_counter() + bench.seconds
    try:
        while (began := time.perf_counter()) < end:
            everyone.clear()
            await writer.send(post())
            await asyncio.wait_for(everyone.wait(), 10)
            latencies.append(time.perf_counter() - began)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in [*opened, writer]:
            one.close()
    return latencies


async def start(bench: Bench) -> list[Row]:
    """From exec to the first answer: with nothing on disk, with its own state, with many objects."""
    rows = []
    # Compiled once, as an installed server is.
    with serving(bench.folder / "compiled"), bench.bare(b"{}"):
        pass
    began = time.perf_counter()
    with bench.bare(b"{}") as (bare, _):
        await wire.load(bare, 1, 0.001, lambda: wire.request("GET", "/"))
        base = time.perf_counter() - began
    for name, folder in (("empty folder", bench.folder / "new"), ("second start", bench.folder / "new")):
        began = time.perf_counter()
        with serving(folder) as (target, _):
            await wire.load(target, 1, 0.001, lambda: wire.request("GET", "/api/v1/namespaces"))
            taken = time.perf_counter() - began
        rows.append(Row("start to first answer", name, "ms", taken * 1000, base * 1000, "bare aiohttp server"))
    return rows


async def idle(bench: Bench) -> list[Row]:
    """Memory, CPU and writes of a server that nobody asks anything."""
    with serving(bench.folder / "idle") as (_, pid):
        await asyncio.sleep(1)
        empty = measure.pss_mb(pid)
    await bench.fill()
    with bench.bare(b"{}") as (_, bare_pid):
        await asyncio.sleep(1)
        bare = measure.pss_mb(bare_pid)
    cpu, written = measure.cpu_seconds(bench.pid), measure.written_bytes(bench.pid)
    await asyncio.sleep(bench.seconds * 2)
    share = (measure.cpu_seconds(bench.pid) - cpu) / (bench.seconds * 2) * 100
    rate = (measure.written_bytes(bench.pid) - written) / (bench.seconds * 2) / 1000
    return [
        Row("memory", "empty, PSS", "MB", empty, bare, "bare aiohttp server"),
        Row("memory", f"{bench.created:,} objects of 2.6 kB, PSS", "MB", measure.pss_mb(bench.pid), bare, "the same"),
        Row("idle", "CPU", "% of a core", share),
        Row("idle", "written", "kB/s", rate),
    ]


BENCHMARKS: dict[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "start": start,
    "get": get,
    "create": create,
    "list": listing,
    "watch": watch,
    "idle": idle,
}


def _process(words: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """A program of the checkout; its bytecode is kept in `folder`."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled-code")}
    return subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, env=env)


@contextmanager
def serving(data: Path) -> Iterator[tuple[wire.Target, int]]:
    """An API server on any free port, and its process id."""
    words = [sys.executable, "-m", "apiserver_stub", "--data-dir", str(data), "--port", "0"]
    with _process([*words, "--bind-address", "127.0.0.1"], data.parent) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise SystemExit("the API server did not start")
            yield wire.Target.of_kubeconfig(data / "admin.kubeconfig"), process.pid
        finally:
            process.terminate()


async def _run(names: Sequence[str], folder: Path, size: Size) -> list[Row]:
    rows: list[Row] = []
    with serving(folder / "data") as (target, pid):
        bench = Bench(folder, target, pid, size)
        for name in names:
            rows += await BENCHMARKS[name](bench)
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ukube bench api", description=__doc__)
    parser.add_argument("--short", action="store_true", help="shows that it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    options = parser.parse_args(argv)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    size = SHORT if options.short else FULL
    with tempfile.TemporaryDirectory(prefix="ukube-bench-") as folder:
        rows = asyncio.run(_run(options.names or list(BENCHMARKS), Path(folder), size))
    print(measure.table(rows))
    if options.json:
        options.json.write_text(measure.as_json(rows))


if __name__ == "__main__":
    main()
