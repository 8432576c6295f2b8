"""Strategic merge patch: merge keys, directives, order, errors; schemas are the real ones."""

import copy
import time
from typing import Any

import pytest

from apiserver_stub.meta import status, strategicpatch
from apiserver_stub.schema import openapi

JSON = dict[str, Any]
POD = openapi.node_for(("", "v1", "Pod"))
DEPLOYMENT = openapi.node_for(("apps", "v1", "Deployment"))


def spec(doc: JSON, patch: JSON) -> JSON:
    """Patches the spec of a Pod."""
    result: JSON = strategicpatch.apply({"spec": doc}, {"spec": patch}, POD)["spec"]
    return result


def named(*names: str) -> list[JSON]:
    return [{"name": name} for name in names]


A_IMAGE = {"name": "a", "image": "1"}
ENV = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]


@pytest.mark.parametrize(
    ("doc", "patch", "expected"),
    [
        pytest.param(
            {"containers": [A_IMAGE, *named("b")]},
            {"containers": [{"name": "a", "image": "2"}]},
            {"containers": [{"name": "a", "image": "2"}, *named("b")]},
            id="merged by key",
        ),
        pytest.param(
            {"containers": named("a", "b")},
            {"containers": named("n")},
            {"containers": named("n", "a", "b")},
            id="new ones go first",
        ),
        pytest.param(
            {"containers": named("a", "b", "c")},
            {"containers": named("b", "n")},
            {"containers": named("a", "b", "n", "c")},
            id="new one after its neighbour in the patch",
        ),
        pytest.param(
            {"containers": named("a", "b")},
            {"containers": [{"name": "a", "$patch": "delete"}]},
            {"containers": named("b")},
            id="delete by key",
        ),
        pytest.param(
            {"containers": named("a", "b")},
            {"containers": [{"$patch": "replace"}, *named("z")]},
            {"containers": named("z")},
            id="replace a list",
        ),
        pytest.param(
            {"containers": [{"name": "a", "env": ENV, "args": ["1", "2"]}]},
            {"containers": [{"name": "a", "args": ["9"], "env": [{"name": "A", "$patch": "delete"}]}]},
            {"containers": [{"name": "a", "args": ["9"], "env": ENV[1:]}]},
            id="nested lists: args replaced, env merged",
        ),
        pytest.param(
            {"containers": [{"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 81}]}]},
            {"containers": [{"name": "a", "ports": [{"containerPort": 81, "name": "g"}]}]},
            {"containers": [{"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 81, "name": "g"}]}]},
            id="integer merge key",
        ),
        pytest.param(
            {"containers": named("a", "b")},
            {"$setElementOrder/containers": named("b", "a")},
            {"containers": named("b", "a")},
            id="order alone",
        ),
        pytest.param(
            {"containers": named("a", "server", "b")},
            {"$setElementOrder/containers": named("n", "b", "a"), "containers": named("n")},
            {"containers": named("n", "server", "b", "a")},
            id="order with what only the server knows",
        ),
        pytest.param(
            {},
            {"$setElementOrder/containers": named("b", "a"), "containers": named("b", "a")},
            {"containers": named("b", "a")},
            id="order of a list that is new",
        ),
        pytest.param(
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"volumes": [{"name": "v", "configMap": {"name": "c"}, "$retainKeys": ["name", "configMap"]}]},
            {"volumes": [{"name": "v", "configMap": {"name": "c"}}]},
            id="retainKeys",
        ),
        pytest.param(
            {},
            {"volumes": [{"name": "v", "emptyDir": {"medium": None}, "$retainKeys": ["name", "emptyDir"]}]},
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            id="no directive or null stays in what is new",
        ),
        pytest.param(
            {"tolerations": [{"key": "a"}]},
            {"tolerations": [{"key": "b"}]},
            {"tolerations": [{"key": "b"}]},
            id="atomic list",
        ),
        pytest.param({"volumes": named("v"), "hostname": "h"}, {"volumes": None, "hostname": None}, {}, id="null"),
        pytest.param(
            {"nodeSelector": {"a": "1"}},
            {"nodeSelector": {"$patch": "replace", "z": "1"}},
            {"nodeSelector": {"z": "1"}},
            id="replace a map",
        ),
        pytest.param(
            {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"$patch": "delete"}}, {"nodeSelector": {}}, id="delete"
        ),
        pytest.param(
            {}, {"nodeSelector": {"$patch": "replace", "z": "1"}}, {}, id="directive for a map that is not there"
        ),
        pytest.param(
            {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"b": "2"}}, {"nodeSelector": {"a": "1", "b": "2"}}, id="map"
        ),
    ],
)
def test_merges(doc: JSON, patch: JSON, expected: JSON) -> None:
    before = copy.deepcopy((doc, patch))
    assert spec(doc, patch) == expected
    assert (doc, patch) == before


def test_primitive_lists() -> None:
    doc = {"metadata": {"finalizers": ["a/a", "b/b"]}}
    added = strategicpatch.apply(doc, {"metadata": {"finalizers": ["c/c", "b/b"]}}, POD)
    assert added["metadata"]["finalizers"] == ["c/c", "a/a", "b/b"]
    fewer = strategicpatch.apply(doc, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/a", "x/x"]}}, POD)
    assert fewer["metadata"]["finalizers"] == ["b/b"]
    absent: JSON = {"metadata": {}}
    assert strategicpatch.apply(absent, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, POD) == absent


def test_union_of_a_deployment() -> None:
    doc = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategicpatch.apply(doc, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ({"containers": [{"image": "x"}]}, 500, "map: map[image:x] does not contain declared merge key: name"),
        ({"$patch": "explode"}, 500, "unknown patch type: explode in map: map[$patch:explode]"),
        ({"containers": [{"$patch": "merge"}]}, 500, "merging lists cannot yet be specified in the patch"),
        (
            {"containers": [{"name": "a"}, "b"]},
            500,
            "list element types are not identical: [[map[name:a]] [map[name:a] b]]",
        ),
        ({"$setElementOrder/nope": [1]}, 500, 'unable to find api field in struct PodSpec for the json field "nope"'),
        ({"$setElementOrder/containers": 1}, 500, "expected a []interface {}, but received a int64"),
        ({"$retainKeys": 1}, 400, "invalid patch format of retainKeys"),
        ({"$retainKeys": ["hostname"], "nodeName": "n"}, 400, "invalid patch format of retainKeys"),
        ({"$deleteFromPrimitiveList": ["a"]}, 400, "invalid patch format of primitive list"),
        (
            {"$setElementOrder/containers": named("z"), "containers": named("a")},
            500,
            "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:z]]\n",
        ),
        (
            {"containers": "x"},
            422,
            ' "" is invalid: patch: Invalid value: "map[spec:map[containers:x]]": cannot restore slice from string',
        ),
        (
            {"hostNetwork": "x"},
            422,
            ' "" is invalid: patch: Invalid value: "map[spec:map[hostNetwork:x]]": cannot convert string to bool',
        ),
        (
            {"priority": 1.5, "nodeSelector": {"a": "b"}},
            422,
            ' "" is invalid: patch: Invalid value: "map[spec:map[nodeSelector:map[a:b] priority:1.5]]": '
            "cannot convert float64 to int32",
        ),
    ],
)
def test_errors(patch: JSON, code: int, message: str) -> None:
    with pytest.raises(status.StatusError) as caught:
        spec({"containers": named("a")}, patch)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_body_has_to_be_an_object() -> None:
    with pytest.raises(status.StatusError) as caught:
        strategicpatch.apply({}, [1], POD)
    words = "json: cannot unmarshal array into Go value of type map[string]interface {}"
    assert (caught.value.code, caught.value.message) == (400, words)


def test_long_lists_take_linear_time() -> None:
    """A body of the allowed size must not stop the server: comparing each with each took minutes."""
    many = [f"x.io/{i}" for i in range(50_000)]
    started = time.monotonic()
    result = strategicpatch.apply({"metadata": {"finalizers": many}}, {"metadata": {"finalizers": many[::-1]}}, POD)
    assert len(result["metadata"]["finalizers"]) == len(many)
    assert time.monotonic() - started < 3
