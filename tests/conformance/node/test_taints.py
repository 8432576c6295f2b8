"""Pods on a node that is tainted."""

import time
from collections.abc import Iterator

import pytest

from tests.conformance.cluster import Object
from tests.conformance.node.running import Running, container, pod

TAINT = {"key": "conformance.example.com/evict", "value": "now", "effect": "NoExecute"}
TOLERATED_SECONDS = 5


@pytest.fixture
def path(running: Running) -> Iterator[str]:
    """Of the node, which is as it was afterwards."""
    (name,) = running.cluster.names("/api/v1/nodes")
    path = f"/api/v1/nodes/{name}"
    yield path
    running.cluster.change(path, untainted)


def tainted(found: Object) -> None:
    found["spec"].setdefault("taints", []).append(TAINT)


def untainted(found: Object) -> None:
    found["spec"]["taints"] = [taint for taint in found["spec"].get("taints", ()) if taint["key"] != TAINT["key"]]


def test_a_taint_that_goes_evicts_nobody(running: Running, path: str) -> None:
    toleration = {"key": TAINT["key"], "effect": "NoExecute", "operator": "Exists"}
    tolerations = [{**toleration, "tolerationSeconds": TOLERATED_SECONDS}]
    running.start(pod("intolerant", container()), pod("tolerant", container(), tolerations=tolerations))
    running.ready("intolerant", "tolerant")
    running.cluster.change(path, tainted)
    began = time.monotonic()
    running.wait(
        lambda: (
            not running.cluster.exists(running.space.path("pods", "intolerant"))
            or "deletionTimestamp" in running.get("intolerant")["metadata"]
        ),
        "the other Pod is evicted",
        TOLERATED_SECONDS - 1,
    )
    running.cluster.change(path, untainted)
    assert time.monotonic() - began < TOLERATED_SECONDS
    time.sleep(TOLERATED_SECONDS + 2)
    assert "deletionTimestamp" not in running.get("tolerant")["metadata"]
    assert running.phase("tolerant") == "Running"
