from datetime import UTC, datetime

import pytest

from operators._kube import meta
from operators._kube.actions import Create, Delete
from operators._workloads import replicas, template

from .build import Obj, pod, replica_set

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "owned", "created", "deleted"),
    [
        (3, [], 3, []),
        (3, [pod("a")], 2, []),
        (1, [pod("a")], 0, []),
        (0, [pod("a")], 0, ["a"]),
        (1, [pod("a"), pod("b", ready=None)], 0, ["b"]),
        (2, [pod("a"), pod("b", deleting=True)], 1, []),
        (2, [pod("a"), pod("b", "Failed")], 1, []),
        (0, [pod("a", deleting=True), pod("b", "Succeeded")], 0, []),
        (600, [], 500, []),
    ],
)
def test_replicas(wanted: int, owned: list[Obj], created: int, deleted: list[str]) -> None:
    actions = replicas.actions(replica_set(wanted), owned, owned, NOW)
    assert sum(isinstance(action, Create) for action in actions) == created
    assert [action.name for action in actions if isinstance(action, Delete)] == deleted


def test_bursts_of_deletions_are_bounded() -> None:
    owned = [pod(f"p{n}") for n in range(503)]
    assert len(replicas.actions(replica_set(1), owned, (), NOW)) == 500
    assert replicas.missing(replica_set(1), owned) == -502


def test_a_replica_set_that_is_deleted_is_left_to_the_garbage_collector() -> None:
    rs = replica_set(3)
    rs["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert replicas.actions(rs, [], [], NOW) == []


def test_deletions_name_the_very_pod() -> None:
    (action,) = replicas.actions(replica_set(0), [pod("a")], [], NOW)
    assert isinstance(action, Delete)
    assert (action.namespace, action.name, action.uid) == ("ns", "a", "uid-a")
    assert action.success is not None
    assert action.success.message.format(name="a", error="") == "Deleted pod: a"


def test_pod_body() -> None:
    rs = replica_set()
    rs["spec"]["template"]["metadata"] |= {"annotations": {"a": "b"}, "finalizers": ["x/y"], "name": "ignored"}
    assert template.pod(rs) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "rs-",
            "namespace": "ns",
            "labels": {"app": "rs"},
            "annotations": {"a": "b"},
            "finalizers": ["x/y"],
        },
        "spec": {"containers": [{"name": "c", "image": "img"}]},
    }


def test_a_name_as_long_as_can_be_gets_no_dash() -> None:
    rs = replica_set()
    rs["metadata"]["name"] = "a" * 253
    assert template.pod(rs)["metadata"]["generateName"] == "a" * 253
    rs["metadata"]["name"] = "a" * 252
    assert template.pod(rs)["metadata"]["generateName"] == "a" * 252 + "-"


def test_the_api_defaults_to_one() -> None:
    rs = replica_set()
    del rs["spec"]["replicas"]
    assert replicas.missing(rs, []) == 1
    assert meta.name_of(rs) == "rs"
