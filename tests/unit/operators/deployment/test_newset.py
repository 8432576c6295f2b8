import pytest

from operators.deployment import newset, sets, template

from .build import RECREATE, deployment, replica_set, rolling


def test_body() -> None:
    d = deployment(3, minReadySeconds=5)
    d["metadata"]["annotations"] = {
        "kubernetes.io/change-cause": "first",
        "team": "x",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "deployment.kubernetes.io/revision": "7",
    }
    body = newset.body(d, sets.Sets(None, (replica_set("old", 0, "img:0", revision=4),)))
    code = body["metadata"]["labels"][template.HASH_LABEL]
    assert body == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"web-{code}",
            "namespace": "ns",
            "labels": {"app": "web", "pod-template-hash": code},
            "annotations": {
                "kubernetes.io/change-cause": "first",
                "team": "x",
                "deployment.kubernetes.io/revision": "5",
                "deployment.kubernetes.io/desired-replicas": "3",
                "deployment.kubernetes.io/max-replicas": "4",
            },
        },
        "spec": {
            "replicas": 3,
            "minReadySeconds": 5,
            "selector": {"matchLabels": {"app": "web", "pod-template-hash": code}},
            "template": {
                "metadata": {"labels": {"app": "web", "pod-template-hash": code}},
                "spec": d["spec"]["template"]["spec"],
            },
        },
    }
    assert template.same(body["spec"]["template"], d["spec"]["template"])
    assert "pod-template-hash" not in d["spec"]["selector"]["matchLabels"]


def test_first_size_leaves_room_for_the_old_ones() -> None:
    d = deployment(4, "img:2", strategy=rolling(1, 1))
    assert newset.body(d, sets.Sets(None, (replica_set("old", 4),)))["spec"]["replicas"] == 1
    d = deployment(4, "img:2", strategy=rolling(0, 1))
    assert newset.body(d, sets.Sets(None, (replica_set("old", 4),)))["spec"]["replicas"] == 0
    assert newset.body(deployment(4, strategy=RECREATE), sets.Sets(None, ()))["spec"]["replicas"] == 4


def test_a_collision_changes_the_name() -> None:
    d = deployment()
    first = newset.body(d, sets.Sets(None, ()))
    assert newset.body(d, sets.Sets(None, ())) == first
    d["status"] = {"collisionCount": 1}
    assert newset.body(d, sets.Sets(None, ()))["metadata"]["name"] != first["metadata"]["name"]


def test_nothing_to_refresh() -> None:
    d = deployment(annotations={})
    assert newset.refresh(d, sets.Sets(replica_set("new", 3, revision=2), (replica_set("old", 0, revision=1),))) == {}


def test_a_rollback_gets_a_new_number_and_keeps_the_old_ones() -> None:
    d = deployment()
    new, old = replica_set("new", 0, revision=1), replica_set("old", 3, "img:2", revision=2)
    assert newset.refresh(d, sets.Sets(new, (old,))) == {
        "metadata": {
            "annotations": {
                "deployment.kubernetes.io/revision": "3",
                "deployment.kubernetes.io/revision-history": "1",
            }
        }
    }
    new["metadata"]["annotations"][sets.REVISION_HISTORY] = "1,3"
    new["metadata"]["annotations"][sets.REVISION] = "5"
    old["metadata"]["annotations"][sets.REVISION] = "6"
    changed = newset.refresh(d, sets.Sets(new, (old,)))["metadata"]["annotations"]
    assert changed[sets.REVISION_HISTORY] == "1,3,5"


def test_the_history_is_bounded() -> None:
    d = deployment()
    new, old = replica_set("new", 0, revision=900), replica_set("old", 3, "img:2", revision=901)
    new["metadata"]["annotations"][sets.REVISION_HISTORY] = ",".join(map(str, range(100, 600)))
    history = newset.refresh(d, sets.Sets(new, (old,)))["metadata"]["annotations"][sets.REVISION_HISTORY]
    assert len(history) <= 2000
    assert history.endswith(",599,900")


@pytest.mark.parametrize(("former", "expected"), [("x", {}), ("", {sets.REVISION: "3", sets.REVISION_HISTORY: ""})])
def test_odd_revisions(former: str, expected: dict[str, str]) -> None:
    new, old = replica_set("new", 0), replica_set("old", 3, "img:2", revision=2)
    new["metadata"]["annotations"][sets.REVISION] = former
    assert newset.refresh(deployment(), sets.Sets(new, (old,))).get("metadata", {}).get("annotations", {}) == expected


def test_annotations_and_min_ready_seconds_follow() -> None:
    d = deployment(minReadySeconds=9)
    d["metadata"]["annotations"] = {"kubernetes.io/change-cause": "again"}
    new = replica_set("new", 3, revision=1)
    new["metadata"]["annotations"] |= {"gone": "stays", "kubernetes.io/change-cause": "first"}
    assert newset.refresh(d, sets.Sets(new, ())) == {
        "metadata": {"annotations": {"kubernetes.io/change-cause": "again"}},
        "spec": {"minReadySeconds": 9},
    }
