"""What a Pod asks of a node."""

from typing import Any

from operators._kube import podresources


def container(name: str, cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "resources": {"requests": {"cpu": cpu}}, **more}


def test_limits_are_summed_and_hold_only_where_all_are_limited() -> None:
    limited = {"name": "a", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    pod = {"spec": {"containers": [limited, {"name": "b", "resources": {"limits": {"cpu": "2"}}}]}}
    assert podresources.limits(pod) == {"cpu": 3000, "memory": 1 << 30}
    assert podresources.are_limited(pod, "cpu")
    assert not podresources.are_limited(pod, "memory")
    assert podresources.are_limited({"spec": {**pod["spec"], "resources": {"limits": {"memory": "1Gi"}}}}, "memory")


def test_while_it_is_resized_a_pod_takes_the_larger_of_both_sizes() -> None:
    pod = {"spec": {"containers": [container("a", "3"), container("b", "1")]}}
    assert podresources.reserved(pod)["cpu"] == 4000
    small = {"name": "a", "allocatedResources": {"cpu": "1"}, "resources": {"requests": {"cpu": "2"}}}
    large = {"name": "a", "allocatedResources": {"cpu": "5"}}
    assert podresources.reserved({**pod, "status": {"containerStatuses": [small]}})["cpu"] == 4000
    assert podresources.reserved({**pod, "status": {"containerStatuses": [large]}})["cpu"] == 6000
    infeasible = [{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}]
    status = {"containerStatuses": [small], "conditions": infeasible}
    assert podresources.reserved({**pod, "status": status})["cpu"] == 3000
