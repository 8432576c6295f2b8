"""Eviction signals and their thresholds."""

from pathlib import Path

import pytest

from operators._node import pressure


def test_thresholds_are_kubelets_unless_said_otherwise() -> None:
    assert pressure.thresholds({}) == {
        "memory.available": "100Mi",
        "nodefs.available": "10%",
        "nodefs.inodesFree": "5%",
        "imagefs.available": "15%",
        "imagefs.inodesFree": "5%",
    }
    assert pressure.thresholds({"UKUBE_EVICTION_HARD": "memory.available<5%, pid.available<100"}) == {
        "memory.available": "5%",
        "pid.available": "100",
    }


@pytest.mark.parametrize("text", ["memory<5", "memory.available=5", "memory.available<x", "disk.available<5%"])
def test_a_threshold_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"UKUBE_EVICTION_HARD|quantity"):
        pressure.thresholds({"UKUBE_EVICTION_HARD": text})


@pytest.mark.parametrize(("text", "amount"), [("10%", 100), ("100", 100), ("1Ki", 1024), ("0.5%", 5)])
def test_amounts(text: str, amount: int) -> None:
    assert pressure.amount(text, 1000) == amount


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    found = {signal.name: signal for signal in pressure.read(pressure.thresholds({}), tmp_path)}
    memory = found["memory.available"]
    assert 0 < memory.available <= memory.capacity
    assert (memory.threshold, memory.resource, memory.condition) == (100 << 20, "memory", "MemoryPressure")
    assert "pid.available" not in found


def test_a_threshold_is_met_below_it() -> None:
    assert not pressure.Signal("memory.available", 100, 1000, 100).is_met
    assert pressure.Signal("memory.available", 99, 1000, 100).is_met
