"""Workload operators with nodes that are instantly ready: a rollout, scaling, idling, memory; each beside its floor.

python -m tests.bench.workloads [--short] [--json FILE]
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import measure
from tests.bench.measure import Row
from tests.fakes.cluster import Cluster, Obj, serving
from tests.fakes.nodes import Nodes

OPERATORS = (
    "binder",
    "cronjob",
    "daemonset",
    "deployment",
    "disruptionbudget",
    "endpointslice",
    "garbagecollector",
    "job",
    "namespace",
    "replicaset",
    "replicationcontroller",
    "resourcequota",
    "serviceaccount",
    "serviceaccounttoken",
    "statefulset",
)
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Size:
    """Pods of one rollout; sizes between which to scale; Deployments that idle, and for how long; Pods in memory."""

    rollout: int
    scale: tuple[int, int]
    idle: int
    seconds: float
    memory: int


FULL = Size(rollout=50, scale=(100, 500), idle=200, seconds=20, memory=1000)
SHORT = Size(rollout=10, scale=(10, 20), idle=10, seconds=2, memory=50)


def pod() -> Obj:
    """A usual Pod's template."""
    container = {
        "name": "app",
        "image": "registry.example/app:1",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": f"E{number}", "value": "v"} for number in range(10)],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    return {
        "metadata": {"labels": {"app": "bench"}},
        "spec": {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]},
    }


def deployment(name: str, replicas: int) -> Obj:
    template = pod()
    template["metadata"]["labels"] = {"app": name}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


class Count:
    """An observer of Nodes: waits until so many Pods there are, all ready."""

    def __init__(self) -> None:
        self._ready: dict[str, bool] = {}
        self._news = asyncio.Event()

    def __call__(self, uid: str, pod: Obj | None) -> None:
        if pod is None:
            self._ready.pop(uid, None)
        else:
            conditions = (pod.get("status") or {}).get("conditions") or ()
            self._ready[uid] = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
        self._news.set()

    async def reaches(self, wanted: int) -> None:
        async with asyncio.timeout(SECONDS):
            while not (len(self._ready) == wanted and all(self._ready.values())):
                self._news.clear()
                await self._news.wait()


class Bench:
    def __init__(self, cluster: Cluster, size: Size, count: Count) -> None:
        self.cluster, self.size, self.count = cluster, size, count

    async def run(self) -> list[Row]:
        empty = await self._settled()
        return [*await self.rollout(), *await self.scaling(), *await self.idle(), await self.memory(empty)]

    async def rollout(self) -> list[Row]:
        """A new Deployment until its status says that all Pods are available; and as many Pods made by hand."""
        wanted = self.size.rollout
        floor = await self._by_hand(wanted)
        began = time.perf_counter()
        await self.cluster.request("POST", DEPLOYMENTS, deployment("first", wanted))
        await self.count.reaches(wanted)
        await self.cluster.until(f"{DEPLOYMENTS}/first", _available(wanted))
        taken = time.perf_counter() - began
        return [
            Row(f"Deployment of {wanted} Pods", "until available", "s", taken, floor, "the Pods made and bound by hand")
        ]

    async def scaling(self) -> list[Row]:
        """1 → some → 1, 1 → many → 0: what a Pod costs, beside its cost among fewer."""
        few, many = self.size.scale
        await self._scale(1)
        up_few, down_few = await self._scale(few), await self._scale(1)
        up, down = await self._scale(many), await self._scale(0)
        what = f"a Pod of {few}"
        return [
            Row(f"scale 1 → {many}", "a Pod", "ms", up / (many - 1) * 1000, up_few / (few - 1) * 1000, what),
            Row(f"scale {many} → 0", "a Pod", "ms", down / many * 1000, down_few / (few - 1) * 1000, what),
        ]

    async def idle(self) -> list[Row]:
        """CPU and writes of so many Deployments to which nothing happens."""
        for number in range(self.size.idle):
            await self.cluster.request("POST", DEPLOYMENTS, deployment(f"idle-{number}", 1))
        await self.count.reaches(self.size.idle)
        await self._settled()
        used, version = measure.cpu_seconds(self.cluster.pid("operators")), await self.cluster.version()
        await asyncio.sleep(self.size.seconds)
        used = measure.cpu_seconds(self.cluster.pid("operators")) - used
        name = f"{self.size.idle} idle Deployments"
        return [
            Row(name, "operators' CPU", "%", used / self.size.seconds * 100),
            Row(name, "writes", "", float(await self.cluster.version() - version)),
        ]

    async def memory(self, empty: float) -> Row:
        """All operators together with so many Pods."""
        await self.cluster.request("POST", DEPLOYMENTS, deployment("many", self.size.memory - self.size.idle))
        await self.count.reaches(self.size.memory)
        filled = await self._settled()
        return Row(f"memory, {self.size.memory:,} Pods", "operators, PSS", "MB", filled, empty, "no Pods")

    async def _by_hand(self, wanted: int) -> float:
        """Seconds for as many Pods without a controller and a scheduler, eight at a time."""
        left = iter(range(wanted))

        async def some() -> None:
            for number in left:
                body = pod()
                metadata = {**body["metadata"], "name": f"bare-{number}"}
                body = {**body, "metadata": metadata, "spec": {**body["spec"], "nodeName": "n0"}}
                await self.cluster.request("POST", PODS, body)

        began = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(8)))
        await self.count.reaches(wanted)
        taken = time.perf_counter() - began
        await self.cluster.request("DELETE", PODS)
        await self.count.reaches(0)
        return taken

    async def _scale(self, wanted: int) -> float:
        began = time.perf_counter()
        await self.cluster.patch(f"{DEPLOYMENTS}/first", {"spec": {"replicas": wanted}})
        await self.count.reaches(wanted)
        await self.cluster.until(f"{DEPLOYMENTS}/first", _available(wanted))
        return time.perf_counter() - began

    async def _settled(self) -> float:
        """PSS of the operators in MB, once nothing was written for two seconds."""
        last, version = -1, await self.cluster.version()
        for _ in range(60):
            if last == version:
                return measure.pss_mb(self.cluster.pid("operators"))
            await asyncio.sleep(2)
            last, version = version, await self.cluster.version()
        raise RuntimeError("the cluster never comes to rest")


def _available(wanted: int) -> Any:
    def holds(found: Obj) -> bool:
        status = found.get("status") or {}
        return (status.get("availableReplicas") or 0) == wanted == (status.get("replicas") or 0)

    return holds


async def run(folder: Path, size: Size) -> list[Row]:
    count = Count()
    async with serving(folder) as cluster:
        await cluster.start_operators("operators", OPERATORS)
        await cluster.until("/api/v1/namespaces/default/serviceaccounts/default", lambda found: "metadata" in found)
        async with Nodes(cluster, ("n0", "n1")) as nodes:
            nodes.observers.append(count)
            return await Bench(cluster, size, count).run()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ukube bench workloads", description=__doc__)
    parser.add_argument("--short", action="store_true", help="shows that it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="ukube-bench-") as folder:
        rows = asyncio.run(run(Path(folder), SHORT if options.short else FULL))
    print(measure.table(rows))
    if options.json:
        options.json.write_text(measure.as_json(rows))


if __name__ == "__main__":
    main()
