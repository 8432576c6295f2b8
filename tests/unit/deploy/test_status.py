"""The rows of `ukube status`."""

from typing import Any

import pytest

from deploy import health, status


def service(name: str, **changes: Any) -> health.Service:
    values = {"active": "active", "sub": "running", "result": "success", "pid": 7, "restarts": 0, **changes}
    return health.Service(f"ukube-{name}.service", **values)


def probe(**changes: Any) -> dict[str, Any]:
    return {"processes": [], "health": {"operators": {}}, "units": [], **changes}


def process(unit: str, pss_kb: int, cpu: float, up: float) -> dict[str, Any]:
    return {"unit": f"ukube-{unit}.service", "pid": 7, "pss_kb": pss_kb, "cpu_seconds": cpu, "up_seconds": up}


def test_memory_and_cpu_of_all_processes_of_a_service_count() -> None:
    found = [process("operators", 1024, 1.0, 200.0), process("operators", 1024, 1.0, 100.0)]
    row = status.rows([service("operators")], probe(processes=found), [])[0]
    assert (row.what, row.memory_kb, row.cpu, row.ok) == ("operators", 2048, 1.0, True)


def test_a_service_that_is_down_is_shown_as_bad() -> None:
    row = status.rows([service("apiserver", active="failed", sub="failed", pid=0)], probe(), None)[0]
    assert (row.state, row.memory_kb, row.ok) == ("failed (failed)", None, False)


def test_every_operator_has_a_row_with_what_it_says() -> None:
    health_report = {"operators": {"pod": {"ok": False, "restarts": 2, "queued": 0}, "binder": {"ok": True}}}
    rows = {row.what: row for row in status.rows([], probe(health=health_report), [])}
    assert rows["operator binder"].ok
    assert not rows["operator pod"].ok
    assert rows["operator pod"].note == "restarts 2"


@pytest.mark.parametrize(
    ("pods", "state", "ok"),
    [
        (None, "unknown", False),
        ([], "none", True),
        ([{"status": {"phase": "Running"}}, {"status": {"phase": "Running"}}, {}], "2 Running, 1 Unknown", True),
    ],
)
def test_pods_are_counted_by_phase(pods: list[dict[str, Any]] | None, state: str, ok: bool) -> None:
    row = next(row for row in status.rows([], probe(), pods) if row.what == "Pods")
    assert (row.state, row.ok) == (state, ok)


def test_silent_operators_and_failed_units_are_bad() -> None:
    unit = {"unit": "ukube-a_b.service", "active": "failed", "sub": "failed", "restarts": 3}
    rows = status.rows([], probe(health=None, units=[unit]), [])
    assert [row.what for row in rows if not row.ok] == ["operators", "Pods' units"]
