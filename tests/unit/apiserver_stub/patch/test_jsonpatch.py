"""JSON patch: operations, Kubernetes' leniences, limits."""

import copy
import time

import pytest

from apiserver_stub.meta import jsonpatch, status

DOC = {"data": {"a": "1", "n": None}, "ports": [{"p": 1}, {"p": 2}], "m": {"x/y": 1, "x~y": 2}, "t": True}


def op(name: str, path: str, **more: object) -> dict[str, object]:
    return {"op": name, "path": path, **more}


@pytest.mark.parametrize(
    ("patch", "part", "expected"),
    [
        ([], "data", {"a": "1", "n": None}),
        ([op("add", "/data/b", value="2")], "data", {"a": "1", "n": None, "b": "2"}),
        ([op("replace", "/data/a", value="9")], "data", {"a": "9", "n": None}),
        ([op("remove", "/data/a")], "data", {"n": None}),
        ([op("replace", "/data/zz", value="1")], "data", {"a": "1", "n": None, "zz": "1"}),
        ([op("replace", "/m/x~1y", value=3)], "m", {"x/y": 3, "x~y": 2}),
        ([op("replace", "/m/x~0y", value=3)], "m", {"x/y": 1, "x~y": 3}),
        ([op("move", "/data/b", **{"from": "/data/a"})], "data", {"n": None, "b": "1"}),
        ([op("copy", "/data/b", **{"from": "/data/a"})], "data", {"a": "1", "n": None, "b": "1"}),
        ([op("add", "/ports/1", value=5)], "ports", [{"p": 1}, 5, {"p": 2}]),
        ([op("add", "/ports/-", value=5)], "ports", [{"p": 1}, {"p": 2}, 5]),
        ([op("remove", "/ports/0")], "ports", [{"p": 2}]),
        ([op("replace", "/ports/1/p", value=7)], "ports", [{"p": 1}, {"p": 7}]),
        ([op("test", "/data/a", value="1")], "t", True),
        ([op("test", "/data/none", value=None)], "t", True),
        ([op("test", "/ports", value=[{"p": 1}, {"p": 2.0}])], "t", True),
    ],
)
def test_applies(patch: list[object], part: str, expected: object) -> None:
    before = copy.deepcopy(DOC)
    assert jsonpatch.apply(DOC, patch)[part] == expected
    assert before == DOC


@pytest.mark.parametrize(
    "operation",
    [
        op("test", "/data/a", value="0"),
        op("test", "/data/zz", value="0"),
        op("test", "/t", value=1),
        op("test", "/ports/9", value=1),
        op("remove", "/data/zz"),
        op("remove", "/ports/9"),
        op("remove", ""),
        op("add", "/none/x", value=1),
        op("add", "/ports/3", value=1),
        op("add", "/data/a/x", value=1),
        op("add", "/data/x"),
        op("replace", "/ports/2", value=1),
        op("replace", "/data/x"),
        op("move", "/data/x", **{"from": "/data/none"}),
        op("copy", "/data/x"),
        op("bend", "/data/a"),
        op("add", "no-slash", value=1),
        {"op": "add", "value": 1},
        {"path": "/data/a"},
        {},
        None,
    ],
)
def test_refuses(operation: object) -> None:
    with pytest.raises(status.StatusError) as caught:
        jsonpatch.apply(DOC, [operation])
    assert caught.value.code == 422
    assert caught.value.message == "the server rejected our request due to an error in our request"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"op": "add"}, "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ("x", "json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp"),
        ([1], "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        (
            [op("add", "/x") | {"path": 3}],
            "json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string",
        ),
    ],
)
def test_malformed(patch: object, message: str) -> None:
    with pytest.raises(status.StatusError) as caught:
        jsonpatch.apply(DOC, patch)
    assert (caught.value.code, caught.value.message) == (400, f"error decoding patch: {message}")


def test_number_of_operations_is_limited() -> None:
    many = [op("test", "/t", value=True)] * 10_001
    with pytest.raises(status.StatusError) as caught:
        jsonpatch.apply(DOC, many)
    assert caught.value.code == 413
    assert "The allowed maximum operations in a JSON patch is 10000, got 10001" in caught.value.message


def test_copies_cannot_blow_up() -> None:
    """Each copy of a list into itself doubles it: without a limit 60 operations fill all memory."""
    doubling = [op("add", "/l", value=["x" * 100])] + [op("copy", "/l/-", **{"from": "/l"})] * 60
    started = time.monotonic()
    with pytest.raises(status.StatusError) as caught:
        jsonpatch.apply({}, doubling)
    assert caught.value.code == 422
    assert time.monotonic() - started < 2


def test_patch_is_not_shared_with_the_result() -> None:
    value = {"deep": {}}
    result = jsonpatch.apply({}, [op("replace", "/a", value=value), op("add", "/a/deep/x", value=1)])
    assert result == {"a": {"deep": {"x": 1}}}
    assert value == {"deep": {}}
