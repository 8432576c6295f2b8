"""How lists, maps and scalars are merged and taken out again, by what the schema says of them."""

from typing import Any

import pytest

from apiserver_stub.meta.managed import compare, merge, shape, typed
from apiserver_stub.schema import openapi

ITEM = {"t": "object", "f": {"k": "string", "v": "int64", "p": {"t": "string", "d": "TCP"}}}
SCHEMA = {
    "f": {
        "metadata": "#io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
        "n": "int64",
        "b": "boolean",
        "s": "string",
        "set": {"t": "array", "i": "string", "lt": "set"},
        "list": {"t": "array", "i": "string"},
        "keyed": {"t": "array", "i": ITEM, "lt": "map", "lk": ["k"]},
        "two": {"t": "array", "i": ITEM, "lt": "map", "lk": ["k", "p"]},
        "map": {"t": "map", "v": "string"},
        "whole": {"t": "map", "v": "string", "mt": "atomic"},
        "free": "any",
        "deep": {"t": "object", "f": {"a": "string", "b": "string"}},
        "atom": {"t": "object", "f": {"a": "string"}, "mt": "atomic"},
        "open": {"t": "object", "f": {"a": "string"}, "v": "any"},
    }
}
SHAPE = shape.of(openapi.Node(openapi.definitions(), SCHEMA))


def keyed(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"k": name, **more} for name in names]


@pytest.mark.parametrize(
    ("live", "config", "result"),
    [
        ({"n": 1, "s": "x"}, {"n": 2}, {"n": 2, "s": "x"}),
        ({"map": {"a": "1"}}, {"map": {"b": "2"}}, {"map": {"a": "1", "b": "2"}}),
        ({"map": {"a": "1"}}, {"map": {}}, {"map": {"a": "1"}}),
        ({"whole": {"a": "1"}}, {"whole": {"b": "2"}}, {"whole": {"b": "2"}}),
        ({"list": ["a"]}, {"list": ["b"]}, {"list": ["b"]}),
        ({"atom": {"a": "1"}}, {"atom": {}}, {"atom": {}}),
        ({"set": ["a", "b"]}, {"set": ["c", "a"]}, {"set": ["c", "a", "b"]}),
        ({"keyed": keyed("a", "b", v=1)}, {"keyed": keyed("b", v=2)}, {"keyed": [*keyed("a", v=1), *keyed("b", v=2)]}),
        # Elements of both come in the configuration's order, others stay near their neighbours.
        ({"set": ["a", "b", "c"]}, {"set": ["c", "b"]}, {"set": ["a", "c", "b"]}),
        ({"set": ["a", "b", "c"]}, {"set": ["x", "b"]}, {"set": ["a", "x", "b", "c"]}),
        ({"set": ["a"]}, {"set": ["x", "y"]}, {"set": ["a", "x", "y"]}),
        ({"set": ["1", "2", "3", "4"]}, {"set": ["4", "1"]}, {"set": ["2", "3", "4", "1"]}),
        ({"set": []}, {"set": ["x"]}, {"set": ["x"]}),
        ({}, {"set": ["x"]}, {"set": ["x"]}),
        ({"two": [{"k": "a", "p": "TCP"}]}, {"two": [{"k": "a", "v": 1}]}, {"two": [{"k": "a", "p": "TCP", "v": 1}]}),
        ({"two": [{"k": "a"}]}, {"two": [{"k": "a", "p": "UDP"}]}, {"two": [{"k": "a"}, {"k": "a", "p": "UDP"}]}),
        # Duplicates that are there already stay unless they are applied.
        ({"set": ["a", "a", "b"]}, {"set": ["b"]}, {"set": ["a", "a", "b"]}),
        ({"set": ["a", "a", "b"]}, {"set": ["a"]}, {"set": ["a", "b"]}),
        # Free-form: maps are granular, lists are not.
        ({"free": {"x": 1, "y": [1]}}, {"free": {"y": [2]}}, {"free": {"x": 1, "y": [2]}}),
        ({"free": {"x": 1}}, {"free": "text"}, {"free": "text"}),
        ({"open": {"z": {"q": 1}}}, {"open": {"z": {"r": 2}}}, {"open": {"z": {"q": 1, "r": 2}}}),
        ({"n": 1}, {"n": None}, {"n": None}),
        ({"map": {"a": "1"}}, {"map": None}, {"map": {"a": "1"}}),
    ],
)
def test_merged(live: Any, config: Any, result: Any) -> None:
    before = repr(live), repr(config)
    assert merge.merged(SHAPE, live, config) == result
    assert (repr(live), repr(config)) == before


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"n": 1}, {"f:n": {}}),
        ({"n": None}, {"f:n": {}}),
        ({"deep": {"a": "x"}}, {"f:deep": {"f:a": {}}}),
        ({"deep": {}}, {"f:deep": {}}),
        ({"map": {"a": "1"}}, {"f:map": {"f:a": {}}}),
        ({"map": {}}, {"f:map": {}}),
        ({"whole": {"a": "1"}}, {"f:whole": {}}),
        ({"list": ["a"]}, {"f:list": {}}),
        ({"list": []}, {"f:list": {}}),
        ({"set": []}, {}),
        ({"set": ["a"]}, {"f:set": {'v:"a"': {}}}),
        ({"keyed": keyed("a")}, {"f:keyed": {'k:{"k":"a"}': {".": {}, "f:k": {}}}}),
        ({"two": keyed("a")}, {"f:two": {'k:{"k":"a","p":"TCP"}': {".": {}, "f:k": {}}}}),
        ({"free": {"a": {"b": [1]}}}, {"f:free": {"f:a": {".": {}, "f:b": {".": {}}}}}),
        ({"open": {"a": "x", "z": {"q": 1}}}, {"f:open": {"f:a": {}, "f:z": {".": {}, "f:q": {}}}}),
    ],
)
def test_fields_of_a_configuration(config: Any, fields: Any) -> None:
    found = compare.applied(SHAPE, config)
    assert _plain(found) == _plain(fields)


