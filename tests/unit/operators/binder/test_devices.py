"""Pods with claims for devices are never bound; Pods that are meant for one node go nowhere else."""

from typing import Any

import pytest

from operators.binder import devices, plan
from operators.binder.cluster import Refusal

from .build import Obj, cluster, node, pod

HELPLESS = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
NAMED = [{"name": "gpu", "resourceClaimName": "c"}]
MADE = [{"name": "gpu", "resourceClaimTemplateName": "t"}]


def having(claims: list[Obj], *statuses: Obj) -> Obj:
    found = pod(resourceClaims=claims)
    found["status"]["resourceClaimStatuses"] = list(statuses)
    return found


@pytest.mark.parametrize(
    ("given", "claims", "why"),
    [
        (having(NAMED), {}, 'could not find ResourceClaim "ns/c": object not found'),
        (having(NAMED), {"c": {"metadata": {"name": "c"}}}, ""),
        (having(NAMED), {"c": {"metadata": {"deletionTimestamp": "x"}}}, 'resourceclaim "c" is being deleted'),
        (having(MADE), {}, 'pod "ns/p": ResourceClaim not created yet'),
        (having(MADE, {"name": "gpu", "resourceClaimName": "made"}), {"made": {"metadata": {}}}, ""),
        (having(MADE, {"name": "gpu"}), {}, ""),
        (pod(), {}, ""),
    ],
)
def test_missing(given: Obj, claims: dict[str, Obj], why: str) -> None:
    assert devices.missing(given, claims) == why


def test_nothing_can_be_allocated() -> None:
    found = plan.place(having(NAMED), cluster(node()))
    assert found.node is None
    assert found.message == f"0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, {HELPLESS}"
    waiting = plan.place(having(NAMED), cluster(node(), refusal=Refusal(("gone",), final=True)))
    assert waiting.message == f"0/1 nodes are available: gone. still not schedulable, {HELPLESS}"
    assert plan.place(having(MADE, {"name": "gpu"}), cluster(node())).node == "n1", "none is needed"


def named(*terms: list[str]) -> Obj:
    fields: list[Any] = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [name]} for name in names]}
        for names in terms
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": fields}}
    return pod(affinity={"nodeAffinity": required})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (named(["n1"]), ""),
        (named(["n2"], ["n1"]), ""),
        (named(["n2"]), "1 node(s) didn't satisfy plugin(s) [NodeAffinity]"),
        (named(["n1", "n2"]), "pod affinity terms conflict"),
    ],
)
def test_nodes_by_name(given: Obj, reason: str) -> None:
    found = plan.place(given, cluster(node()))
    assert found.node == (None if reason else "n1")
    assert not reason or found.message == (
        f"0/1 nodes are available: {reason}. no new claims to deallocate, {HELPLESS}"
    )
