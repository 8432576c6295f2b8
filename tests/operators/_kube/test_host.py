"""Operators under the real kopf against a fake API server."""

from __future__ import annotations

import asyncio

from operators._kube import meta
from operators._kube.actions import Create
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.paths import Kind
from tests.fakes.server import FakeServer
from tests.operators._kube.conftest import Running, until

RS = Kind("apps/v1", "replicasets")
PODS = Kind("v1", "pods")


def replicas(log: list[Key] | None = None) -> Controller:
    """A small ReplicaSet controller."""
    controller = Controller("replicaset")

    @controller.reconcile("apps/v1", "replicasets", owns=["v1/pods"])
    async def reconcile(key: Key, kube: Kube, now: object) -> Result:
        if log is not None:
            log.append(key)
        rs = kube.get_or_none("apps/v1", "replicasets", key)
        if rs is None or meta.is_deleting(rs):
            return DONE
        pods = kube.controlled_by(rs, "v1", "pods")
        missing = rs["spec"]["replicas"] - len(pods)
        pod = {"metadata": {"generateName": f"{key.name}-"}, "spec": {}}
        errors = await kube.perform([Create("v1", "pods", pod)] * missing, owner=rs)
        await kube.patch_status(rs, {"replicas": len(kube.controlled_by(rs, "v1", "pods"))})
        if errors:
            raise errors[0]
        return DONE

    return controller


def add_set(server: FakeServer, name: str = "web", count: int = 3) -> None:
    server.api.create(RS, "d", {"metadata": {"name": name}, "spec": {"replicas": count}})


def pods(server: FakeServer) -> list[dict]:
    return list(server.api.objects.get(PODS, {}).values())


async def test_children_are_made_for_what_is_there_and_for_what_comes(server: FakeServer, running_host: Running):
    add_set(server, "old")
    async with running_host(replicas()):
        await until(lambda: len(pods(server)) == 3)
        add_set(server, "new", 2)
        await until(lambda: len(pods(server)) == 5)
        await asyncio.sleep(0.3)
    assert len(pods(server)) == 5
    assert {meta.controller_of(pod)["name"] for pod in pods(server)} == {"old", "new"}


async def test_a_lost_child_is_replaced(server: FakeServer, running_host: Running):
    add_set(server)
    async with running_host(replicas()):
        await until(lambda: len(pods(server)) == 3)
        server.api.delete(PODS, pods(server)[0], {})
        await until(lambda: len(pods(server)) == 3)
