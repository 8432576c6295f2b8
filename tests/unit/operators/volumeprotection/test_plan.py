"""Who keeps a claim or a volume."""

from typing import Any

import pytest

from operators.volumeprotection import plan


def pod(node: str = "n", phase: str = "Running", **volume: Any) -> dict[str, Any]:
    spec = {"nodeName": node, "volumes": [{"name": "v", **volume}]}
    return {"metadata": {"name": "p", "uid": "u"}, "spec": spec, "status": {"phase": phase}}


SHUT_DOWN = {
    "name": "p",
    "uid": "u",
    "deletionTimestamp": "2026-01-01T00:00:00Z",
    "deletionGracePeriodSeconds": 0,
}


@pytest.mark.parametrize(
    ("user", "name", "used"),
    [
        (pod(persistentVolumeClaim={"claimName": "c"}), "c", True),
        (pod(persistentVolumeClaim={"claimName": "d"}), "c", False),
        (pod(persistentVolumeClaim={"claimName": "c"}, phase="Succeeded"), "c", True),
        (pod(persistentVolumeClaim={"claimName": "c"}, node=""), "c", False),
        (pod(ephemeral={}), "p-v", True),
        (pod(ephemeral={}) | {"metadata": {"name": "p", "uid": "other"}}, "p-v", False),
        (pod(ephemeral={}) | {"metadata": SHUT_DOWN}, "p-v", False),
        (pod(emptyDir={}), "c", False),
    ],
)
def test_who_uses_a_claim(user: dict[str, Any], name: str, used: bool) -> None:
    owner = {"kind": "Pod", "name": "p", "uid": "u", "controller": True}
    assert plan.is_used({"metadata": {"name": name, "ownerReferences": [owner]}}, [user]) is used


def test_only_what_is_being_deleted_is_held() -> None:
    meta = {"name": "c", "finalizers": [plan.CLAIM, "x/y"], "resourceVersion": "7"}
    assert not plan.is_held({"metadata": meta}, plan.CLAIM)
    going = {"metadata": meta | {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert plan.is_held(going, plan.CLAIM)
    assert not plan.is_held(going, plan.VOLUME)
    assert plan.released(going, plan.CLAIM) == {"metadata": {"resourceVersion": "7", "finalizers": ["x/y"]}}


def test_what_lacks_its_protection_gets_it() -> None:
    bare = {"metadata": {"name": "c", "finalizers": ["x/y"], "resourceVersion": "7"}}
    assert plan.is_bare(bare, plan.CLAIM)
    wanted = {"resourceVersion": "7", "finalizers": ["x/y", plan.CLAIM]}
    assert plan.protected(bare, plan.CLAIM) == {"metadata": wanted}
    assert not plan.is_bare({"metadata": wanted}, plan.CLAIM)
    assert not plan.is_bare({"metadata": bare["metadata"] | {"deletionTimestamp": "x"}}, plan.CLAIM)
