"""Recorded exits and what a container is doing."""

import pytest

from operators._node.ports import UnitState
from operators.pod.lifecycle import exits, observer, view
from operators.pod.lifecycle.exits import Exit


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [
        ("inv success exited 0 abc 10.5 20.5", 0, "Completed"),
        ("inv exit-code exited 3 abc 10 20", 3, "Error"),
        ("inv signal killed KILL abc 10 20", 137, "Error"),
        ("inv signal killed RTMIN abc 10 20", 128 + 34, "Error"),
        ("inv oom-kill exited 137 abc 10 20", 137, "OOMKilled"),
        ("inv exit-code exited 127 - 0 20", 128, "StartError"),
        ("inv unknown none none - 10 20", 255, "Error"),
    ],
)
def test_record(line, code, reason):
    (found,) = exits.parse(line + "\n")
    assert (found.code, found.reason) == (code, reason)


def test_damaged_lines_are_skipped():
    assert exits.parse("half a li\n\ninv success exited 0 abc x 2\n") == []


def state(active, sub="", invocation="i2", result="success"):
    return UnitState(active, sub, result, invocation=invocation, started=100.0, exited=110.0)


BEFORE = (Exit("i1", "exit-code", 1, "c1", 1.0, 2.0),)
SAME = (*BEFORE, Exit("i2", "success", 0, "c2", 100.0, 110.0))


@pytest.mark.parametrize(
    ("role", "unit", "has_pid", "ended", "doing", "runs_before"),
    [
        ("container", None, False, (), "absent", 0),
        ("container", None, False, BEFORE, "exited", 0),
        ("container", state("inactive", "dead"), False, (), "absent", 0),
        ("container", state("failed", "failed"), False, SAME, "exited", 1),
        ("container", state("activating", "start"), False, (), "starting", 0),
        ("container", state("activating", "start"), True, (), "starting", 0),
        ("container", state("active", "running"), True, BEFORE, "running", 1),
        ("container", state("activating", "auto-restart"), False, BEFORE, "backoff", 0),
        ("container", state("activating", "auto-restart-queued"), False, SAME, "backoff", 1),
        ("container", state("deactivating", "stop"), True, (), "running", 0),
        ("container", state("deactivating", "stop-post"), False, SAME, "exited", 1),
        ("init", state("activating", "start"), False, (), "starting", 0),
        ("init", state("activating", "start"), True, (), "running", 0),
        ("init", state("active", "exited"), True, (), "exited", 0),
        ("init", state("active", "exited"), True, BEFORE, "exited", 1),
        ("sidecar", state("active", "running"), True, (), "running", 0),
    ],
)
def test_observe(role, unit, has_pid, ended, doing, runs_before):
    found = view.observe(role, unit, "c2", has_pid, ended)
    assert (found.doing, found.runs_before) == (doing, runs_before)


def test_an_init_container_that_is_done_has_ended_well():
    found = view.observe("init", state("active", "exited"), "c2", True, ())
    assert found.exits == (Exit("i2", "success", 0, "c2", 100.0, 110.0),)


@pytest.mark.parametrize(
    ("line", "is_created"),
    [
        ("inv exit-code exited 125 - 0 20", False),  # podman's own error
        ("inv exit-code none none - 0 20", False),  # what comes before podman has failed
        ("inv exit-code exited 127 - 0 20", True),
        ("inv exit-code exited 125 abc 10 20", True),
    ],
)
def test_whether_a_container_came_of_it(line, is_created):
    (found,) = exits.parse(line)
    assert found.is_created is is_created


def test_what_was_never_made_is_no_restart():
    failed = Exit("i", "exit-code", 128, "", 0.0, 2.0, is_created=False)
    assert view.View("running", exits=(failed, failed)).runs_before == 0
    assert view.View("backoff", exits=(*BEFORE, failed)).runs_before == 0


def test_the_end_of_a_log():
    lines = ["t stdout F one", "t stdout P tw", "t stderr F o", "t stdout P DONE"]
    assert observer.plain(lines) == "one\ntwo\nDONE"
    assert len(observer.plain(["t stdout F " + "x" * 5000])) == 2048


def test_runs_without_a_record_count_too():
    assert exits.forgotten("+12\ninv exit-code exited 3 abc 10 20\n") == 12
    assert [exits.forgotten(text) for text in ("", "inv exit-code exited 3 abc 10 20\n", "+x\n")] == [0, 0, 0]
    assert view.View("running", exits=BEFORE, forgotten=12).runs_before == 13
