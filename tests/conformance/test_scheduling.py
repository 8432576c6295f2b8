"""[sig-scheduling]: the binder on nodes that no machine stands behind, with an API server of its own."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cluster import Cluster, Object, Space, eventually
from tests.conformance.kubelet import Kubelet
from tests.servers import operators, server

OPERATORS = ("binder", "garbagecollector", "namespace", "replicaset", "serviceaccount")
DONGLE = "example.com/dongle"
NODES = ("first", "second")
numbers = itertools.count(1)


class Bound(Kubelet):
    """Only Pods with a node run; those that somebody keeps by a finalizer do so until it is gone."""

    def _serve(self, pod: Object) -> None:
        is_kept = "deletionTimestamp" in pod["metadata"] and pod["metadata"].get("finalizers")
        if pod["spec"].get("nodeName") and not is_kept:
            super()._serve(pod)


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Apart from the other tests, whose Pods have no nodes and need none."""
    data = tmp_path_factory.mktemp("scheduling")
    with server(data), operators(data, *OPERATORS) as path:
        yield path


@pytest.fixture(scope="module")
def cluster(kubeconfig: Path) -> Iterator[Cluster]:
    with contextlib.closing(Cluster(kubeconfig)) as cluster:
        for name in NODES:
            cluster.create("/api/v1/nodes", {"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}})
            amounts = {"cpu": "4", "memory": "4Gi", "pods": "20", DONGLE: "5"}
            status = {"status": {"capacity": amounts, "allocatable": amounts}}
            cluster.patch(f"/api/v1/nodes/{name}/status", status)
            taints = {"spec": {"taints": None}}
            cluster.patch(f"/api/v1/nodes/{name}", taints)
        yield cluster


@pytest.fixture
def kubelet(space: Space) -> Iterator[Kubelet]:
    with Bound(space) as kubelet:
        yield kubelet


@pytest.fixture(autouse=True)
def room(space: Space) -> Iterator[None]:
    """The nodes are empty again after each test."""
    yield
    space.delete("apps/v1/replicasets", body={"propagationPolicy": "Orphan"})
    for pod in space.items("pods"):
        space.patch("pods", pod["metadata"]["name"], {"metadata": {"finalizers": None}})
    space.delete("pods", body={"gracePeriodSeconds": 0})
    eventually(lambda: not space.items("pods"), "no Pod is left")


@pytest.fixture
def levels(cluster: Cluster) -> Iterator[list[str]]:
    """Four PriorityClasses, the lowest first."""
    names = [f"p{level}-{next(numbers)}" for level in range(1, 5)]
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    for level, name in enumerate(names, 1):
        cluster.create(path, {"metadata": {"name": name}, "value": level})
    yield names
    for name in names:
        cluster.delete(f"{path}/{name}")


def spec(amount: int = 0, **more: Any) -> Object:
    need = {DONGLE: str(amount)}
    container = {"name": "c", "image": "pause", **({"resources": {"requests": need, "limits": need}} if amount else {})}
    return {"containers": [container], **more}


def place(space: Space, name: str) -> str:
    return str(space.get("pods", name)["spec"].get("nodeName", ""))


def refusal(space: Space, name: str) -> str:
    """What FailedScheduling says about a Pod."""

    def look() -> str:
        events = space.items("events", fieldSelector=f"involvedObject.name={name},reason=FailedScheduling")
        return str(events[-1]["message"]) if events else ""

    return eventually(look, f"{name} finds no place")


def run(space: Space, name: str, amount: int, **more: Any) -> None:
    space.create("pods", {"metadata": {"name": name}, "spec": spec(amount, **more)})
    eventually(lambda: place(space, name), f"{name} has a node")


def is_leaving(space: Space, name: str) -> bool:
    path = space.path("pods", name)
    return not space.cluster.exists(path) or "deletionTimestamp" in space.get("pods", name)["metadata"]


def test_resource_limits(space: Space, kubelet: Kubelet) -> None:
    for name in NODES:
        run(space, f"fills-{name}", 4, nodeSelector={"kubernetes.io/hostname": name})
    space.create("pods", {"metadata": {"name": "more"}, "spec": spec(2)})
    assert refusal(space, "more") == (
        f"0/2 nodes are available: 2 Insufficient {DONGLE}. no new claims to deallocate, preemption: 0/2 nodes are "
        "available: 2 No preemption victims found for incoming pod."
    )
    (condition,) = space.get("pods", "more")["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    space.delete("pods", "fills-first")
    eventually(lambda: place(space, "more") == "first", "it takes the room that was made")


def test_node_selector_not_matching(space: Space, cluster: Cluster) -> None:
    wanted = {"label": "nonempty"}
    space.create("pods", {"metadata": {"name": "picky"}, "spec": spec(nodeSelector=wanted)})
    assert refusal(space, "picky").startswith(
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. "
    )
    cluster.patch("/api/v1/nodes/second", {"metadata": {"labels": wanted}})
    try:
        eventually(lambda: place(space, "picky") == "second", "it follows the label")
    finally:
        cluster.patch("/api/v1/nodes/second", {"metadata": {"labels": {"label": None}}})


def test_basic_preemption(space: Space, kubelet: Kubelet, levels: list[str]) -> None:
    low, middle, high, _ = levels
    run(space, "low", 4, priorityClassName=low, nodeSelector={"kubernetes.io/hostname": "first"})
    run(space, "middle", 4, priorityClassName=middle, nodeSelector={"kubernetes.io/hostname": "second"})
    run(space, "preemptor", 4, priorityClassName=high)
    space.cluster.gone(space.path("pods", "low"))
    assert not is_leaving(space, "middle")
    (event,) = space.items("events", fieldSelector="involvedObject.name=low,reason=Preempted")
    uid = space.get("pods", "preemptor")["metadata"]["uid"]
    assert event["message"] == f"Preempted by pod {uid} on node first"


def test_preemption_by_critical_pod(space: Space, kubelet: Kubelet, levels: list[str]) -> None:
    for name, level in zip(NODES, levels, strict=False):
        run(space, name, 4, priorityClassName=level, nodeSelector={"kubernetes.io/hostname": name})
    critical = Space(space.cluster, "kube-system")
    with Bound(critical):
        run(critical, "critical", 4, priorityClassName="system-cluster-critical")
        assert is_leaving(space, "first")
        assert not is_leaving(space, "second")
        critical.delete("pods", "critical", {"gracePeriodSeconds": 0})
        space.cluster.gone(critical.path("pods", "critical"))


def test_disruption_condition(space: Space, kubelet: Kubelet, levels: list[str]) -> None:
    here = {"nodeSelector": {"kubernetes.io/hostname": "first"}}
    metadata = {"name": "victim", "finalizers": ["example.com/keep"]}
    space.create("pods", {"metadata": metadata, "spec": spec(5, priorityClassName=levels[0], **here)})
    eventually(lambda: place(space, "victim"), "the victim has a node")
    space.create("pods", {"metadata": {"name": "preemptor"}, "spec": spec(5, priorityClassName=levels[2], **here)})
    eventually(lambda: is_leaving(space, "victim"), "the victim leaves")
    conditions = {entry["type"]: entry for entry in space.get("pods", "victim")["status"]["conditions"]}
    target = conditions["DisruptionTarget"]
    assert (target["status"], target["reason"]) == ("True", "PreemptionByScheduler")
    assert target["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    assert space.get("pods", "preemptor")["status"]["nominatedNodeName"] == "first"
    space.patch("pods", "victim", {"metadata": {"finalizers": None}})
    eventually(lambda: place(space, "preemptor") == "first", "the room is there")
    assert "nominatedNodeName" not in space.get("pods", "preemptor")["status"]


def test_replica_sets_of_four_priorities(space: Space, kubelet: Kubelet, levels: list[str]) -> None:
    def ready(name: str) -> int:
        return int(space.get("apps/v1/replicasets", name)["status"].get("readyReplicas", 0))

    def create(name: str, replicas: int, amount: int, level: str) -> None:
        labels = {"name": name}
        here = {"kubernetes.io/hostname": "first"}
        template = {"metadata": {"labels": labels}, "spec": spec(amount, priorityClassName=level, nodeSelector=here)}
        body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        space.create("apps/v1/replicasets", {"metadata": {"name": name}, "spec": body})

    for name, level in (("one", 0), ("two", 1), ("three", 2)):
        create(name, 1, 1, levels[level])
        eventually(lambda name=name: ready(name) == 1, f"{name} runs")  # type: ignore[misc]
    create("four", 1, 4, levels[3])
    eventually(lambda: ready("four") == 1, "the last one has taken the place of the first two")
    eventually(
        lambda: (ready("one"), ready("two"), ready("three")) == (0, 0, 1), "those of the lowest priority are gone"
    )
