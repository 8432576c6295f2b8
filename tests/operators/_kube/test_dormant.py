"""Operators that sleep until there is something for them."""

from __future__ import annotations

import dataclasses

from operators._kube.client import Api
from operators._kube.controller import Controller
from operators._kube.dormant import Dormant
from operators._kube.paths import Kind
from tests.fakes.server import FakeServer
from tests.operators._kube.conftest import Running, until
from tests.operators._kube.test_host import add_set, pods, replicas

SETS = Kind("apps/v1", "replicasets")


def sleeper(loaded: list[str]) -> Dormant:
    def load() -> Controller:
        loaded.append("replicaset")
        return replicas()

    return Dormant("replicaset", (SETS,), "", load)


async def test_the_first_object_wakes_it(server: FakeServer, running_host: Running):
    loaded: list[str] = []
    async with running_host(sleeper(loaded)) as host:
        assert host.health()["replicaset"] == {"ok": True, "restarts": 0, "asleep": True, "queued": 0}
        await until(lambda: any("replicasets" in line and "watch" in line for line in server.log))
        assert loaded == []
        add_set(server)
        await until(lambda: len(pods(server)) == 3)
        assert "asleep" not in host.health()["replicaset"]
    assert loaded == ["replicaset"]


async def test_it_runs_its_errand_before_it_sleeps(server: FakeServer, running_host: Running):
    loaded: list[str] = []

    async def errand(api: Api) -> None:
        await api.send("POST", "/api/v1/namespaces", body={"metadata": {"name": "made"}})

    async with running_host(dataclasses.replace(sleeper(loaded), errand=errand)):
        await until(lambda: any("replicasets" in line and "watch" in line for line in server.log))
        assert any(line.startswith("POST /api/v1/namespaces") for line in server.log)
        assert loaded == []


async def test_an_object_that_is_there_already_does(server: FakeServer, running_host: Running):
    add_set(server)
    async with running_host(sleeper([])):
        await until(lambda: len(pods(server)) == 3)


async def test_it_sleeps_on_through_a_restart_of_the_api_server(server: FakeServer, running_host: Running):
    loaded: list[str] = []
    async with running_host(sleeper(loaded)) as host:
        await until(lambda: any("replicasets" in line and "watch" in line for line in server.log))
        await server.stop()
        await server.start()
        assert loaded == []
        add_set(server)
        await until(lambda: len(pods(server)) == 3)
        assert host.members["replicaset"].restarts == 0
