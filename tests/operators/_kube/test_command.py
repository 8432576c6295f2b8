"""Real processes: python -m operators, python -m operators.NAME, kopf run."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml

from operators._kube import command
from operators._kube.paths import Kind
from tests.fakes.server import FakeServer
from tests.operators._kube.conftest import until

ROOT = Path(command.__file__).parents[2]
RS, PODS = Kind("apps/v1", "replicasets"), Kind("v1", "pods")
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SPEC = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}


@pytest.fixture
def config(server: FakeServer, tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    context = {"name": "x", "context": {"cluster": "x"}}
    cluster = {"name": "x", "cluster": {"server": server.url}}
    path.write_text(yaml.safe_dump({"current-context": "x", "contexts": [context], "clusters": [cluster]}))
    return path


@asynccontextmanager
async def process(*argv: str, **env: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
    started = await asyncio.create_subprocess_exec(
        *argv, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def stop(started: asyncio.subprocess.Process) -> tuple[float, str]:
    """Seconds until it ended after SIGTERM, and what it had said."""
    start = time.monotonic()
    started.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(started.communicate(), 10)
    return time.monotonic() - start, (out + err).decode()


async def test_all_operators_are_listed():
    async with process(sys.executable, "-m", "operators", "list") as listing:
        out, _ = await listing.communicate()
    assert listing.returncode == 0
    assert out.decode().split() == command.names()
    assert {"deployment", "replicaset", "node"} <= set(command.names())


async def test_an_unknown_name_lists_the_known_ones():
    async with process(sys.executable, "-m", "operators", "deploymint", "node") as refused:
        _, err = await refused.communicate()
    assert refused.returncode == 2
    assert err.decode() == f"No operator is called deploymint. There are: {', '.join(command.names())}.\n"


async def test_a_missing_kubeconfig_is_one_sentence():
    async with process(sys.executable, "-m", "operators", "--kubeconfig", "/nonexistent") as refused:
        _, err = await refused.communicate()
    assert refused.returncode == 1
    assert err.decode() == "operators: can't read /nonexistent: No such file or directory\n"


async def test_a_busy_metrics_address_is_one_sentence(server: FakeServer, config: Path):
    address = f"127.0.0.1:{server.port}"
    argv = (sys.executable, "-m", "operators", "replicaset", "--kubeconfig", str(config), "--metrics-addr", address)
    async with process(*argv) as refused:
        _, err = await asyncio.wait_for(refused.communicate(), 10)
    assert refused.returncode == 1
    assert f"operators: can't listen on {address}" in err.decode()
    assert "Traceback" not in err.decode()


@pytest.mark.parametrize(
    "argv",
    [
        (sys.executable, "-m", "operators", "replicaset", "--kubeconfig"),
        (sys.executable, "-m", "operators.replicaset", "--kubeconfig"),
    ],
    ids=["among others", "alone"],
)
async def test_an_operator_works_and_ends_on_sigterm(server: FakeServer, config: Path, argv: tuple[str, ...]):
    server.api.create(RS, "d", {"metadata": {"name": "web"}, "spec": SPEC})
    async with process(*argv, str(config)) as running:
        await until(lambda: len(server.api.objects.get(PODS, {})) == 2, seconds=15)
        seconds, said = await stop(running)
    assert seconds < 2
    assert running.returncode == 0
    assert "Traceback" not in said
    assert "ukube.replicaset: ready" in said


@pytest.mark.parametrize(
    ("modules", "also"), [(["operators.replicaset"], []), (["operators.replicaset", "operators.deployment"], ["web"])]
)
async def test_kopf_run(server: FakeServer, config: Path, modules: list[str], also: list[str]):
    server.api.create(RS, "d", {"metadata": {"name": "rs"}, "spec": SPEC})
    named = [part for module in modules for part in ("-m", module)]
    kopf = str(Path(sys.executable).parent / "kopf")
    async with process(kopf, "run", *named, "--verbose", KUBECONFIG=str(config)) as running:
        await until(lambda: len(server.api.objects.get(PODS, {})) == 2, seconds=15)
        for name in also:
            server.api.create(Kind("apps/v1", "deployments"), "d", {"metadata": {"name": name}, "spec": SPEC})
            await until(lambda: len(server.api.objects.get(PODS, {})) == 4, seconds=5)
        seconds, said = await stop(running)
    assert seconds < 3
    assert "Traceback" not in said
    assert "Signal SIGTERM is received" in said
    touched = [line for line in server.log if line.startswith(("PATCH", "PUT")) and "/status" not in line]
    assert touched == []


async def test_health_and_metrics(server: FakeServer, config: Path):
    server.api.create(RS, "d", {"metadata": {"name": "web"}, "spec": SPEC})
    address = f"127.0.0.1:{free_port()}"
    argv = (sys.executable, "-m", "operators", "replicaset", "--kubeconfig", str(config), "--metrics-addr", address)
    async with process(*argv), aiohttp.ClientSession(f"http://{address}") as http:
        await until(lambda: len(server.api.objects.get(PODS, {})) == 2, seconds=15)
        async with http.get("/readyz") as response:
            assert response.status == 200
            assert await response.json() == {"operators": {"replicaset": {"ok": True, "restarts": 0, "queued": 0}}}
        async with http.get("/healthz") as response:
            assert response.status == 200
        async with http.get("/metrics") as response:
            lines = (await response.text()).splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    labels = '{name="replicaset",resource="replicasets"}'
    assert float(values[f"workqueue_adds_total{labels}"]) > 0
    assert float(values[f"workqueue_depth{labels}"]) == 0
    assert float(values[f"reconcile_duration_seconds_count{labels}"]) > 0
    assert values['operator_synced{name="replicaset"}'] == "1.0"
    assert "process_resident_memory_bytes" in values
    assert "event_loop_lag_seconds_count" in values


async def test_systemd_is_told(server: FakeServer, config: Path, tmp_path: Path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.setblocking(False)
        argv = (sys.executable, "-m", "operators", "replicaset", "--kubeconfig", str(config))
        loop = asyncio.get_running_loop()
        async with process(*argv, NOTIFY_SOCKET=str(path)) as running:
            assert await asyncio.wait_for(loop.sock_recv(listener, 100), 15) == b"READY=1"
            running.terminate()
            assert await asyncio.wait_for(loop.sock_recv(listener, 100), 5) == b"STOPPING=1"
