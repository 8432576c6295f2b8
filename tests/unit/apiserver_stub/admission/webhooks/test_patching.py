"""Patches of webhooks: applied, or refused in upstream's words; never a surprise."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver_stub.admission.webhooks import patching

OBJ = {"kind": "ConfigMap", "metadata": {"labels": {"a/b": "c"}}, "data": {"k": "v"}, "list": [1, 2]}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b"{}", "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        (b"[1]", "json: cannot unmarshal number into Go value of type jsonpatch.Operation"),
        (b'[{"op":"stir","path":"/a"}]', "Unexpected kind: stir"),
        (b"[{}]", "Unexpected kind: unknown"),
        (b'[{"op":"add","path":"/a/b","value":1}]', 'add operation does not apply: doc is missing path: "/a/b"'),
        (
            b'[{"op":"remove","path":"/data/x"}]',
            "error in remove for path: '/data/x': Unable to remove nonexistent key: x",
        ),
        (b'[{"op":"remove","path":"/metadata/labels/x~1y"}]', "Unable to remove nonexistent key: x/y: missing value"),
        (b'[{"op":"test","path":"/kind","value":"Pod"}]', "testing value /kind failed: test failed"),
        (b'[{"op":"copy","from":"/y/z","path":"/x"}]', "copy operation does not apply: doc is missing path: /y/z"),
    ],
)
def test_faults(patch: bytes, message: str) -> None:
    with pytest.raises(patching.Failed) as raised:
        patching.apply(OBJ, patching.read(patch))
    assert message in str(raised.value)


def test_a_patch() -> None:
    operations = patching.read(b'[{"op":"replace","path":"/metadata/labels/a~1b","value":"d"}]')
    assert patching.apply(OBJ, operations)["metadata"] == {"labels": {"a/b": "d"}}
    assert OBJ["metadata"] == {"labels": {"a/b": "c"}}, "what was there stays"
    assert patching.read(b"null") == patching.read(b"[]") == []


VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3) | st.just({}) | st.just([])
PLACES = st.sampled_from(["", "/", "/data", "/data/k", "/data/x/y", "/list/0", "/list/-", "/list/9", "/kind/x", "x"])
OPERATIONS = st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "stir"])
OPERATION = st.dictionaries(st.sampled_from(["op", "path", "from", "value"]), VALUES) | st.fixed_dictionaries(
    {"op": OPERATIONS, "path": PLACES | VALUES, "from": PLACES | VALUES, "value": VALUES}
)


@given(st.lists(OPERATION | VALUES, max_size=4))
def test_no_patch_is_a_surprise(patch: list[Any]) -> None:
    try:
        patching.apply(OBJ, patching.read(orjson.dumps(patch)))
    except patching.Failed as problem:
        assert str(problem)
