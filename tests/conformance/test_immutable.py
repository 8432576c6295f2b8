"""ConfigMaps and Secrets that say they are immutable; PriorityClasses, whose value is."""

import pytest

from tests.conformance.cluster import Object, Refused, Space

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"


@pytest.mark.parametrize("kind", ["configmaps", "secrets"])
def test_immutable(space: Space, kind: str) -> None:
    first, second, third = "Zmlyc3Q=", "c2Vjb25k", "dGhpcmQ="
    space.create(kind, {"metadata": {"name": "test"}, "data": {"key": first}})
    space.change(kind, "test", lambda found: found["data"].update(key=second))
    space.change(kind, "test", lambda found: found.update(immutable=True))
    for edit in ({"data": {"key": third}}, {"immutable": False}, {"immutable": None}):
        with pytest.raises(Refused) as refused:
            space.change(kind, "test", lambda found, edit=edit: found.update(edit))
        assert refused.value.code == 422
        assert "field is immutable when `immutable` is set" in refused.value.status["message"]
    found = space.change(kind, "test", lambda found: found["metadata"].update(labels={"a": "b"}))
    assert found["data"] == {"key": second}
    assert found["metadata"]["labels"] == {"a": "b"}
    space.delete(kind, "test")
    assert space.names(kind, fieldSelector="metadata.name=test") == []


def test_priority_classes(space: Space) -> None:
    cluster = space.cluster
    names = [f"{space.name}-{number}" for number in (1, 2)]
    for number, name in enumerate(names, 1):
        cluster.create(CLASSES, {"metadata": {"name": name}, "value": number, "description": "test"})
    assert set(cluster.names(CLASSES)) >= set(names)
    path = f"{CLASSES}/{names[0]}"
    assert cluster.patch(path, {"description": "patched"})["description"] == "patched"
    cluster.change(path, lambda found: found.update(description="updated"))
    assert cluster.get(path)["description"] == "updated"
    with pytest.raises(Refused) as refused:
        cluster.patch(path, {"value": 10})
    assert refused.value.code == 422

    def preempt(found: Object) -> None:
        found["preemptionPolicy"] = "Never"

    for edit in (preempt, lambda found: found.update(value=11)):
        with pytest.raises(Refused) as refused:
            cluster.change(path, edit)
        assert refused.value.code == 422
    assert cluster.get(path)["value"] == 1
