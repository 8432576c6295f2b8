"""News by three ways that overtake each other."""

import pytest

from operators._kube.cache import Store, metadata_of
from operators._kube.meta import Key
from operators._kube.paths import Kind

KEY = Key("d", "a")


def pod(version: int, uid: str = "u", owner: str = "", name: str = "a") -> dict:
    metadata = {"namespace": "d", "name": name, "uid": uid, "resourceVersion": str(version)}
    if owner:
        metadata["ownerReferences"] = [{"controller": True, "uid": owner, "name": owner, "kind": "ReplicaSet"}]
    return {"metadata": metadata}


class Seen(list):
    def __call__(self, store, old, new):
        self.append(tuple(obj and int(obj["metadata"]["resourceVersion"]) for obj in (old, new)))


def store_with(*objects: dict, version: int = 0) -> tuple[Store, Seen]:
    seen = Seen()
    store = Store(Kind("v1", "pods"), seen)
    if objects or version:
        store.replace(objects, version)
    seen.clear()
    return store, seen


def versions(store: Store) -> dict[str, int]:
    return {obj["metadata"]["name"]: int(obj["metadata"]["resourceVersion"]) for obj in store}


def test_older_versions_are_ignored():
    store, seen = store_with()
    store.observe(pod(5))
    store.observe(pod(4))
    store.observe(pod(5))
    assert seen == [(None, 5)]
    assert versions(store) == {"a": 5}


def test_versions_are_numbers_not_texts():
    store, _ = store_with()
    store.observe(pod(9))
    store.observe(pod(10))
    assert versions(store) == {"a": 10}


def test_the_answer_to_a_write_after_the_deletion_does_not_bring_it_back():
    store, seen = store_with(pod(5), version=5)
    store.remove(pod(7))
    assert not store.put(pod(6))
    assert seen == [(5, None)]
    assert len(store) == 0


def test_the_deletion_of_a_former_object_leaves_its_successor():
    store, seen = store_with(pod(5), version=5)
    store.put(pod(8, uid="v"))
    store.remove(pod(7))
    assert versions(store) == {"a": 8}
    assert seen == [(5, 8)]


def test_a_new_list_sweeps_what_vanished():
    store, seen = store_with(pod(5), pod(6, "v", name="b"), version=6)
    store.replace([pod(6, "v", name="b"), pod(9, "w", name="c")], 10)
    assert versions(store) == {"b": 6, "c": 9}
    assert sorted(seen, key=str) == sorted([(None, 9), (5, None)], key=str)


def test_an_event_from_before_the_list_does_not_bring_back_what_it_swept():
    store, _ = store_with(pod(5), version=5)
    store.replace([], 10)
    store.observe(pod(7))
    store.observe(pod(8, uid="never seen"))
    assert len(store) == 0


def test_an_object_written_after_the_list_was_made_survives_it():
    store, seen = store_with(version=5)
    store.put(pod(12))
    store.replace([], 10)
    assert versions(store) == {"a": 12}
    assert seen == [(None, 12)]


def test_a_history_that_began_anew_is_taken_as_it_is():
    store, seen = store_with(pod(5), version=5)
    store.observe(pod(500))
    store.remove(pod(501, "v", name="b"))
    store.replace([pod(3, "v", name="b")], 4)
    assert versions(store) == {"b": 3}
    assert seen[1:] == [(500, None), (None, 3)]
    store.observe(pod(6, "v", name="b"))
    assert versions(store) == {"b": 6}


def test_dependants_follow_their_controller():
    store, _ = store_with(pod(5, owner="x"), pod(6, "v", owner="x", name="b"), version=6)
    assert len(store.dependants("x")) == 2
    store.observe(pod(7, owner="y"))
    store.remove(pod(8, "v", owner="x", name="b"))
    assert store.dependants("x") == []
    assert [obj["metadata"]["name"] for obj in store.dependants("y")] == ["a"]


def test_selection():
    labelled = pod(5)
    labelled["metadata"]["labels"] = {"app": "x"}
    other = pod(6, "v", name="b")
    store, _ = store_with(labelled, other, version=6)
    assert len(store.select(None, None)) == len(store.select("", None)) == len(store.select("d", None)) == 2
    assert store.select("e", None) == []
    assert store.select("d", {"matchLabels": {"app": "x"}}) == [labelled]


@pytest.mark.parametrize(
    ("answer", "wakes"),
    [
        ({"status": {"ready": 1, "kept": True}}, False),
        ({"status": {"ready": 1, "kept": True}, "spec": {"replicas": 3}}, True),
        ({"status": {"ready": 1, "kept": False}}, True),
        ({"status": {"ready": 1, "kept": True, "conditions": []}}, True),
        ({"status": {"ready": 1}}, True),
    ],
)
@pytest.mark.parametrize("keep", [None, dict])
def test_a_status_of_our_own_wakes_only_for_what_others_changed_meanwhile(answer, wakes, keep):
    seen = Seen()
    store = Store(Kind("v1", "pods"), seen, keep)
    store.replace([pod(5) | {"status": {"kept": True, "old": {"a": 1}}}], 5)
    seen.clear()
    written = pod(7) | answer
    written["metadata"]["managedFields"] = [1]
    store.put(written, wrote={"metadata": {"uid": "u"}, "status": {"ready": 1, "old": None}})
    assert bool(seen) == wakes
    assert versions(store) == {"a": 7}


def test_managed_fields_are_not_kept():
    obj = pod(5)
    obj["metadata"]["managedFields"] = [1]
    store, _ = store_with(obj, version=5)
    assert "managedFields" not in store.get(KEY)["metadata"]


def test_metadata_only():
    seen = Seen()
    store = Store(Kind("v1", "pods"), seen, metadata_of)
    store.observe({**pod(5), "kind": "Pod", "spec": {"a": 1}})
    assert store.get(KEY) == {**pod(5), "kind": "Pod"}
