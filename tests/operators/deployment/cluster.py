"""A real API server and real operators, each in its own process, and a node that is played by the test."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import signal
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import yaml

Obj = dict[str, Any]
OPERATORS = ("deployment", "replicaset", "namespace", "serviceaccount", "garbagecollector", "binder")
MERGE = {"Content-Type": "application/merge-patch+json"}


class Cluster:
    """`seen`: the UIDs of all Pods there ever were, by ReplicaSet name; `most`: that were active at one time.

    `readiness`: seconds that a Pod takes to become ready.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = directory / "api" / "admin.kubeconfig"
        self.seen: dict[str, set[str]] = {}
        self.most = 0
        self.readiness = 0.0
        self._bound: dict[str, float] = {}
        self._port = 0
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._http: aiohttp.ClientSession | None = None
        self._server = ""

    async def start(self) -> None:
        await self.start_api()
        await self.start_operators()
        self._tasks.append(asyncio.create_task(self._node()))

    async def start_api(self) -> None:
        arguments = ["--data-dir", str(self.directory / "api"), "--port", str(self._port)]
        process = await self._spawn("api", "apiserver_stub", *arguments, output=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert "ready" in line, line
        config = yaml.safe_load(self.kubeconfig.read_text())
        self._server = config["clusters"][0]["cluster"]["server"]
        self._port = int(self._server.rpartition(":")[2])
        if self._http is None:
            self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._context(config), limit=0))

    async def start_operators(self) -> None:
        log = (self.directory / "operators.log").open("ab")
        with log:
            arguments = ["--kubeconfig", str(self.kubeconfig)]
            await self._spawn("operators", "operators", *OPERATORS, *arguments, output=log)

    async def kill(self, name: str) -> None:
        """SIGKILL, as a power cut would."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for name in list(self._processes):
            await self.kill(name)
        if self._http is not None:
            await self._http.close()

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Obj:
        assert self._http is not None
        async with self._http.request(method, self._server + path, json=body, **options) as response:
            answer: Obj = await response.json()
            assert response.status < 300, answer
            return answer

    async def items(self, path: str) -> list[Obj]:
        found: list[Obj] = (await self.request("GET", path))["items"]
        return found

    async def patch(self, path: str, body: Obj) -> Obj:
        return await self.request("PATCH", path, body, headers=MERGE)

    async def version(self) -> int:
        """The newest resourceVersion: it moves with every write."""
        return int((await self.request("GET", "/api/v1/namespaces"))["metadata"]["resourceVersion"])

    async def until(self, path: str, holds: Any, seconds: float = 40) -> Obj:
        """Polls until `holds(answer)`; also through restarts of the API server."""
        last: Obj = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    with contextlib.suppress(aiohttp.ClientError, AssertionError):
                        last = await self.request("GET", path)
                        if holds(last):
                            return last
                    await asyncio.sleep(0.05)
        raise AssertionError(f"{path} did not get there in {seconds} s: {json.dumps(last)[:2000]}")

    def _context(self, config: Obj) -> ssl.SSLContext:
        user, files = config["users"][0]["user"], {}
        for name in ("client-certificate-data", "client-key-data"):
            files[name] = self.directory / name
            files[name].write_bytes(base64.b64decode(user[name]))
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        context.load_cert_chain(files["client-certificate-data"], files["client-key-data"])
        return context

    async def _spawn(self, name: str, module: str, *arguments: str, output: Any) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, stdout=output, stderr=asyncio.subprocess.DEVNULL
        )
        self._processes[name] = process
        return process

    async def _node(self) -> None:
        """Makes every bound Pod ready and lets every deleted one go, at once. Looks again and again: no watch."""
        resources = {"cpu": "64", "memory": "64Gi", "pods": "500"}
        await self.request("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
        await self.patch("/api/v1/nodes/n/status", {"status": {"allocatable": resources, "capacity": resources}})
        await self.patch("/api/v1/nodes/n", {"spec": {"taints": None}})
        while True:
            with contextlib.suppress(aiohttp.ClientError, AssertionError):
                pods = await self.items("/api/v1/pods")
                self._count(pods)
                await asyncio.gather(*(self._care(pod) for pod in pods), return_exceptions=True)
            await asyncio.sleep(0.02)

    def _count(self, pods: list[Obj]) -> None:
        active: Counter[str] = Counter()
        for pod in pods:
            owner = (pod["metadata"].get("ownerReferences") or [{"name": ""}])[0]["name"]
            self.seen.setdefault(owner, set()).add(pod["metadata"]["uid"])
            active[owner] += not pod["metadata"].get("deletionTimestamp")
        self.most = max(self.most, active.total())

    async def _care(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if metadata.get("deletionTimestamp"):
            await self.request("DELETE", path, {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}})
        elif pod["spec"].get("nodeName") and pod["status"].get("phase") != "Running":
            now = asyncio.get_running_loop().time()
            if now < self._bound.setdefault(metadata["uid"], now) + self.readiness:
                return
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": stamp}
            await self.patch(f"{path}/status", {"status": {"phase": "Running", "conditions": [ready]}})


@contextlib.asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Cluster]:
    cluster = Cluster(directory)
    try:
        await cluster.start()
        yield cluster
    finally:
        await cluster.stop()
