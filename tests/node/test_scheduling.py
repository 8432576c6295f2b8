"""Preemption and autoscaling where containers run."""

import json

import pytest

from tests.node.pods import Pods, container


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def test_a_pod_of_higher_priority_takes_the_place_of_another(node, pods):
    cpu = node.json("get", "nodes")["items"][0]["status"]["allocatable"]["cpu"]
    half = f"{int(cpu.removesuffix('m')) * (1 if cpu.endswith('m') else 1000) * 6 // 10}m"
    need = {"resources": {"requests": {"cpu": half}}}
    node.apply(json.dumps({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
                           "metadata": {"name": "urgent"}, "value": 1000}))  # fmt: skip
    try:
        pods.create("low", container("app", "trap 'exit 0' TERM; sleep 1000 & wait", **need))
        pods.wait_ready("low")
        pods.create("high", container("app", "sleep 1000", **need), priorityClassName="urgent")
        pods.wait_ready("high")
        reasons = [reason for reason, _ in pods.events("low")]
        assert "Preempted" in reasons
        assert pods.get("high")["status"].get("nominatedNodeName") is None
    finally:
        node.kubectl("delete", "priorityclass", "urgent")


def test_autoscaler_by_what_the_kubelet_says(node, pods):
    labels = {"app": "busy"}
    busy = container("app", "while :; do :; done", resources={"requests": {"cpu": "20m"}, "limits": {"cpu": "60m"}})
    template = {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [busy]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    named = {"name": "busy", "namespace": pods.namespace}
    node.apply(json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": spec}))
    node.kubectl("autoscale", "deployment", "busy", "-n", pods.namespace, "--cpu=100%", "--min=1", "--max=2")

    def size() -> int:
        return int(node.json("get", "deployment", "busy", "-n", pods.namespace)["spec"]["replicas"])

    try:
        node.wait_for("it is scaled up", lambda: size() == 2, timeout=60)
        events = node.json("get", "events", "-n", pods.namespace, "--field-selector=reason=SuccessfulRescale")["items"]
        reason = "cpu resource utilization (percentage of request) above target"
        assert [event["message"] for event in events] == [f"New size: 2; reason: {reason}"]
    finally:
        node.kubectl("delete", "hpa,deployment", "busy", "-n", pods.namespace)
