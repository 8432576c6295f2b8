from typing import Any

import pytest

from operators._kube import podresources
from operators.binder import resources

from .build import node, pod

BOTH = ["Insufficient cpu", "Insufficient memory"]


def container(cpu: str, *, always: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {"name": cpu, "resources": {"requests": {"cpu": cpu}}}
    return {**found, "restartPolicy": "Always"} if always else found


@pytest.mark.parametrize(
    ("spec", "milli"),
    [
        ({"containers": [container("1"), container("500m")]}, 1500),
        ({"containers": [container("1")], "initContainers": [container("3")]}, 3000),
        ({"containers": [container("1")], "initContainers": [container("500m"), container("200m")]}, 1000),
        # a sidecar runs beside the containers, and beside the init containers after it
        ({"containers": [container("1")], "initContainers": [container("2", always=True)]}, 3000),
        ({"containers": [container("1")], "initContainers": [container("2", always=True), container("3")]}, 5000),
        ({"containers": [container("1")], "initContainers": [container("3"), container("2", always=True)]}, 3000),
        ({"containers": [container("1")], "overhead": {"cpu": "250m"}}, 1250),
        ({"containers": [container("1")], "resources": {"requests": {"cpu": "4"}}}, 4000),
        ({"containers": [{"name": "c"}]}, 0),
        ({"containers": [container("0")]}, 0),
    ],
)
def test_requests(spec: dict[str, Any], milli: int) -> None:
    given = pod()
    given["spec"] = spec
    assert podresources.requests(given)["cpu"] == milli


@pytest.mark.parametrize(
    ("requests", "others", "reasons", "hopeless"),
    [
        ({}, [], [], False),
        ({"cpu": "2"}, [], [], False),
        ({"cpu": "2001m"}, [], ["Insufficient cpu"], True),
        ({"cpu": "1500m"}, [{"cpu": "1"}], ["Insufficient cpu"], False),
        (
            {"memory": "3Gi", "cpu": "1500m"},
            [{"cpu": "1", "memory": "2Gi"}],
            ["Insufficient cpu", "Insufficient memory"],
            False,
        ),
        ({"memory": "5Gi"}, [], ["Insufficient memory"], True),
        ({"example.com/gpu": "1"}, [], ["Insufficient example.com/gpu"], True),
        ({"ephemeral-storage": "1"}, [], ["Insufficient ephemeral-storage"], True),
        ({"cpu": "0"}, [{"cpu": "2"}], [], False),
        ({"memory": "1"}, [{"cpu": "2"}], [], False),
    ],
)
def test_lacking(requests: dict[str, str], others: list[dict[str, str]], reasons: list[str], hopeless: bool) -> None:
    present = [pod(f"o{n}", requests=given) for n, given in enumerate(others)]
    assert resources.lacking(pod(requests=requests), node(), present) == (reasons, hopeless)


def test_too_many_pods() -> None:
    full = node(pods="2")
    assert resources.lacking(pod(), full, [pod("a")]) == ([], False)
    assert resources.lacking(pod(), full, [pod("a"), pod("b")]) == (["Too many pods"], False)
    assert resources.lacking(pod(requests={"cpu": "9"}), full, [pod("a"), pod("b")]) == (
        ["Too many pods", "Insufficient cpu"],
        True,
    )


def test_a_pod_that_has_changed_is_counted_anew() -> None:
    for version, cpu, fits in (("1", "1500m", False), ("2", "500m", True), ("1", "1500m", False)):
        other = pod("o", requests={"cpu": cpu})
        other["metadata"]["resourceVersion"] = version
        reasons, _ = resources.lacking(pod(requests={"cpu": "1"}), node(), [other])
        assert (reasons == []) == fits
