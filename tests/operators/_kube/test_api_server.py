"""Operators and the real API server, both as processes; either is killed in the middle of the work."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from operators._kube import kubeconfig, meta
from operators._kube.client import complete_items
from operators._kube.errors import ApiError
from operators._kube.meta import Object
from operators._kube.session import Link, Session
from tests.operators._kube.conftest import until_async
from tests.operators._kube.test_command import SPEC, free_port, process, stop

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
PODS = "/api/v1/namespaces/default/pods"
# No Pod is admitted before its ServiceAccount is there.
ROLLOUT = ("deployment", "replicaset", "serviceaccount")


class ApiServer:
    """A real one in a directory of its own; start, kill and start again on the same port."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._stack = AsyncExitStack()

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "admin.kubeconfig"

    async def start(self) -> None:
        argv = ("-m", "apiserver_stub", "--data-dir", str(self.directory), "--port", str(self.port))
        self._process = await self._stack.enter_async_context(process(sys.executable, *argv))
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 20)
        if b"ready" not in line:
            raise RuntimeError((line + (await self._process.communicate())[1]).decode())

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def close(self) -> None:
        await self._stack.aclose()


class Client:
    """Looks at what there is, as somebody who knows nothing of operators."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self, path: str) -> list[Object]:
        return complete_items(await self._session.send("GET", path))

    async def count(self, path: str) -> int:
        return len(await self.all(path))

    async def create(self, path: str, body: Object) -> Object:
        return await self._session.send("POST", path, body=body)

    async def merge(self, path: str, body: Object) -> Object:
        return await self._session.send("PATCH", path, body=body, content_type="application/merge-patch+json")


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiServer]:
    server = ApiServer(tmp_path / "data")
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
async def client(api: ApiServer) -> AsyncIterator[Client]:
    link = Link(lambda: kubeconfig.load(api.kubeconfig))
    link.answered()
    session = Session(link, "test")
    try:
        yield Client(session)
    finally:
        await session.close()
        await link.close()


def operators(api: ApiServer, *names: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "operators", *names, "--kubeconfig", str(api.kubeconfig))


def deployment(name: str, replicas: int = 3) -> Object:
    labels = {"app": name}
    template = {**SPEC["template"], "metadata": {"labels": labels}}  # type: ignore[dict-item]
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name, "annotations": {"mine": "1"}}, "spec": spec}


async def test_a_deployment_becomes_pods_and_only_its_revision_is_noted_on_it(api: ApiServer, client: Client):
    async with process(*operators(api, *ROLLOUT)) as running:
        await client.create(DEPLOYMENTS, deployment("web"))
        await until_async(lambda: client.count(PODS), 3, seconds=20)
        await asyncio.sleep(0.5)
        (made,) = await client.all(DEPLOYMENTS)
        assert meta.annotations_of(made) == {"mine": "1", "deployment.kubernetes.io/revision": "1"}
        assert "finalizers" not in made["metadata"]
        assert meta.generation_of(made) == made["status"]["observedGeneration"]
        seconds, said = await stop(running)
    assert seconds < 2
    assert "Traceback" not in said


async def test_operators_survive_a_killed_api_server_and_go_on_within_a_second(api: ApiServer, client: Client):
    async with process(*operators(api, *ROLLOUT)) as running:
        await client.create(DEPLOYMENTS, deployment("one"))
        await until_async(lambda: client.count(PODS), 3, seconds=20)
        # In the middle of the next rollout.
        await client.create(DEPLOYMENTS, deployment("two", 20))
        await asyncio.sleep(0.05)
        await api.kill()
        await asyncio.sleep(2)
        await api.start()
        start = time.monotonic()
        await until_async(lambda: client.count(PODS), 23, seconds=20)
        assert time.monotonic() - start < 3
        await asyncio.sleep(1)
        assert await client.count(SETS) == 2
        assert await client.count(PODS) == 23
        await client.create(DEPLOYMENTS, deployment("three", 2))
        await until_async(lambda: client.count(PODS), 25)
        _, said = await stop(running)
    assert said.count("does not answer") == 1
    assert "Traceback" not in said
    assert "starting again" not in said


async def test_killed_operators_finish_the_rollout_when_they_are_back(api: ApiServer, client: Client):
    await client.create(DEPLOYMENTS, deployment("web", 20))
    async with process(*operators(api, *ROLLOUT)):
        await until_async(lambda: client.count(SETS), 1, seconds=20)
    async with process(*operators(api, *ROLLOUT)):
        await until_async(lambda: client.count(PODS), 20, seconds=20)
        await asyncio.sleep(0.5)
        assert await client.count(SETS) == 1
        assert await client.count(PODS) == 20


async def test_operators_that_start_first_wait_for_the_api_server(api: ApiServer, client: Client):
    await client.create(DEPLOYMENTS, deployment("web"))
    await api.kill()
    async with process(*operators(api, *ROLLOUT)) as running:
        await asyncio.sleep(3)
        await api.start()
        await until_async(lambda: client.count(PODS), 3)
        _, said = await stop(running)
    assert said.count("does not answer") == 1
    assert "Traceback" not in said


async def test_kopf_run(api: ApiServer, client: Client):
    kopf = str(Path(sys.executable).parent / "kopf")
    argv = (kopf, "run", *(part for name in ROLLOUT for part in ("-m", f"operators.{name}")), "--verbose")
    async with process(*argv, KUBECONFIG=str(api.kubeconfig)) as running:
        await client.create(DEPLOYMENTS, deployment("web"))
        await until_async(lambda: client.count(PODS), 3, seconds=20)
        (made,) = await client.all(DEPLOYMENTS)
        assert set(meta.annotations_of(made)) == {"mine", "deployment.kubernetes.io/revision"}
        _, said = await stop(running)
    assert "Traceback" not in said


async def test_the_node_is_registered_and_kept(api: ApiServer, client: Client):
    async with process(*operators(api, "node"), UKUBE_NODE_NAME="pi", UKUBE_NODE_IP="192.0.2.9") as running:
        await until_async(lambda: client.count("/apis/coordination.k8s.io/v1/leases"), 1, seconds=20)

        async def address() -> Object:
            (node,) = await client.all("/api/v1/nodes")
            assert meta.name_of(node) == "pi"
            return node["status"].get("addresses", [{}])[0]

        await until_async(address, {"type": "InternalIP", "address": "192.0.2.9"})
        await client.merge("/api/v1/nodes/pi", {"metadata": {"labels": {"kubernetes.io/os": "other"}}})

        async def label() -> str:
            return meta.labels_of((await client.all("/api/v1/nodes"))[0])["kubernetes.io/os"]

        await until_async(label, "linux")
        _, said = await stop(running)
    assert "Traceback" not in said


def test_errors_have_upstreams_reasons() -> None:
    assert ApiError(409, "AlreadyExists", "").is_already_exists
    assert not ApiError(409, "AlreadyExists", "").is_conflict
    assert ApiError(0, "Unreachable", "").is_outcome_unknown
