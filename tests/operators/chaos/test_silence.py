"""A settled cluster writes nothing at all: no revision passes, whatever there is in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cluster import Cluster, Obj, serving
from tests.fakes.nodes import Nodes

from . import workloads
from .workloads import MANY, NODES

#: Without those that need a machine. nodelifecycle looks at leases, which nobody renews here.
_OPERATORS = (
    "binder",
    "clusterrole",
    "cronjob",
    "daemonset",
    "deployment",
    "disruptionbudget",
    "endpointslice",
    "garbagecollector",
    "job",
    "namespace",
    "persistentvolume",
    "replicaset",
    "replicationcontroller",
    "resourcequota",
    "serviceaccount",
    "serviceaccounttoken",
    "statefulset",
    "volumeprotection",
)
_CORE, _BATCH = "/api/v1/namespaces/default", "/apis/batch/v1/namespaces/default"


@pytest.mark.timeout(120)
async def test_a_settled_cluster_writes_nothing_for_ten_seconds(tmp_path: Path) -> None:
    await _silent(tmp_path, seconds=10)


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_a_settled_cluster_writes_nothing_for_a_minute(tmp_path: Path) -> None:
    await _silent(tmp_path, seconds=60)


async def _silent(directory: Path, seconds: float) -> None:
    async with serving(directory) as cluster:
        await cluster.start_operators("operators", _OPERATORS)
        async with Nodes(cluster, NODES):
            await workloads.furnish(cluster, MANY, "img:0")
            await _others(cluster)
            await _stuck(cluster)
            quiet = await _until_quiet(cluster)
            await asyncio.sleep(seconds)
            assert await _news(cluster, quiet) == []
            # The same after a restart: whatever is found in order stays as it is. Only Events may be told again.
            await cluster.kill("operators")
            await cluster.start_operators("operators", _OPERATORS)
            await asyncio.sleep(5)
            assert [line for line in await _news(cluster, quiet) if not line.startswith("events ")] == []


async def _others(cluster: Cluster) -> None:
    """A ReplicationController, a Job that runs, a CronJob that sleeps, a quota, an account with a token, a claim."""
    pod = {"metadata": {"labels": {"app": "rc"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    rc = {"replicas": 2, "selector": {"app": "rc"}, "template": pod}
    await _make(cluster, f"{_CORE}/replicationcontrollers", "rc", rc)
    work = {"spec": {**pod["spec"], "restartPolicy": "Never"}}
    await _make(cluster, f"{_BATCH}/jobs", "job", {"template": work})
    schedule = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": work}}}
    await _make(cluster, f"{_BATCH}/cronjobs", "cronjob", schedule)
    await _make(cluster, f"{_CORE}/resourcequotas", "quota", {"hard": {"pods": "100", "services": "50"}})
    await _make(cluster, f"{_CORE}/services", "without", {"ports": [{"port": 80}], "clusterIP": "None"})
    token = {"type": "kubernetes.io/service-account-token"}
    annotations = {"kubernetes.io/service-account.name": "default"}
    metadata = {"name": "token", "annotations": annotations}
    await cluster.request("POST", f"{_CORE}/secrets", {"metadata": metadata, **token})
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""}
    await _make(cluster, f"{_CORE}/persistentvolumeclaims", "claim", claim)
    await cluster.until(
        f"{_CORE}/replicationcontrollers/rc", lambda found: found.get("status", {}).get("availableReplicas") == 2
    )
    await cluster.until(f"{_BATCH}/jobs/job", lambda found: found.get("status", {}).get("ready") == 1)


async def _stuck(cluster: Cluster) -> None:
    """Workloads that cannot arrive are as silent, once they have said so: no node has room, a selector fits none."""
    huge: dict[str, Any] = {"requests": {"cpu": "9999"}}
    pod = {
        "metadata": {"labels": {"app": "huge"}},
        "spec": {"containers": [{"name": "c", "image": "i", "resources": huge}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "huge"}}, "template": pod}
    await _make(cluster, "/apis/apps/v1/namespaces/default/deployments", "huge", spec)
    await _make(cluster, "/apis/apps/v1/namespaces/default/statefulsets", "huge", {**spec, "serviceName": "huge"})


async def _make(cluster: Cluster, path: str, name: str, spec: Obj) -> None:
    await cluster.request("POST", path, {"metadata": {"name": name}, "spec": spec})


async def _until_quiet(cluster: Cluster) -> int:
    """The version after which nothing was written for three seconds."""
    version = await cluster.version()
    for _ in range(15):
        await asyncio.sleep(3)
        last, version = version, await cluster.version()
        if last == version:
            return version
    raise AssertionError("it never became quiet")


async def _news(cluster: Cluster, since: int) -> list[str]:
    """What was written since, as far as it can be told."""
    if await cluster.version() == since:
        return []
    found = []
    for group in ("api/v1", "apis/apps/v1", "apis/batch/v1", "apis/discovery.k8s.io/v1", "apis/policy/v1"):
        for kind in (await cluster.request("GET", f"/{group}"))["resources"]:
            if "/" not in kind["name"] and "list" in kind["verbs"]:
                for obj in await cluster.items(f"/{group}/{kind['name']}"):
                    if int(obj["metadata"]["resourceVersion"]) > since:
                        found.append(f"{kind['name']} {obj['metadata']['name']}: {obj.get('status')}")
    return found or ["something was written that is no longer there"]