def _plain(found: Any) -> Any:
    """{".": {}} alone is {}."""
    inner = {step: _plain(node) for step, node in found.items()}
    return {} if inner == {".": {}} else inner


@pytest.mark.parametrize(
    ("old", "new", "changed", "removed"),
    [
        ({"n": 1}, {"n": 1}, {}, {}),
        ({"n": 1}, {"n": 2}, {"f:n": {}}, {}),
        ({"n": 1}, {}, {}, {"f:n": {}}),
        ({}, {"map": {"a": "1"}}, {"f:map": {".": {}, "f:a": {}}}, {}),
        ({"map": {}}, {"map": {"a": "1"}}, {"f:map": {"f:a": {}}}, {}),
        ({"map": None}, {"map": {"a": "1"}}, {"f:map": {"f:a": {}}}, {}),
        ({"map": {"a": "1"}}, {"map": {"b": "1"}}, {"f:map": {"f:b": {}}}, {"f:map": {"f:a": {}}}),
        ({"whole": {"a": "1"}}, {"whole": {"b": "1"}}, {"f:whole": {}}, {}),
        ({"keyed": keyed("a", v=1)}, {"keyed": keyed("a", v=2)}, {"f:keyed": {'k:{"k":"a"}': {"f:v": {}}}}, {}),
        ({"set": ["a"]}, {"set": ["b"]}, {"f:set": {'v:"b"': {}}}, {"f:set": {'v:"a"': {}}}),
        ({"set": ["a", "b"]}, {"set": ["b", "a"]}, {}, {}),
        ({"list": ["a", "b"]}, {"list": ["b", "a"]}, {"f:list": {}}, {}),
        ({"set": ["a"]}, {"set": ["a", "a"]}, {"f:set": {'v:"a"': {}}}, {"f:set": {'v:"a"': {}}}),
        ({"free": 1}, {"free": {"a": 1}}, {"f:free": {".": {}, "f:a": {}}}, {}),
        ({"free": {"a": 1}}, {"free": 1}, {"f:free": {}}, {"f:free": {"f:a": {}}}),
        ({"b": True}, {"b": False}, {"f:b": {}}, {}),
        ({"metadata": {"name": "a"}}, {"metadata": {"name": "b", "generation": 3, "uid": "u"}}, {}, {}),
        ({"apiVersion": "v1"}, {"kind": "X"}, {}, {}),
        ({}, {"metadata": {"labels": {"a": "b"}}}, {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}, {}),
    ],
)
def test_changes(old: Any, new: Any, changed: Any, removed: Any) -> None:
    assert compare.changes(SHAPE, old, new) == (changed, removed)


