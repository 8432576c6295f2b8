"""One round of a DaemonSet, and what many rounds lead to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators._kube import meta
from operators.daemonset import daemons, plan, status
from operators.daemonset.plan import Scene, Step

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CODE = "new"


def node(name: str, *taints: dict[str, str], **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}}


def set_(kind: str = "RollingUpdate", template: dict[str, Any] | None = None, **rolling: Any) -> dict[str, Any]:
    pod_spec = {"containers": [{"name": "c", "image": "i"}], **(template or {})}
    spec = {
        "selector": {"matchLabels": {"app": "d"}},
        "template": {"metadata": {"labels": {"app": "d"}}, "spec": pod_spec},
        "updateStrategy": {"type": kind, **({"rollingUpdate": rolling} if rolling else {})},
    }
    metadata = {"name": "d", "namespace": "ns", "uid": "set", "generation": 1}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec}


def pod(
    on: str, name: str = "", *, of: str = CODE, ready: bool = True, phase: str = "Running", going: bool = False
) -> Any:
    made = daemons.pod(set_(), node(on), of)
    named = name or f"d-{on}"
    made["metadata"] |= {"name": named, "uid": f"u-{named}", "creationTimestamp": "2026-01-01T10:00:00Z"}
    if going:
        made["metadata"]["deletionTimestamp"] = "2026-01-01T11:00:00Z"
    conditions = [{"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T10:00:00Z"}]
    return made | {"status": {"phase": phase, "conditions": conditions}}


def scene(*nodes: dict[str, Any], **failures: int) -> Scene:
    return Scene(nodes, CODE, NOW, failures)


def done(step: Step) -> list[str]:
    made = [f"+{daemons.node_of(create.body)}" for create in step.creates]
    return made + [f"-{action.name}" for action in step.deletes]


A, B, C = node("a"), node("b"), node("c")
NO_EXECUTE = {"key": "k", "effect": "NoExecute"}
NO_SCHEDULE = {"key": "k", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("given_set", "nodes", "pods", "expected"),
    [
        (set_(), [A, B], [], ["+a", "+b"]),
        (set_(), [A, B], [pod("a")], ["+b"]),
        (set_(), [A], [pod("a"), pod("a", "second")], ["-second"]),
        (set_(), [A], [pod("a"), pod("gone")], ["-d-gone"]),
        (set_(), [A], [pod("a", going=True)], []),
        (set_(), [A], [pod("a", phase="Failed")], ["-d-a"]),
        (set_(), [A], [pod("a", phase="Succeeded")], ["-d-a"]),
        (set_(template={"nodeSelector": {"color": "red"}}), [A, node("r", color="red")], [pod("a")], ["+r", "-d-a"]),
        (set_(template={"nodeName": "b"}), [A, B], [], ["+b"]),
        (set_(), [node("a", NO_SCHEDULE)], [], []),
        (set_(), [node("a", NO_SCHEDULE)], [pod("a")], []),
        (set_(), [node("a", NO_EXECUTE)], [pod("a")], ["-d-a"]),
        (set_(template={"tolerations": [{"operator": "Exists"}]}), [node("a", NO_EXECUTE)], [], ["+a"]),
        (set_(), [A, B], [pod("a", of="old"), pod("b", of="old")], ["-d-a"]),
        (set_(maxUnavailable=2), [A, B], [pod("a", of="old"), pod("b", of="old")], ["-d-a", "-d-b"]),
        (set_(maxUnavailable="50%"), [A, B, C], [pod(n, of="old") for n in "abc"], ["-d-a", "-d-b"]),
        (set_(), [A, B], [pod("a", ready=False), pod("b", of="old")], []),
        (set_(), [A, B], [pod("a", of="old", ready=False), pod("b", of="old")], ["-d-a"]),
        (set_("OnDelete"), [A], [pod("a", of="old")], []),
        (set_(maxSurge=1, maxUnavailable=0), [A, B], [pod("a", of="old"), pod("b", of="old")], ["+a"]),
        (
            set_(maxSurge=1, maxUnavailable=0),
            [A, B],
            [pod("a", of="old"), pod("a", "n", ready=False), pod("b", of="old")],
            [],
        ),
        (set_(maxSurge=1, maxUnavailable=0), [A], [pod("a", of="old"), pod("a", "n")], ["-d-a"]),
    ],
)
def test_one_round(given_set, nodes, pods, expected):
    assert done(plan.step(given_set, pods, scene(*nodes))) == expected


def test_a_failed_pod_waits_longer_each_time():
    young = pod("a", phase="Failed")
    young["metadata"]["creationTimestamp"] = "2026-01-01T11:59:59Z"
    step = plan.step(set_(), [young], scene(A, a=5))
    assert (done(step), step.again) == ([], 15.0)
    assert [event.reason for event in plan.step(set_(), [young], scene(A, a=1)).events] == ["FailedDaemonPod"]


def test_the_pod_is_bound_to_its_node_and_endures_what_daemons_do():
    made = daemons.pod(set_(template={"hostNetwork": True, "affinity": {"podAffinity": {}}}), A, CODE)
    spec = made["spec"]
    assert daemons.node_of(made) == "a"
    assert "podAffinity" in spec["affinity"]
    assert {t["key"].removeprefix("node.kubernetes.io/") for t in spec["tolerations"]} == {
        "not-ready",
        "unreachable",
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
        "network-unavailable",
    }
    assert daemons.node_of(daemons.slim(made | {"kind": "Pod"})) == "a"


def test_status():
    pods = [pod("a"), pod("b", of="old", ready=False), pod("x")]
    found = status.compute(set_(), pods, scene(A, B, C, node("x", NO_SCHEDULE)))
    assert found == {
        "currentNumberScheduled": 2,
        "numberMisscheduled": 1,
        "desiredNumberScheduled": 3,
        "numberReady": 1,
        "observedGeneration": 1,
        "updatedNumberScheduled": 1,
        "numberAvailable": 1,
        "numberUnavailable": 2,
    }


limits = st.one_of(
    st.fixed_dictionaries({"maxUnavailable": st.sampled_from([1, 2, "50%"])}),
    st.fixed_dictionaries({"maxSurge": st.sampled_from([1, 2, "50%"]), "maxUnavailable": st.just(0)}),
)
states = st.tuples(st.sampled_from(["old", CODE]), st.booleans())
present = st.dictionaries(st.sampled_from("abcdef"), states, max_size=6)


def served(pods: list[Any]) -> set[str]:
    """The Nodes with a ready Pod."""
    return {daemons.node_of(each) for each in pods if plan.pods.is_ready(each)} & set("abcde")


@given(limits, present)
@settings(max_examples=300)
def test_every_state_leads_to_one_new_pod_on_each_node_and_never_too_few_serve(rolling, given_pods):
    wanted = set_(**rolling)
    nodes = [node(name) for name in "abcde"]
    pods = [pod(on, of=of, ready=ready) for on, (of, ready) in given_pods.items()]
    facts = scene(*nodes)
    count = 0
    for _ in range(40):
        step = plan.step(wanted, pods, facts)
        gone = {action.name for action in step.deletes}
        if not gone and not step.creates and all(plan.pods.is_ready(each) for each in pods):
            break
        before = {daemons.node_of(p) for p in pods if plan.pods.is_ready(p)} & set("abcde")
        after = {daemons.node_of(p) for p in pods if plan.pods.is_ready(p) and meta.name_of(p) not in gone} & set(
            "abcde"
        )
        allowed = plan.most_unavailable(wanted, facts)
        assert len(after) >= min(len(before), len(nodes) - allowed)
        pods = [p for p in pods if meta.name_of(p) not in gone]
        if not step.creates:
            for each in pods:
                each["status"]["conditions"][0]["status"] = "True"
        for create in step.creates:
            count += 1
            pods.append(pod(daemons.node_of(create.body), f"made-{count}", ready=False))
        # Beside an old Pod that serves; one that does not may be replaced at any time.
        starting = {daemons.node_of(each) for each in pods if not plan.pods.is_ready(each)}
        assert len(starting & served(pods)) <= plan.most_surge(wanted, facts)
    else:
        pytest.fail("it never ends")
    assert sorted(daemons.node_of(each) for each in pods) == list("abcde")
    assert all(meta.labels_of(each)[daemons.HASH] == CODE for each in pods)
