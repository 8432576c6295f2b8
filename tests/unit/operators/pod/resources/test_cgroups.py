"""Requests and limits as cgroup values."""

from typing import Any

import pytest

from operators.pod.resources import cgroups, oom
from operators.pod.status import qos


def container(name: str = "c", **resources: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "resources": resources}


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"containers": list(containers), **spec}}


@pytest.mark.parametrize(
    ("shares", "weight"),
    [(0, 1), (2, 1), (3, 2), (102, 17), (512, 59), (1024, 100), (2048, 174), (262144, 10000), (300000, 10000)],
)
def test_weight(shares: int, weight: int) -> None:
    assert cgroups.weight_of(shares) == weight


@pytest.mark.parametrize(
    ("given", "weight", "quota", "memory"),
    [
        (pod(container()), 1, None, None),
        (pod(container(requests={"cpu": "100m"})), 17, None, None),
        (pod(container(limits={"cpu": "2", "memory": "64Mi"})), 174, 200_000, 64 << 20),
        (pod(container(limits={"cpu": "1m"})), 1, 1000, None),
        # Limited as a whole, which holds for each of its containers.
        (pod(container(requests={"cpu": "1"}), resources={"limits": {"memory": "1Gi"}}), 100, None, 1 << 30),
        (pod(container(limits={"memory": "1Mi"}), resources={"limits": {"memory": "1Gi"}}), 1, None, 1 << 20),
    ],
)
def test_container(given: dict[str, Any], weight: int, quota: int | None, memory: int | None) -> None:
    values = cgroups.of_container(given, given["spec"]["containers"][0])
    assert (values.weight, values.quota, values.memory) == (weight, quota, memory)


@pytest.mark.parametrize(
    ("given", "weight", "quota", "memory"),
    [
        (pod(container()), 1, None, None),
        # Only when every container is limited is the Pod.
        (pod(container(limits={"cpu": "1"}), container("d")), 1, None, None),
        (pod(container(limits={"cpu": "1"}), container("d", limits={"cpu": "500m"})), 1, 150_000, None),
        (
            pod(
                container(requests={"cpu": "500m"}, limits={"memory": "1Gi"}),
                container("d", requests={"cpu": "500m"}, limits={"memory": "1Gi"}),
                initContainers=[container("i", limits={"memory": "3Gi"})],
            ),
            100,
            None,
            3 << 30,
        ),
        (pod(container(), resources={"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}), 100, 200_000, None),
        (
            pod(container(requests={"cpu": "1"}, limits={"cpu": "1"}), overhead={"cpu": "1", "memory": "1Gi"}),
            174,
            200_000,
            None,
        ),
    ],
)
def test_pod(given: dict[str, Any], weight: int, quota: int | None, memory: int | None) -> None:
    values = cgroups.of_pod(given, qos.compute(given))
    assert (values.weight, values.quota, values.memory) == (weight, quota, memory)


def test_huge_pages_by_the_kernels_name() -> None:
    given = pod(container(limits={"hugepages-2Mi": "4Mi", "hugepages-1Gi": "1Gi", "memory": "1Gi"}))
    assert cgroups.of_container(given, given["spec"]["containers"][0]).huge_pages == {"2MB": 4 << 20, "1GB": 1 << 30}


def test_properties_of_a_unit() -> None:
    assert cgroups.properties(cgroups.Values(7, 12_340, 1 << 20)) == [
        ("CPUWeight", "7"),
        ("CPUQuota", "12.34%"),
        ("MemoryMax", "1048576"),
    ]
    assert cgroups.properties(cgroups.Values(7, 200_000)) == [("CPUWeight", "7"), ("CPUQuota", "200%")]


def test_files_of_a_group_without_limits_say_so() -> None:
    assert dict(cgroups.files(cgroups.Values(7))) == {
        "cpu.weight": "7",
        "cpu.max": "max 100000",
        "memory.max": "max",
    }


_GI = 1 << 30


@pytest.mark.parametrize(
    ("given", "score"),
    [
        (pod(container()), 1000),
        (pod(container(limits={"cpu": "1", "memory": "1Gi"}, requests={"cpu": "1", "memory": "1Gi"})), -997),
        (pod(container(requests={"memory": "1Gi"})), 900),
        (pod(container(requests={"memory": "1"})), 999),
        (pod(container(requests={"memory": "20Gi"})), 3),
        (pod(container(), priority=2_000_001_000, priorityClassName="system-node-critical"), -997),
        (pod(container(), priority=2_000_000_000, priorityClassName="system-cluster-critical"), 1000),
        # What the Pod requests beyond its containers counts for each of them in equal parts.
        (pod(container(), container("d"), resources={"requests": {"memory": "2Gi"}}), 900),
    ],
)
def test_oom_score(given: dict[str, Any], score: int) -> None:
    assert oom.score(given, given["spec"]["containers"][0], qos.compute(given), 10 * _GI) == score


def test_a_sidecar_is_not_ended_before_what_it_serves() -> None:
    sidecar = {**container("s"), "restartPolicy": "Always"}
    given = pod(container(requests={"memory": "5Gi"}), initContainers=[sidecar])
    assert oom.score(given, sidecar, qos.compute(given), 10 * _GI) == 500


def test_the_slice_has_memory_for_podman_too() -> None:
    limited = container(limits={"memory": "64Mi"})
    given = pod(limited, limited, initContainers=[limited])
    assert cgroups.of_slice(given, "Burstable").memory == (128 + 3 * 32) << 20
    assert cgroups.of_slice(pod(limited, container("d")), "Burstable").memory is None
