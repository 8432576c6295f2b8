"""Nodes without machines: their Pods are ready, or gone, a moment after they were asked to be. Watches, never polls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from tests.fakes.cluster import AWAY, Cluster, Obj, Refused

_PODS = "/api/v1/pods"
#: What a node of this kind offers: enough for any test.
_ROOM = {"cpu": "640", "memory": "640Gi", "pods": "5000"}

#: Called with each Pod's state in the order of history; None after the first: it is gone.
Observer = Callable[[str, Obj | None], None]


class Nodes:
    """While entered, plays the kubelets of `names`.

    `delay`: seconds until a bound Pod is ready, and until a deleted one is gone; a function, so that it may vary.
    `observers` see every state of every Pod, through restarts of the API server without a gap.
    """

    def __init__(self, cluster: Cluster, names: tuple[str, ...], delay: Callable[[], float] = lambda: 0.0) -> None:
        self.cluster = cluster
        self.names = names
        self.delay = delay
        self.observers: list[Observer] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._handled: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        for name in self.names:
            await self._join(name)
        self._start(self._follow())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self, name: str) -> None:
        labels = {"kubernetes.io/hostname": name}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        await self.cluster.request("POST", "/api/v1/nodes", node)
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        status = {"allocatable": _ROOM, "capacity": _ROOM, "conditions": [ready]}
        await self.cluster.patch(f"/api/v1/nodes/{name}/status", {"status": status})
        await self.cluster.patch(f"/api/v1/nodes/{name}", {"spec": {"taints": None}})

    async def _follow(self) -> None:
        listed = await self.cluster.insist("GET", _PODS)
        version = listed["metadata"]["resourceVersion"]
        for pod in listed["items"]:
            self._seen("ADDED", pod)
        while True:
            with contextlib.suppress(*AWAY):
                async for event in self.cluster.watch(_PODS, version):
                    if event["type"] == "ERROR":
                        raise AssertionError(f"the watch of the nodes lost history: {event['object']}")
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        self._seen(event["type"], event["object"])
            await asyncio.sleep(0.02)

    def _seen(self, change: str, pod: Obj) -> None:
        uid = pod["metadata"]["uid"]
        for observer in self.observers:
            observer(uid, None if change == "DELETED" else pod)
        if change == "DELETED":
            self._handled.pop(uid, None)
            return
        wants = "gone" if pod["metadata"].get("deletionTimestamp") else "ready"
        if pod["spec"].get("nodeName") in self.names and self._handled.get(uid) != wants:
            self._handled[uid] = wants
            self._start(self._end(pod) if wants == "gone" else self._run(pod))

    def _start(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, pod: Obj) -> None:
        if wait := self.delay():
            await asyncio.sleep(wait)
        if self._handled.get(pod["metadata"]["uid"]) != "ready":
            return
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        kinds = ("Ready", "ContainersReady", "Initialized", "PodScheduled")
        conditions = [{"type": kind, "status": "True", "lastTransitionTime": stamp} for kind in kinds]
        status = {"phase": "Running", "startTime": stamp, "conditions": conditions, "podIP": "10.1.0.1"}
        body = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": {**status, "podIPs": [{"ip": "10.1.0.1"}]}}
        with contextlib.suppress(Refused):
            headers = {"Content-Type": "application/merge-patch+json"}
            await self.cluster.insist("PATCH", f"{_path(pod)}/status", body, headers=headers)

    async def _end(self, pod: Obj) -> None:
        if wait := self.delay():
            await asyncio.sleep(wait)
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        with contextlib.suppress(Refused):
            await self.cluster.insist("DELETE", _path(pod), body)


def _path(pod: Obj) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
