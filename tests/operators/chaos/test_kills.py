"""Rolling updates while every operator, and the API server, is killed again and again."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.fakes.cluster import Cluster, serving
from tests.fakes.nodes import Nodes

from . import workloads
from .witness import Witness
from .workloads import FEW, MANY, NODES, Workload

_SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
#: Each a process of its own; the last one holds what takes no part in rollouts.
VICTIMS = {
    name: (name,)
    for name in (
        "deployment",
        "replicaset",
        "statefulset",
        "daemonset",
        "binder",
        "garbagecollector",
        "endpointslice",
        "disruptionbudget",
    )
} | {"others": ("namespace", "serviceaccount", "serviceaccounttoken", "resourcequota", "clusterrole")}


@pytest.mark.timeout(300)
async def test_ten_rollouts_with_two_kills_of_each(tmp_path: Path) -> None:
    await _survive(tmp_path, FEW, rounds=2)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_a_hundred_rollouts_with_ten_kills_of_each(tmp_path: Path) -> None:
    await _survive(tmp_path, MANY, rounds=10)


async def _survive(directory: Path, chosen: tuple[Workload, ...], rounds: int) -> None:
    """In each round every workload is rolled once, every operator killed once, the API server restarted once."""
    seed = time.time_ns()
    chance = random.Random(seed)
    witness = Witness()
    async with serving(directory) as cluster:
        for name, operators in VICTIMS.items():
            await cluster.start_operators(name, operators)
        async with Nodes(cluster, NODES, delay=lambda: chance.uniform(0.05, 0.6)) as nodes:
            nodes.observers.append(witness)
            await workloads.furnish(cluster, chosen, "img:0")
            witness.bounds.update({each.name: each.bounds for each in chosen})
            try:
                for number in range(1, rounds + 1):
                    await _round(cluster, chosen, witness, number, chance)
                await _nothing_is_left(cluster, chosen, witness)
            except AssertionError as error:
                error.add_note(f"seed {seed}")
                raise


async def _round(
    cluster: Cluster, chosen: tuple[Workload, ...], witness: Witness, number: int, chance: random.Random
) -> None:
    before = {each.name: len(witness.made[each.name]) for each in chosen}
    for each in chosen:
        await cluster.patch(each.path, each.update(f"img:{number}"))
    order = [*VICTIMS, "api"]
    chance.shuffle(order)
    for name in order:
        await asyncio.sleep(chance.uniform(0.0, 0.4))
        await cluster.kill(name)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        await (cluster.start_api() if name == "api" else cluster.start_operators(name, VICTIMS[name]))
    for each in chosen:
        await cluster.until(each.path, each.has_arrived, 60)
        slices = f"{_SLICES}?labelSelector=kubernetes.io/service-name={each.name}"
        await cluster.until(slices, workloads.all_there(each), 30)
    await _pods_are_right(cluster, chosen)
    made = {each.name: len(witness.made[each.name]) - before[each.name] for each in chosen}
    assert made == {each.name: each.size for each in chosen}, "Pods were made more often than needed"
    assert witness.wrongs == []


async def _pods_are_right(cluster: Cluster, chosen: tuple[Workload, ...]) -> None:
    """So many as wanted of each, and each Pod's controller exists (terminating ones may take a moment)."""
    sizes = {each.name: each.size for each in chosen}

    def holds(found: dict[str, list[dict[str, dict[str, dict[str, str]]]]]) -> bool:
        apps = [pod["metadata"]["labels"]["app"] for pod in found["items"]]
        return {app: apps.count(app) for app in apps} == sizes

    found = await cluster.until("/api/v1/pods", holds, 30)
    owners = set()
    for plural in ("replicasets", "statefulsets", "daemonsets"):
        owners |= {owner["metadata"]["uid"] for owner in await cluster.items(f"/apis/apps/v1/{plural}")}
    for pod in found["items"]:
        assert {reference["uid"] for reference in pod["metadata"]["ownerReferences"]} <= owners
    active = [rs for rs in await cluster.items("/apis/apps/v1/replicasets") if rs["spec"]["replicas"]]
    wanted = sorted(each.name for each in chosen if each.plural == "deployments")
    assert sorted(rs["metadata"]["ownerReferences"][0]["name"] for rs in active) == wanted


async def _nothing_is_left(cluster: Cluster, chosen: tuple[Workload, ...], witness: Witness) -> None:
    witness.bounds.clear()
    for each in chosen:
        await cluster.request("DELETE", each.path)
        await cluster.request("DELETE", f"/api/v1/namespaces/default/services/{each.name}")
    slices = f"{_SLICES}?labelSelector=endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io"
    kinds = ("replicasets", "controllerrevisions", "statefulsets", "daemonsets", "deployments")
    for path in ("/api/v1/pods", slices, *(f"/apis/apps/v1/{plural}" for plural in kinds)):
        await cluster.until(path, lambda found: not found["items"], 60)
