"""Watches: what they deliver, from where, and in which order."""

import threading
from collections.abc import Callable

from tests.conformance.cluster import Object, Space

LABEL = "watch-this-configmap"


def configmap(name: str, label: str = "A", **data: str) -> Object:
    return {"metadata": {"name": name, "labels": {LABEL: label}}, "data": data}


def set_data(value: str) -> Callable[[Object], None]:
    return lambda found: found.update(data={"mutation": value})


def test_several_watchers_by_label(space: Space) -> None:
    path = space.path("configmaps")
    with (
        space.cluster.watch(path, labelSelector=f"{LABEL}=A") as a,
        space.cluster.watch(path, labelSelector=f"{LABEL}=B") as b,
        space.cluster.watch(path, labelSelector=f"{LABEL} in (A, B)") as both,
    ):
        space.create("configmaps", configmap("a"))
        for value in ("1", "2"):
            space.change("configmaps", "a", set_data(value))
        space.delete("configmaps", "a")
        space.create("configmaps", configmap("b", "B"))
        space.delete("configmaps", "b")
        of_a = [("ADDED", "a"), ("MODIFIED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
        of_b = [("ADDED", "b"), ("DELETED", "b")]
        assert a.some(4) == of_a
        assert b.some(2) == of_b
        assert both.some(6) == of_a + of_b


def test_from_a_version(space: Space) -> None:
    space.create("configmaps", configmap("a"))
    first = space.change("configmaps", "a", set_data("1"))
    space.change("configmaps", "a", set_data("2"))
    space.delete("configmaps", "a")
    version = first["metadata"]["resourceVersion"]
    with space.cluster.watch(space.path("configmaps"), labelSelector=f"{LABEL}=A", resourceVersion=version) as watch:
        event = watch.next()
        assert (event["type"], event["object"]["data"]) == ("MODIFIED", {"mutation": "2"})
        assert watch.next()["type"] == "DELETED"


def test_restarted_where_it_was(space: Space) -> None:
    path = space.path("configmaps")
    with space.cluster.watch(path, labelSelector=f"{LABEL}=A") as watch:
        space.create("configmaps", configmap("a"))
        last = watch.until("ADDED", "a")
        space.change("configmaps", "a", set_data("1"))
        last = watch.until("MODIFIED", "a")
    space.change("configmaps", "a", set_data("2"))
    space.delete("configmaps", "a")
    version = last["metadata"]["resourceVersion"]
    with space.cluster.watch(path, labelSelector=f"{LABEL}=A", resourceVersion=version) as watch:
        event = watch.next()
        assert (event["type"], event["object"]["data"]) == ("MODIFIED", {"mutation": "2"})
        assert watch.next()["type"] == "DELETED"


def test_label_that_comes_and_goes(space: Space) -> None:
    with space.cluster.watch(space.path("configmaps"), labelSelector=f"{LABEL}=A") as watch:
        space.create("configmaps", configmap("a"))
        space.patch("configmaps", "a", {"metadata": {"labels": {LABEL: "other"}}})
        space.patch("configmaps", "a", {"data": {"mutation": "unseen"}})
        space.patch("configmaps", "a", {"metadata": {"labels": {LABEL: "A"}}})
        assert watch.some(3) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "a")]


def test_concurrent_watches_agree(space: Space) -> None:
    """Each event of the first watch starts another one there; all see the same versions in the same order."""
    count = 30
    path = space.path("configmaps")
    start = space.cluster.get(path)["metadata"]["resourceVersion"]

    def write() -> None:
        for number in range(count // 3):
            space.create("configmaps", configmap(f"c{number}"))
            space.change("configmaps", f"c{number}", set_data("1"))
            space.delete("configmaps", f"c{number}")

    writer = threading.Thread(target=write)
    writer.start()
    with space.cluster.watch(path, labelSelector=LABEL, resourceVersion=start) as watch:
        versions = [watch.next()["object"]["metadata"]["resourceVersion"] for _ in range(count)]
    writer.join()
    assert versions == sorted(versions, key=int)
    for position, version in enumerate(versions[:-1]):
        with space.cluster.watch(path, labelSelector=LABEL, resourceVersion=version) as other:
            seen = [other.next()["object"]["metadata"]["resourceVersion"] for _ in range(count - position - 1)]
        assert seen == versions[position + 1 :]
