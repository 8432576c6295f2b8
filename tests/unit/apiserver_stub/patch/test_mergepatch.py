"""JSON merge patch: the table of RFC 7386, Kubernetes' errors."""

import copy

import pytest

from apiserver_stub.meta import mergepatch, status


@pytest.mark.parametrize(
    ("doc", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "x"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_merges(doc: dict[str, object], patch: dict[str, object], expected: object) -> None:
    before = copy.deepcopy(doc), copy.deepcopy(patch)
    assert mergepatch.apply(doc, patch) == expected
    assert (doc, patch) == before


@pytest.mark.parametrize(("patch", "kind"), [([1], "array"), ("x", "string"), (1, "number"), (True, "bool")])
def test_only_objects(patch: object, kind: str) -> None:
    with pytest.raises(status.StatusError) as caught:
        mergepatch.apply({}, patch)
    words = f"error decoding patch: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    assert (caught.value.code, caught.value.message) == (400, words)


def test_too_deep_is_the_clients_mistake() -> None:
    patch: dict[str, object] = {}
    for _ in range(3000):
        patch = {"a": patch}
    with pytest.raises(status.StatusError) as caught:
        mergepatch.apply({}, patch)
    assert caught.value.code == 400
