"""StatefulSets and DaemonSets with their operators. The test is the kubelet."""

import time
from collections.abc import Iterator

import pytest

from tests.conformance.cluster import STRATEGIC, Object, Space, eventually
from tests.conformance.kinds import containers, workload
from tests.conformance.kubelet import Kubelet, is_ready

STATEFUL, DAEMONS = "apps/v1/statefulsets", "apps/v1/daemonsets"
# What is not done within this is not done at all: the operator needs a few hundredths.
STILL_SECONDS = 0.7


def ready(space: Space, count: int) -> bool:
    return sum(is_ready(pod) for pod in space.items("pods")) == count == len(space.names("pods"))


def sicken(space: Space, kubelet: Kubelet) -> None:
    """All Pods become unready, and none becomes ready again before the kubelet goes on."""
    kubelet.paused = True
    time.sleep(0.1)
    for name in space.names("pods"):
        conditions = [{"type": "Ready", "status": "False"}]
        space.patch("pods", name, {"status": {"conditions": conditions}}, STRATEGIC, "status")


def scale(space: Space, replicas: int) -> None:
    space.patch(STATEFUL, "web", {"spec": {"replicas": replicas}})

    def seen() -> bool:
        found = space.get(STATEFUL, "web")
        return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])

    eventually(seen, f"the operator has seen it: {space.get(STATEFUL, 'web')}")


def test_scaling_is_in_order_and_waits_for_the_sick(space: Space, kubelet: Kubelet) -> None:
    with space.cluster.watch(space.path("pods"), timeoutSeconds="60") as watch:
        space.create(STATEFUL, {"metadata": {"name": "web"}} | workload(replicas=1, serviceName="web"))
        watch.until("ADDED", "web-0")
        eventually(lambda: ready(space, 1), "the first is ready")
        sicken(space, kubelet)
        scale(space, 3)
        time.sleep(STILL_SECONDS)
        assert space.names("pods") == ["web-0"]
        kubelet.paused = False
        assert [watch.until("ADDED")["metadata"]["name"] for _ in range(2)] == ["web-1", "web-2"]
        eventually(lambda: ready(space, 3), "all are ready")
        sicken(space, kubelet)
        scale(space, 0)
        time.sleep(STILL_SECONDS)
        assert len(space.names("pods")) == 3
        kubelet.paused = False
        assert [watch.until("DELETED")["metadata"]["name"] for _ in range(3)] == ["web-2", "web-1", "web-0"]


@pytest.fixture
def daemon(space: Space, kubelet: Kubelet) -> Iterator[Object]:
    """The one Pod of a DaemonSet for a Node of the test's own."""
    nodes = "/api/v1/nodes"
    space.cluster.create(nodes, {"metadata": {"name": space.name, "labels": {"for": space.name}}})
    space.cluster.patch(f"{nodes}/{space.name}", {"spec": {"taints": None}})
    spec = containers() | {"nodeSelector": {"for": space.name}}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": spec}
    space.create(DAEMONS, {"metadata": {"name": "daemon"}} | workload(template=template))
    eventually(lambda: status(space).get("numberReady") == 1, "it runs")
    yield space.items("pods")[0]
    space.cluster.delete(f"{nodes}/{space.name}")


def status(space: Space) -> Object:
    found = space.get(DAEMONS, "daemon")["status"]
    assert isinstance(found, dict)
    return found


def replaced(space: Space, pod: Object) -> None:
    uid = pod["metadata"]["uid"]
    eventually(lambda: uid not in [found["metadata"]["uid"] for found in space.items("pods")], "the old Pod is gone")
    eventually(lambda: ready(space, 1), "there is another")
    eventually(lambda: status(space).get("numberAvailable") == 1, "the DaemonSet says so")


def test_daemons_that_are_deleted_are_replaced(space: Space, daemon: Object) -> None:
    assert (status(space)["desiredNumberScheduled"], status(space)["currentNumberScheduled"]) == (1, 1)
    space.delete("pods", daemon["metadata"]["name"])
    replaced(space, daemon)
    space.delete(DAEMONS, "daemon", {"propagationPolicy": "Background"})
    eventually(lambda: not space.names("pods"), "no Pods are left")


def test_daemons_that_fail_are_replaced(space: Space, daemon: Object) -> None:
    conditions = [{"type": name, "status": "False"} for name in ("Ready", "ContainersReady")]
    failed = {"status": {"phase": "Failed", "conditions": conditions}}
    space.patch("pods", daemon["metadata"]["name"], failed, STRATEGIC, "status")
    replaced(space, daemon)
