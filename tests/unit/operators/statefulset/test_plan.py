"""One round of a StatefulSet, and what many rounds lead to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators._kube import meta
from operators._kube.actions import Create, Delete
from operators._workloads import revisions
from operators.statefulset import identity, plan, status
from operators.statefulset.plan import Revisions, Step

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def set_(replicas: int = 3, image: str = "a", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    base = {"replicas": replicas, "selector": {"matchLabels": {"app": "db"}}, "template": template, "serviceName": "s"}
    metadata = {"name": "db", "namespace": "ns", "uid": "set", "generation": 1}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": {**base, **spec}}


def revision(image: str) -> dict[str, Any]:
    return revisions.history(set_(image=image), [], 0).update


OLD, NEW = revision("a"), revision("b")
BOTH = Revisions(OLD, NEW)
SAME = Revisions(OLD, OLD)


def pod(
    number: int, *, of: dict[str, Any] = OLD, ready: bool = True, phase: str = "Running", going: bool = False
) -> Any:
    made = identity.pod(set_(), number, of)
    made["metadata"]["uid"] = f"u{number}"
    if going:
        made["metadata"]["deletionTimestamp"] = "2026-01-01T11:00:00Z"
    stamp = "2026-01-01T10:00:00Z"
    conditions = [{"type": "Ready", "status": str(ready), "lastTransitionTime": stamp}]
    return made | {"status": {"phase": phase, "conditions": conditions}}


def done(step: Step) -> list[str]:
    """ "+0" for a Pod that is made, "-0" for one that is deleted."""
    made = [f"+{identity.ordinal(create.body)}" for create in step.creates]
    gone = [f"-{action.name.rpartition('-')[2]}" for action in step.deletes if isinstance(action, Delete)]
    return made + gone


@pytest.mark.parametrize(
    ("given_set", "pods", "of", "expected"),
    [
        (set_(), [], SAME, ["+0"]),
        (set_(), [pod(0, ready=False)], SAME, []),
        (set_(), [pod(0)], SAME, ["+1"]),
        (set_(ordinals={"start": 5}), [], SAME, ["+5"]),
        (set_(podManagementPolicy="Parallel"), [], SAME, ["+0", "+1", "+2"]),
        (set_(), [pod(0), pod(1), pod(2)], SAME, []),
        (set_(1), [pod(0), pod(1), pod(2)], SAME, ["-2"]),
        (set_(1), [pod(0), pod(1), pod(2, going=True)], SAME, []),
        (set_(1), [pod(0, ready=False), pod(1), pod(2)], SAME, []),
        (set_(1, podManagementPolicy="Parallel"), [pod(0, ready=False), pod(1), pod(2)], SAME, ["-2", "-1"]),
        (set_(0), [pod(0), pod(1, ready=False)], SAME, ["-1"]),
        (set_(0), [pod(0, ready=False), pod(1, ready=False)], SAME, []),
        (set_(), [pod(0), pod(1, phase="Failed"), pod(2)], SAME, ["-1"]),
        (set_(), [pod(0), pod(1, phase="Failed", going=True), pod(2)], SAME, []),
        (set_(), [pod(0), pod(1), pod(2)], BOTH, ["-2"]),
        (set_(), [pod(0), pod(1), pod(2, of=NEW)], BOTH, ["-1"]),
        (set_(), [pod(0), pod(1), pod(2, of=NEW, ready=False)], BOTH, []),
        (set_(updateStrategy={"type": "OnDelete"}), [pod(0), pod(1), pod(2)], BOTH, []),
        (
            set_(updateStrategy={"rollingUpdate": {"partition": 2}}),
            [pod(0), pod(1), pod(2, of=NEW)],
            BOTH,
            [],
        ),
        (set_(updateStrategy={"rollingUpdate": {"maxUnavailable": 2}}), [pod(0), pod(1), pod(2)], BOTH, ["-2", "-1"]),
        (
            set_(podManagementPolicy="Parallel"),
            [pod(0), pod(1), pod(2, ready=False)],
            BOTH,
            ["-2"],
        ),
        (set_(minReadySeconds=10**6), [pod(0)], SAME, []),
        (set_(0, minReadySeconds=10**6), [pod(0), pod(1)], SAME, []),
    ],
)
def test_one_round(given_set, pods, of, expected):
    assert done(plan.step(given_set, pods, {}, of, NOW)) == expected


def test_a_set_that_is_being_deleted_does_nothing():
    going = set_()
    going["metadata"]["deletionTimestamp"] = "2026-01-01T11:00:00Z"
    assert plan.step(going, [], {}, SAME, NOW) == Step()


@pytest.mark.parametrize(("number", "expected"), [(0, OLD), (1, OLD), (2, NEW)])
def test_a_pod_below_the_partition_comes_back_as_it_was(number, expected):
    partitioned = set_(podManagementPolicy="Parallel", updateStrategy={"rollingUpdate": {"partition": 2}})
    creates = plan.step(partitioned, [], {}, BOTH, NOW).creates
    assert identity.revision_of(creates[number].body) == meta.name_of(expected)


CLAIMS = [{"metadata": {"name": "data", "labels": {"l": "1"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}]


def test_claims_come_before_their_pod():
    step = plan.step(set_(volumeClaimTemplates=CLAIMS), [], {}, SAME, NOW)
    claim, _ = step.claims
    assert isinstance(claim, Create)
    assert claim.body["metadata"] == {"name": "data-db-0", "namespace": "ns", "labels": {"l": "1", "app": "db"}}
    (create,) = step.creates
    assert create.body["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]


def test_a_claim_on_its_way_out_holds_its_pod_up():
    going = {"data-db-0": {"metadata": {"name": "data-db-0", "deletionTimestamp": "2026-01-01T11:00:00Z"}}}
    step = plan.step(set_(volumeClaimTemplates=CLAIMS), [], going, SAME, NOW)
    assert (step.creates, step.claims, step.waits_for) == ([], [], ["data-db-0"])


@pytest.mark.parametrize(
    ("policy", "number", "owner"),
    [
        ({}, 0, None),
        ({"whenDeleted": "Delete"}, 0, "StatefulSet"),
        ({"whenScaled": "Delete"}, 0, None),
        ({"whenScaled": "Delete"}, 1, "Pod"),
        ({"whenDeleted": "Delete", "whenScaled": "Delete"}, 0, "StatefulSet"),
        ({"whenDeleted": "Delete", "whenScaled": "Delete"}, 1, "Pod"),
        ({"whenDeleted": "Delete"}, 1, "StatefulSet"),
    ],
)
def test_with_whom_claims_go(policy, number, owner):
    given_set = set_(1, volumeClaimTemplates=CLAIMS, persistentVolumeClaimRetentionPolicy=policy)
    claim = {"metadata": {"name": f"data-db-{number}", "namespace": "ns", "uid": "c", "resourceVersion": "1"}}
    step = plan.step(given_set, [pod(0), pod(1)], {f"data-db-{number}": claim}, SAME, NOW)
    owners = [patch.body["metadata"]["ownerReferences"] for patch in step.patches if patch.name == f"data-db-{number}"]
    assert [[each["kind"] for each in found] for found in owners] == ([[owner]] if owner else [])


def test_names_and_labels_of_a_pod():
    made = identity.pod(set_(), 2, OLD)
    assert made["metadata"]["name"] == made["spec"]["hostname"] == "db-2"
    assert made["spec"]["subdomain"] == "s"
    assert made["metadata"]["labels"] == {
        "app": "db",
        "statefulset.kubernetes.io/pod-name": "db-2",
        "apps.kubernetes.io/pod-index": "2",
        "controller-revision-hash": meta.name_of(OLD),
    }
    assert identity.ordinal({"metadata": {"name": "db-02"}}) is None
    assert not identity.is_member(set_(), {"metadata": {"name": "other-1"}})


def test_status_counts_and_ends_the_rollout():
    pods = [pod(0, of=NEW), pod(1, of=NEW, ready=False), pod(2)]
    found = status.compute(set_(), pods, BOTH, 0, NOW)
    assert (found["replicas"], found["readyReplicas"], found["currentReplicas"], found["updatedReplicas"]) == (
        3,
        2,
        1,
        2,
    )
    assert found["currentRevision"] == meta.name_of(OLD)
    over = status.compute(set_(), [pod(n, of=NEW) for n in range(3)], BOTH, 0, NOW)
    assert (over["currentRevision"], over["currentReplicas"]) == (meta.name_of(NEW), 3)


kinds = st.fixed_dictionaries(
    {
        "replicas": st.integers(0, 5),
        "podManagementPolicy": st.sampled_from(["OrderedReady", "Parallel"]),
        "updateStrategy": st.one_of(
            st.just({"type": "OnDelete"}),
            st.builds(
                lambda partition, most: {"rollingUpdate": {"partition": partition, "maxUnavailable": most}},
                st.integers(0, 6),
                st.sampled_from([1, 2, "50%"]),
            ),
        ),
    }
)
start = st.dictionaries(st.integers(0, 7), st.tuples(st.booleans(), st.booleans()), max_size=6)


@given(kinds, start)
@settings(max_examples=300)
def test_every_state_leads_to_the_one_that_is_asked_for(spec, present):
    """A kubelet that makes each Pod ready at the next look, and lets go of those that are deleted."""
    replicas = spec.pop("replicas")
    wanted = set_(replicas, **spec)
    pods = {n: pod(n, of=NEW if is_new else OLD, ready=ready) for n, (is_new, ready) in present.items()}
    most = plan._most_unavailable(wanted)
    for _ in range(60):
        healthy = [n for n in identity.ordinals(wanted) if n in pods and plan.is_healthy(pods[n])]
        step = plan.step(wanted, list(pods.values()), {}, BOTH, NOW)
        gone = {n for n in pods for action in step.deletes if isinstance(action, Delete) and action.name == f"db-{n}"}
        # Of the healthy ones that are to stay, no more go at once than may be away.
        lost = len([n for n in healthy if n in gone])
        assert lost == 0 or replicas - len(healthy) + lost <= max(most, replicas - len(healthy))
        if spec["podManagementPolicy"] == "OrderedReady":
            assert len(step.creates) <= 1
        made = {identity.ordinal(create.body): create.body for create in step.creates}
        if not gone and not made:
            break
        pods = {n: each for n, each in pods.items() if n not in gone}
        for n, body in made.items():
            of = NEW if identity.revision_of(body) == meta.name_of(NEW) else OLD
            pods[n] = pod(n, of=of)
        if not made:
            pods = {n: pod(n, of=NEW if identity.revision_of(p) == meta.name_of(NEW) else OLD) for n, p in pods.items()}
    else:
        pytest.fail("it never ends")
    partition = plan._partition(wanted)
    healthy_all = all(plan.is_healthy(each) for each in pods.values())
    if healthy_all:
        assert set(pods) == set(identity.ordinals(wanted))
        if spec["updateStrategy"].get("type") != "OnDelete":
            old = {n for n, each in pods.items() if identity.revision_of(each) == meta.name_of(OLD)}
            assert all(n < partition for n in old)
