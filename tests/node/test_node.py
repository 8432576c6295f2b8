"""The Node object, cordon and drain, and NoExecute taints, with a real kubectl."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import Pods, container


@pytest.fixture
def clean(node: TestNode) -> Iterator[None]:
    yield
    node.kubectl("uncordon", node.name, check=False)
    node.kubectl("taint", "node", node.name, "fault-", check=False)


def reasons(node: TestNode) -> set[str]:
    events = node.json("get", "events", "-n", "default")["items"]
    return {event["reason"] for event in events if event["involvedObject"].get("kind") == "Node"}


def test_what_the_node_says_of_itself(node: TestNode) -> None:
    found = node.json("get", "node", node.name)
    status = found["status"]
    info = status["nodeInfo"]
    assert info["kernelVersion"] == node.read("/proc/sys/kernel/osrelease").strip()
    assert info["bootID"] == node.read("/proc/sys/kernel/random/boot_id").strip()
    assert info["kubeletVersion"].startswith("v1.36.")
    assert info["containerRuntimeVersion"].startswith("podman://5.")
    assert {"features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}} in status["runtimeHandlers"]
    assert status["features"] == {"supplementalGroupsPolicy": True}
    assert {c["type"]: c["status"] for c in status["conditions"]}["Ready"] == "True"
    assert found["metadata"]["annotations"]["volumes.kubernetes.io/controller-managed-attach-detach"] == "true"
    assert {"Starting", "NodeAllocatableEnforced", "RegisteredNode"} <= reasons(node)
    described = node.kubectl("describe", "node", node.name).stdout
    assert "Starting kubelet." in described and "in Controller" in described


def test_cordon_and_drain(node: TestNode, namespace: str, clean: None) -> None:
    pods = Pods(node, namespace)
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {
        "terminationGracePeriodSeconds": 1, "containers": [container("c")]}}  # fmt: skip
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    pods.apply({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"}, "spec": spec})
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    pods.apply({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": budget})
    pods.create("bare", container("c"))
    pods.wait_ready("bare")
    node.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod", "-l", "app=web", "--timeout=30s")

    node.kubectl("cordon", node.name)
    node.wait_for("told", lambda: "NodeNotSchedulable" in reasons(node))
    node.wait_for(
        "tainted", lambda: "unschedulable" in json.dumps(node.json("get", "node", node.name)["spec"]["taints"])
    )
    drain = ["drain", node.name, "--ignore-daemonsets", "--pod-selector=app=web", "--timeout=2s"]
    done = node.kubectl(*drain, check=False)
    assert done.returncode != 0 and "Cannot evict pod as it would violate the pod's disruption budget" in done.stderr
    done = node.kubectl("drain", node.name, "--pod-selector=app!=web", "--timeout=5s", check=False)
    assert "cannot delete" in done.stderr and "--force" in done.stderr
    node.kubectl("delete", "poddisruptionbudget", "b", "-n", namespace)
    node.kubectl(
        "drain", node.name, "--ignore-daemonsets", "--force", "--delete-emptydir-data", "--timeout=60s", timeout=70
    )
    left = node.json("get", "pods", "-n", namespace)["items"]
    assert [pod["status"]["phase"] for pod in left] == ["Pending"], "the ReplicaSet's next Pod waits"

    node.kubectl("uncordon", node.name)
    node.kubectl("wait", "-n", namespace, "--for=condition=Ready", "pod", "-l", "app=web", "--timeout=30s")
    node.wait_for("told", lambda: "NodeSchedulable" in reasons(node))


def tolerating(seconds: int) -> dict:
    toleration = {"key": "fault", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
    return {"tolerations": [toleration]}


def test_noexecute_taint_evicts_what_does_not_tolerate_it_or_not_for_long(
    node: TestNode, namespace: str, clean: None
) -> None:
    pods = Pods(node, namespace)
    pods.create("plain", container("c"))
    pods.create("short", container("c"), **tolerating(3))
    pods.create("long", container("c"), **tolerating(600))
    for name in ("plain", "short", "long"):
        pods.wait_ready(name)
    node.kubectl("taint", "node", node.name, "fault=yes:NoExecute")
    gone = lambda name: node.kubectl("get", "pod", name, "-n", namespace, check=False).returncode != 0  # noqa: E731
    node.wait_for("the one is gone", lambda: gone("plain"), timeout=10)
    assert not gone("short")
    node.wait_for("the other follows", lambda: gone("short"), timeout=15)
    assert pods.phase("long") == "Running"
    assert ("TaintManagerEviction", f"Marking for deletion Pod {namespace}/plain") in pods.events("plain")


def test_removing_taint_cancels_eviction(node: TestNode, namespace: str, clean: None) -> None:
    """NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive]."""
    pods = Pods(node, namespace)
    pods.create("stays", container("c"), **tolerating(4))
    pods.wait_ready("stays")
    node.kubectl("taint", "node", node.name, "fault=yes:NoExecute")
    time.sleep(2)
    node.kubectl("taint", "node", node.name, "fault-")
    time.sleep(4)
    assert pods.phase("stays") == "Running" and "deletionTimestamp" not in pods.get("stays")["metadata"]
    assert ("TaintManagerEviction", f"Cancelling deletion of Pod {namespace}/stays") in pods.events("stays")


def test_lifecycle_of_another_node(node: TestNode) -> None:
    """Node Lifecycle should run through the lifecycle of a node."""
    fake = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "fake", "labels": {"fake": "yes"}}}
    fake |= {"status": {"capacity": {"cpu": "1"}, "conditions": [{"type": "Ready", "status": "True"}]}}
    try:
        node.apply(json.dumps(fake))
        node.kubectl("label", "node", "fake", "patched=yes")
        assert len(node.json("get", "nodes", "-l", "patched=yes")["items"]) == 1
        node.kubectl("annotate", "node", "fake", "updated=yes")
        labels = node.json("get", "node", "fake")["metadata"]["labels"]
        assert "node-role.kubernetes.io/control-plane" not in labels
    finally:
        node.kubectl("delete", "node", "fake")
    assert node.kubectl("get", "node", "fake", check=False).returncode != 0
