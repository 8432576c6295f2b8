"""What is counted, and how it is written."""

from typing import Any

import pytest

from operators.resourcequota import plan, usage

RULE = {"scopeName": "PriorityClass", "operator": "In", "values": ["hi"]}


def pod(phase: str = "Running", qos: str = "Burstable", **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "resources": {"requests": {"cpu": "500m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}}}
    return {"spec": {"containers": [container], **spec}, "status": {"phase": phase, "qosClass": qos}}


@pytest.mark.parametrize(
    ("pods", "rules", "used"),
    [
        ([pod(), pod()], [], {"pods": "2", "cpu": "1", "requests.memory": "131072Ki", "limits.memory": "2097152Ki"}),
        ([pod("Succeeded")], [], {"pods": "0", "cpu": "0"}),
        ([pod(overhead={"cpu": "250m"})], [], {"requests.cpu": "750m"}),
        ([pod(initContainers=[{"resources": {"requests": {"cpu": "2"}}}])], [], {"cpu": "2"}),
        ([pod(), pod(qos="BestEffort")], [{"scopeName": "BestEffort", "operator": "Exists"}], {"pods": "1"}),
        ([pod(), pod(activeDeadlineSeconds=1)], [{"scopeName": "Terminating", "operator": "Exists"}], {"pods": "1"}),
        ([pod(), pod(priorityClassName="hi")], [RULE], {"pods": "1"}),
    ],
)
def test_pods(pods: list[Any], rules: list[Any], used: dict[str, str]) -> None:
    total = usage.Total()
    usage.pods(pods, rules, total)
    assert {name: total.text(name) for name in used} == used


def test_services_and_claims() -> None:
    total = usage.Total()
    usage.services([{"spec": {"type": "LoadBalancer", "ports": [{}, {}]}}, {"spec": {"type": "ClusterIP"}}], total)
    spec = {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}}
    usage.claims([{"metadata": {}, "spec": spec}, {"metadata": {}, "spec": {"resources": {}}}], total)
    names = ("services", "services.nodeports", "services.loadbalancers", "persistentvolumeclaims", "requests.storage")
    assert [total.text(name) for name in names] == ["2", "2", "1", "2", "1048576Ki"]
    assert total.text("gold.storageclass.storage.k8s.io/persistentvolumeclaims") == "1"


def test_where_to_look() -> None:
    found = plan.sources(["count/jobs.batch", "secrets", "services.nodeports", "requests.nvidia.com/gpu"])
    assert found.numbers == {"count/jobs.batch": ("batch", "jobs"), "secrets": ("", "secrets")}
    assert (found.pods, found.services, found.claims) == (True, True, False)


def test_status_compares_values() -> None:
    quota = {"spec": {"hard": {"pods": "1", "memory": "1Gi"}}, "status": {"hard": {"pods": "1", "memory": "1024Mi"}}}
    wanted = plan.status(quota, {"pods": "0"})
    assert wanted == {"hard": {"pods": "1", "memory": "1Gi"}, "used": {"pods": "0"}}
    assert not plan.is_current(quota, wanted)
    quota["status"]["used"] = {"pods": "0"}
    assert plan.is_current(quota, wanted)
