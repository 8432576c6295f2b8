"""operators._kube.claims, with a ReplicaSet and its Pods."""

import pytest

from operators._kube import claims, meta

from .build import Obj, pod, replica_set


def orphan(name: str, **options: object) -> Obj:
    found = pod(name, **options)  # type: ignore[arg-type]
    del found["metadata"]["ownerReferences"]
    return found


def owned_by_another(name: str) -> Obj:
    found = pod(name)
    found["metadata"]["ownerReferences"][0]["uid"] = "another"
    return found


def claimed(rs: Obj, *objects: Obj) -> tuple[list[str], list[str], list[str]]:
    found = claims.plan_claims(rs, rs["spec"]["selector"], objects, "v1", "pods")
    return (
        [meta.name_of(obj) for obj in found.owned],
        [patch.name for patch in found.adopt],
        [patch.name for patch in found.release],
    )


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (pod("a"), (["a"], [], [])),
        (pod("a", labels={"app": "other"}), ([], [], ["a"])),
        (orphan("a"), ([], ["a"], [])),
        (orphan("a", labels={"app": "other"}), ([], [], [])),
        (orphan("a", deleting=True), ([], [], [])),
        (owned_by_another("a"), ([], [], [])),
    ],
)
def test_claims(obj: Obj, expected: tuple[list[str], list[str], list[str]]) -> None:
    assert claimed(replica_set(), obj) == expected


def test_an_owner_that_is_deleted_keeps_what_it_has_and_takes_nothing() -> None:
    rs = replica_set()
    rs["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert claimed(rs, pod("a"), pod("b", labels={}), orphan("c")) == (["a", "b"], [], [])


@pytest.mark.parametrize("selector", [None, {}, {"matchLabels": {}}])
def test_an_empty_selector_takes_nothing(selector: Obj | None) -> None:
    assert claims.plan_claims(replica_set(), selector, [orphan("a")], "v1", "pods").adopt == ()


def test_patches_are_guarded_by_the_uid() -> None:
    rs = replica_set()
    found = claims.plan_claims(rs, rs["spec"]["selector"], [orphan("a"), pod("b", labels={})], "v1", "pods")
    assert found.adopt[0].content_type == "strategic"
    assert found.adopt[0].body == {
        "metadata": {
            "uid": "uid-a",
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": "rs",
                    "uid": "rs-uid",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        }
    }
    assert found.release[0].body == {
        "metadata": {"uid": "uid-b", "ownerReferences": [{"$patch": "delete", "uid": "rs-uid"}]}
    }
