"""A real API server and real operators as processes that can be killed, and an admin's way to ask them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import yaml

Obj = dict[str, Any]
ROOT = Path(__file__).parents[2]
MERGE = {"Content-Type": "application/merge-patch+json"}
#: Seconds between looks of those who wait for a state.
_LOOK = 0.05


class Refused(Exception):
    """An answer of 400 or more; `status`: its HTTP status."""

    def __init__(self, status: int, body: Obj) -> None:
        super().__init__(f"{status}: {body.get('message')}")
        self.status = status


#: What a request may end with while the API server restarts.
AWAY = (aiohttp.ClientError, ConnectionError, TimeoutError)


class Cluster:
    """`directory`: for the server's data and the processes' logs. Processes are known by the names they were given."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = directory / "api" / "admin.kubeconfig"
        self.server = ""
        self._port = 0
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._http: aiohttp.ClientSession | None = None

    async def start_api(self) -> None:
        """Also after a `kill`: with the same data, at the same address."""
        words = ["--data-dir", str(self.directory / "api"), "--port", str(self._port)]
        process = await self._spawn("api", "apiserver_stub", *words, output=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert "ready" in line, f"the API server did not start: {line!r}"
        if self._http is None:
            config = yaml.safe_load(self.kubeconfig.read_text())
            self.server = config["clusters"][0]["cluster"]["server"]
            self._port = int(self.server.rpartition(":")[2])
            connector = aiohttp.TCPConnector(ssl=self._context(config), limit=0)
            self._http = aiohttp.ClientSession(connector=connector)

    async def start_operators(self, name: str, operators: Sequence[str]) -> None:
        """One process with these operators, called `name`."""
        with (self.directory / f"{name}.log").open("ab") as log:
            words = [*operators, "--kubeconfig", str(self.kubeconfig), "--log-level", "warning"]
            await self._spawn(name, "operators", *words, output=log)

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    async def kill(self, name: str) -> None:
        """SIGKILL, as a power cut would."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async def stop(self) -> None:
        for name in list(self._processes):
            await self.kill(name)
        if self._http is not None:
            await self._http.close()

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Obj:
        """Raises Refused, or one of AWAY."""
        assert self._http is not None
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        async with self._http.request(method, self.server + path, data=data, headers=headers, **options) as response:
            answer: Obj = orjson.loads(await response.read())
            if response.status >= 400:
                raise Refused(response.status, answer)
            return answer

    async def patch(self, path: str, body: Obj) -> Obj:
        return await self.request("PATCH", path, body, headers=MERGE)

    async def insist(self, method: str, path: str, body: Any = None, **options: Any) -> Obj:
        """The same for as long as the API server is away."""
        while True:
            try:
                return await self.request(method, path, body, **options)
            except AWAY:
                await asyncio.sleep(_LOOK)

    async def items(self, path: str) -> list[Obj]:
        found: list[Obj] = (await self.insist("GET", path))["items"]
        return found

    async def version(self) -> int:
        """The newest resourceVersion: it moves with every write."""
        return int((await self.request("GET", "/api/v1/namespaces"))["metadata"]["resourceVersion"])

    async def until(self, path: str, holds: Callable[[Obj], bool], seconds: float = 40) -> Obj:
        """The answer for which `holds` is true; also through restarts of the API server."""
        last: Obj = {}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(*AWAY, Refused):
                last = await self.request("GET", path)
                if holds(last):
                    return last
            await asyncio.sleep(_LOOK)
        raise AssertionError(f"{path} did not get there in {seconds} s: {orjson.dumps(last)[:3000].decode()}")

    async def watch(self, path: str, version: str) -> AsyncIterator[Obj]:
        """Events after `version` until the stream ends."""
        assert self._http is not None
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        forever = aiohttp.ClientTimeout(total=None)
        async with self._http.get(self.server + path, params=query, timeout=forever, read_bufsize=2**22) as response:
            async for line in response.content:
                yield orjson.loads(line)

    def _context(self, config: Obj) -> ssl.SSLContext:
        user, files = config["users"][0]["user"], {}
        for name in ("client-certificate-data", "client-key-data"):
            files[name] = self.directory / name
            files[name].write_bytes(base64.b64decode(user[name]))
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        context.load_cert_chain(files["client-certificate-data"], files["client-key-data"])
        return context

    async def _spawn(self, name: str, module: str, *words: str, output: Any) -> asyncio.subprocess.Process:
        argv = (sys.executable, "-P", "-m", module, *words)
        errors = (self.directory / f"{name}.err").open("ab")
        with errors:
            process = await asyncio.create_subprocess_exec(
                *argv, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=errors
            )
        self._processes[name] = process
        return process


@contextlib.asynccontextmanager
async def serving(directory: Path) -> AsyncIterator[Cluster]:
    """An API server without operators; everything started in it ends with it."""
    cluster = Cluster(directory)
    try:
        await cluster.start_api()
        yield cluster
    finally:
        await cluster.stop()