def test_what_a_write_can_not_change_is_not_compared() -> None:
    assert compare.changes(SHAPE, {"n": 1, "s": "a"}, {"n": 2, "s": "b"}, {"n"}) == ({"f:s": {}}, {})


def test_unknown_fields_have_no_owner() -> None:
    with pytest.raises(compare.Undeclared):
        compare.changes(SHAPE, {}, {"nope": 1})


@pytest.mark.parametrize(
    ("last", "now", "kept"),
    [
        ({"n": 1}, {}, {}),
        ({"n": 1, "s": "x"}, {"s": "x"}, {"s": "x"}),
        ({"map": {"a": "1", "b": "2"}}, {"map": {"b": "2"}}, {"map": {"b": "2"}}),
        ({"map": {"a": "1"}}, {}, {}),
        ({"keyed": keyed("a", "b")}, {"keyed": keyed("b")}, {"keyed": keyed("b")}),
        ({"keyed": keyed("a", v=1)}, {"keyed": keyed("a")}, {"keyed": keyed("a")}),
        ({"set": ["a", "b"]}, {"set": ["b"]}, {"set": ["b"]}),
        ({"free": {"a": {"b": 1}}}, {"free": {}}, {"free": {}}),
        ({"deep": {"a": "x", "b": "y"}}, {"deep": {"a": "x"}}, {"deep": {"a": "x"}}),
    ],
)
def test_what_is_applied_no_more_goes(last: Any, now: Any, kept: Any) -> None:
    before, after = compare.applied(SHAPE, last), compare.applied(SHAPE, now)
    assert merge.pruned(SHAPE, merge.merged(SHAPE, last, now), before, after) == kept


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"n": "x"}, ".n: expected numeric (int or float), got string"),
        ({"b": "x"}, ".b: expected boolean, got &{x}"),
        ({"s": True}, ".s: expected string, got &value.valueUnstructured{Value:true}"),
        ({"s": {"a": 1}}, '.s: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"a":1}}'),
        ({"map": "x"}, ".map: expected map, got &{x}"),
        ({"list": {"a": 1}}, ".list: expected list, got &{map[a:1]}"),
        ({"nope": 1}, ".nope: field not declared in schema"),
        ({"set": ["a", "a"]}, '.set: duplicate entries for key [="a"]'),
        ({"keyed": keyed("a", "a")}, '.keyed: duplicate entries for key [k="a"]'),
        (
            {"keyed": [{"v": 1}]},
            ".keyed: element 0: associative list with keys has an element that omits all key fields "
            '["k"] (and doesn\'t have default values for any key fields)',
        ),
        ({"keyed": [None]}, ".keyed: element 0: associative list with keys may not have a null element"),
        ({"keyed": ["x"]}, ".keyed: element 0: associative list with keys may not have non-map elements"),
        ({"keyed": keyed("a", v="x")}, '.keyed[k="a"].v: expected numeric (int or float), got string'),
        ({"set": [{}]}, ".set: element 0: associative list without keys has an element that's a map type"),
        ({"list": [1]}, ".list[0]: expected string, got &value.valueUnstructured{Value:1}"),
        (
            {"n": "x", "b": 1},
            "errors:\n  .n: expected numeric (int or float), got string\n  .b: expected boolean, got &{1}",
        ),
        ({"n": None, "map": None, "keyed": None, "free": {"x": None}}, ""),
    ],
)
def test_what_does_not_fit_the_schema(value: Any, fault: str) -> None:
    assert typed.faults(SHAPE, value, duplicates=False) == fault


def test_duplicates_may_be_there_already() -> None:
    assert not typed.faults(SHAPE, {"set": ["a", "a"]}, duplicates=True)


@pytest.mark.parametrize(
    ("found", "after"),
    [
        ({"f:whole": {"f:a": {}}}, {"f:whole": {}}),
        ({"f:list": {'v:"a"': {}}, "f:n": {}}, {"f:list": {}, "f:n": {}}),
        ({"f:map": {"f:a": {}}}, {"f:map": {"f:a": {}}}),
    ],
)
def test_sets_of_an_older_schema(found: Any, after: Any) -> None:
    assert merge.reconciled(SHAPE, found) == after
