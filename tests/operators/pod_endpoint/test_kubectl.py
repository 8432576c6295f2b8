"""Real kubectl against the endpoint, by both protocols."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.operators.pod_endpoint.conftest import Endpoint
from tests.operators.pod_endpoint.forwarding import ForwardingServer
from tests.operators.pod_endpoint.machine import line

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="needs kubectl")

POD: dict[str, Any] = {
    "metadata": {"uid": "u"},
    "spec": {"containers": [{"name": "c", "image": "x"}]},
    "status": {"phase": "Running"},
}


class Kubectl:
    def __init__(self, port: int, home: Path, *, websocket: bool) -> None:
        flag = "true" if websocket else "false"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": flag,
            "KUBECTL_PORT_FORWARD_WEBSOCKETS": flag,
        }
        self._arguments = ["--kubeconfig=/dev/null", f"--server=http://127.0.0.1:{port}", "--namespace=ns"]

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        assert KUBECTL is not None
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            KUBECTL, *self._arguments, *arguments, env=self._environment, stdin=pipe, stdout=pipe, stderr=pipe
        )

    async def run(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        process = await self.start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(stdin), 30)
        assert process.returncode is not None
        return process.returncode, out, err


@pytest.fixture(params=["websocket", "spdy"])
async def kubectl(endpoint: Endpoint, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Kubectl]:
    endpoint.machine.add(pid=os.getpid())
    async with ForwardingServer(endpoint.port, endpoint.context, POD) as server:
        yield Kubectl(server.port, tmp_path, websocket=request.param == "websocket")


async def test_exec(kubectl: Kubectl) -> None:
    script = "echo out; echo err >&2; exit 3"
    assert await kubectl.run("exec", "web", "--", "sh", "-c", script) == (
        3,
        b"out\n",
        b"err\ncommand terminated with exit code 3\n",
    )
    big = os.urandom(8 << 20)
    code, out, _ = await kubectl.run("exec", "-i", "web", "--", "sha256sum", stdin=big)
    assert (code, out.split()[0].decode()) == (0, hashlib.sha256(big).hexdigest())
    code, out, _ = await kubectl.run("exec", "-i", "web", "--", "cat", stdin=big)
    assert (code, out) == (0, big)


async def test_exec_in_an_unknown_container(kubectl: Kubectl) -> None:
    code, _, err = await kubectl.run("exec", "web", "-c", "other", "--", "ls")
    assert (code, err) == (1, b'error: unable to upgrade connection: container not found ("other")\n')


async def test_copy(kubectl: Kubectl, tmp_path: Path) -> None:
    source, copy, back = tmp_path / "source", tmp_path / "copy", tmp_path / "back"
    source.write_bytes(os.urandom(3 << 20))
    assert (await kubectl.run("cp", str(source), f"web:{copy}"))[0] == 0
    assert (await kubectl.run("cp", f"web:{copy}", str(back)))[0] == 0
    assert back.read_bytes() == source.read_bytes()


async def test_logs(kubectl: Kubectl, endpoint: Endpoint) -> None:
    (endpoint.machine.add().log_dir / "one.log").write_bytes(line("one") + line("two"))
    assert await kubectl.run("logs", "web") == (0, b"one\ntwo\n", b"")
    assert await kubectl.run("logs", "web", "--tail=1") == (0, b"two\n", b"")


async def test_port_forward(kubectl: Kubectl) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    process = await kubectl.start("port-forward", "web", f":{server.sockets[0].getsockname()[1]}")
    try:
        assert process.stdout is not None
        said = await asyncio.wait_for(process.stdout.readline(), 10)
        local = int(said.split(b"127.0.0.1:")[1].split()[0])
        for text in (b"first\n", b"second\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", local)
            writer.write(text)
            assert await asyncio.wait_for(reader.read(), 10) == text
            writer.close()
    finally:
        process.kill()
        await process.wait()
        server.close()
