"""The machine's clock jumps: Pods run on, and others start, are probed and end as if it had not."""

import time
from collections.abc import Iterator

import pytest

from tests.node.pods import FOREVER, Pods, container
from tests.vm.conftest import TestVm

HOUR = 3600


@pytest.fixture
def clock(vm: TestVm) -> Iterator[TestVm]:
    yield vm
    vm.run("date", "-s", f"@{int(time.time())}")


@pytest.mark.long
@pytest.mark.parametrize("seconds", [6 * HOUR, -20 * 60], ids=["ahead", "back"])
def test_a_jump(clock: TestVm, namespace: str, seconds: int) -> None:
    vm, pods, name = clock, Pods(clock, namespace), f"jump{'-' if seconds < 0 else ''}{abs(seconds)}"
    probe = {"exec": {"command": ["true"]}, "periodSeconds": 5, "initialDelaySeconds": 2, "timeoutSeconds": 30}
    pods.create(name, container("c", FOREVER, livenessProbe=probe, readinessProbe=probe))
    pods.wait_ready(name, 120)
    before = pods.status(name, "c")["containerID"]
    vm.run("date", "-s", f"@{int(vm.run('date', '+%s')) + seconds}")
    pods.create(f"{name}-new", container("c", FOREVER, readinessProbe=probe))
    pods.wait_ready(f"{name}-new", 120)
    entry = pods.status(name, "c")
    assert (entry["containerID"], entry["restartCount"], entry["ready"]) == (before, 0, True)
    for each in (name, f"{name}-new"):
        pods.delete(each)
    vm.wait_for("nothing is left", lambda: pods.traces() == [], 60)
