"""The API server with many objects: memory, start, what a long list costs in memory, server-side apply.

python -m tests.bench.scale [--short] [--json FILE]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from tests.bench import api, measure, wire
from tests.bench.measure import Row

LISTED = 5_000
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def deployment(replicas: int) -> bytes:
    """What `kubectl apply --server-side` would send for a usual Deployment."""
    container = {
        "name": "app",
        "image": "registry.example/app:1",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": f"E{number}", "value": "v"} for number in range(10)],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    template = {
        "metadata": {"labels": {"app": "bench"}},
        "spec": {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]},
    }
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "bench", "labels": {"app": "bench"}},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "bench"}}, "template": template},
    }
    return orjson.dumps(obj)


async def apply(bench: api.Bench) -> list[Row]:
    """Server-side apply of one Deployment: again with the same content, and with another number of replicas."""
    path = f"{DEPLOYMENTS}/bench?fieldManager=bench&force=true"
    rows = []
    connection = await wire.Connection.open(bench.target)
    with bench.bare(b"{}") as (bare, _):
        base = await wire.load(bare, 1, bench.seconds / 3, lambda: wire.request("POST", "/", deployment(0)), 201)
    for name, counts in (("the same again", (1,)), ("changed, durable", (1, 2))):
        taken = []
        end = time.perf_counter() + bench.seconds
        while time.perf_counter() < end:
            for count in counts:
                asked = wire.request("PATCH", path, deployment(count), Content_Type="application/apply-patch+yaml")
                began = time.perf_counter()
                status, body = await connection.send(asked)
                taken.append(time.perf_counter() - began)
                if status not in (200, 201):
                    raise RuntimeError(f"apply: {status} {body[:300]!r}")
        for word, share in (("p50", 0.5), ("p99", 0.99)):
            mine, theirs = measure.percentile(taken, share), measure.percentile(base, share)
            rows.append(
                Row(f"server-side apply, {name}", word, "ms", mine * 1000, theirs * 1000, "bare aiohttp handler")
            )
    connection.close()
    return rows


async def memory(bench: api.Bench) -> list[Row]:
    """Resident memory with so many ConfigMaps of 2.6 kB, and what a list of them adds while it is sent."""
    with bench.bare(b"{}") as (_, bare_pid):
        await asyncio.sleep(0.5)
        bare = measure.pss_mb(bare_pid)
    await bench.fill()
    filled, before = measure.pss_mb(bench.pid), measure.peak_mb(bench.pid)
    count = min(bench.objects, LISTED)
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        body = await bench.fetch(f"{api.CONFIG_MAPS}?limit={count}")
        taken.append(time.perf_counter() - began)
    size = len(body) / 2**20
    return [
        Row("memory", f"{bench.created:,} objects of 2.6 kB, PSS", "MB", filled, bare, "bare aiohttp server"),
        Row(f"list of {count:,} objects", "best of 3", "ms", min(taken) * 1000),
        Row(
            f"list of {count:,} objects", "peak grew by", "MB", measure.peak_mb(bench.pid) - before, size, "the answer"
        ),
    ]


async def start(folder: Path, objects: int) -> Row:
    began = time.perf_counter()
    with api.serving(folder / "data") as (target, _):
        await wire.load(target, 1, 0.001, lambda: wire.request("GET", "/api/v1/namespaces"))
        taken = time.perf_counter() - began
    return Row("start to first answer", f"{objects:,} objects", "ms", taken * 1000)


async def run(folder: Path, size: api.Size) -> list[Row]:
    with api.serving(folder / "data") as (target, pid):
        bench = api.Bench(folder, target, pid, size)
        rows = await memory(bench) + await apply(bench)
        created = bench.created
    return [*rows, await start(folder, created)]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ukube bench scale", description=__doc__)
    parser.add_argument("--short", action="store_true", help="shows that it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(argv)
    size = api.Size(seconds=0.3, objects=300, watchers=0) if options.short else api.Size(3.0, 12_000, 0)
    with tempfile.TemporaryDirectory(prefix="ukube-bench-") as folder:
        rows = asyncio.run(run(Path(folder), size))
    print(measure.table(rows))
    if options.json:
        options.json.write_text(measure.as_json(rows))


if __name__ == "__main__":
    main()
