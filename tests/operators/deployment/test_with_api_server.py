"""Workloads against the real API server, and what a SIGKILL in the middle does to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .cluster import Cluster, Obj, running

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with running(tmp_path) as made:
        yield made


def deployment(replicas: int, image: str = "img:1", **strategy: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": strategy or {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template(image),
        },
    }


def template(image: str) -> Obj:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}


def complete(replicas: int, revision: int) -> Any:
    def holds(found: Obj) -> bool:
        status, annotations = found.get("status") or {}, found["metadata"].get("annotations") or {}
        return (
            status.get("observedGeneration") == found["metadata"]["generation"]
            and annotations.get("deployment.kubernetes.io/revision") == str(revision)
            and all(status.get(f) == replicas for f in ("replicas", "updatedReplicas", "availableReplicas"))
        )

    return holds


async def test_a_rollout_survives_kills_and_makes_each_pod_once(cluster: Cluster) -> None:
    await cluster.request("POST", DEPLOYMENTS, deployment(6))
    await asyncio.sleep(0.1)
    await cluster.kill("operators")
    await cluster.start_operators()
    await cluster.until(f"{DEPLOYMENTS}/web", complete(6, 1))
    assert [len(uids) for uids in cluster.seen.values()] == [6]

    cluster.most, cluster.readiness = 0, 0.6
    await cluster.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": template("img:2")}})
    for pause in (0.15, 1.0, 1.3):
        await asyncio.sleep(pause)
        await cluster.kill("operators")
        await cluster.start_operators()
    await asyncio.sleep(1.0)
    half_way = await cluster.request("GET", f"{DEPLOYMENTS}/web")
    assert not complete(6, 2)(half_way)
    await cluster.kill("api")
    await asyncio.sleep(0.3)
    await cluster.start_api()
    await cluster.until(f"{DEPLOYMENTS}/web", complete(6, 2))
    assert sorted(len(uids) for uids in cluster.seen.values()) == [6, 6]
    assert cluster.most <= 7


async def test_a_settled_cluster_writes_nothing_and_a_cascade_leaves_nothing(cluster: Cluster) -> None:
    await cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": "team"}})
    for namespace in ("default", "team"):
        await cluster.request("POST", DEPLOYMENTS.replace("default", namespace), deployment(3))
    await cluster.until(f"{DEPLOYMENTS}/web", complete(3, 1))
    await cluster.until(f"{DEPLOYMENTS.replace('default', 'team')}/web", complete(3, 1))
    await asyncio.sleep(1.5)
    before = await cluster.version()
    await asyncio.sleep(4)
    assert await cluster.version() == before

    await cluster.request("DELETE", f"{DEPLOYMENTS}/web")
    await cluster.until(PODS, lambda found: not found["items"])
    assert await cluster.items(SETS) == []
    await cluster.request("DELETE", "/api/v1/namespaces/team")
    await cluster.until(
        "/api/v1/namespaces", lambda found: "team" not in [o["metadata"]["name"] for o in found["items"]]
    )
    for path in ("/api/v1/pods", "/apis/apps/v1/replicasets", "/apis/apps/v1/deployments"):
        assert await cluster.items(path) == []
    for path in ("/api/v1/configmaps", "/api/v1/serviceaccounts"):
        assert all(obj["metadata"]["namespace"] != "team" for obj in await cluster.items(path))


async def test_orphans_stay_and_are_adopted_again(cluster: Cluster) -> None:
    await cluster.request("POST", DEPLOYMENTS, deployment(2))
    await cluster.until(f"{DEPLOYMENTS}/web", complete(2, 1))
    (before,) = await cluster.items(SETS)
    await cluster.request("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Orphan"})
    await cluster.until(DEPLOYMENTS, lambda found: not found["items"])
    (orphan,) = await cluster.items(SETS)
    assert orphan["metadata"]["uid"] == before["metadata"]["uid"]
    assert "ownerReferences" not in orphan["metadata"]
    await cluster.request("POST", DEPLOYMENTS, deployment(2))
    await cluster.until(f"{DEPLOYMENTS}/web", complete(2, 1))
    (adopted,) = await cluster.items(SETS)
    assert adopted["metadata"]["uid"] == before["metadata"]["uid"]
    assert adopted["metadata"]["ownerReferences"][0]["name"] == "web"
    assert [len(uids) for uids in cluster.seen.values()] == [2]
