"""Whether a container that has ended is started again."""

from datetime import UTC, datetime

import pytest

from operators.pod.lifecycle import ending, policy
from operators.pod.lifecycle.ending import Ending


def pod(restart=None, **container):
    spec = {"containers": [{"name": "app", **container}]}
    return {"spec": {**spec, **({"restartPolicy": restart} if restart else {})}}


def rule(operator, *values, action="Restart"):
    return {"action": action, "exitCodes": {"operator": operator, "values": list(values)}}


@pytest.mark.parametrize(
    ("restart", "own", "role", "expected"),
    [
        (None, {}, "container", "Always"),
        ("OnFailure", {}, "container", "OnFailure"),
        ("Always", {"restartPolicy": "Never"}, "container", "Never"),
        ("Never", {"restartPolicy": "OnFailure"}, "container", "OnFailure"),
        ("Always", {}, "init", "OnFailure"),
        ("Never", {}, "init", "Never"),
        ("Always", {"restartPolicy": "Never"}, "init", "Never"),
        ("Never", {"restartPolicy": "Always"}, "sidecar", "Always"),
        ("Always", {}, "ephemeral", "Never"),
    ],
)
def test_policy(restart, own, role, expected):
    given = pod(restart, **own)
    assert policy.of(given, given["spec"]["containers"][0], role) == expected


@pytest.mark.parametrize(
    ("restart", "rules", "restarting", "staying"),
    [
        ("Never", [], [], [0, 1, 137]),
        ("Never", [rule("In", 42)], [42], [0, 41]),
        ("Never", [rule("NotIn", 0, 3)], [1, 137, 255], [0, 3]),
        ("Never", [rule("In", 3), rule("In", 4)], [3, 4], [5]),
        ("OnFailure", [rule("In", 0)], [0, 1], []),
        ("Never", [rule("In", 42, action="SomethingNewer")], [], [42]),
    ],
)
def test_rules(restart, rules, restarting, staying):
    given = pod("Always", restartPolicy=restart, restartPolicyRules=rules)
    spec = given["spec"]["containers"][0]
    assert [code for code in restarting if not policy.restarts(given, spec, "container", code)] == []
    assert [code for code in staying if policy.restarts(given, spec, "container", code)] == []


def test_what_runs_once_is_only_what_nothing_restarts():
    assert policy.runs_once(pod("Never"))
    assert not policy.runs_once(pod("OnFailure"))
    assert not policy.runs_once(pod("Never", restartPolicy="Never", restartPolicyRules=[rule("In", 1)]))


BEGUN = "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("seconds", "begun", "second", "is_due"),
    [(10, BEGUN, 14, False), (10, BEGUN, 15, True), (None, BEGUN, 59, False), (1, None, 59, False)],
)
def test_a_deadline(seconds, begun, second, is_due):
    given = {"spec": {"activeDeadlineSeconds": seconds}, "status": {"startTime": begun} if begun else {}}
    found = ending.overdue(given, datetime(2026, 1, 2, 3, 4, second, tzinfo=UTC))
    assert (found is not None) is is_due
    if found:
        text = "Pod was active on the node longer than the specified deadline"
        assert (found.reason, found.message) == ("DeadlineExceeded", text)


def test_an_ending_is_read_back_and_damage_is_none():
    why = Ending("Evicted", "The node was low on resource: memory.", 0, "TerminationByKubelet")
    assert ending.load(ending.dump(why)) == why
    assert [ending.load(text) for text in ("", "{", "[]", '{"reason": 1}')] == [None] * 4
