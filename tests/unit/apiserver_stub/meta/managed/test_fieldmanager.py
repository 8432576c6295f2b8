"""Who owns what after updates and applies."""

from typing import Any

import pytest

from apiserver_stub.meta import status
from apiserver_stub.meta.managed.fieldmanager import Version
from tests.fakes import owned as known
from tests.fakes.owned import Live

Object = dict[str, Any]
CONFIGMAPS = known.manager("", "v1", "configmaps")


def live() -> Live:
    return Live(CONFIGMAPS)


def test_a_create_owns_what_it_sets() -> None:
    found = live().update("me", known.configmap(a="1") | {"immutable": True})
    assert found.owners == {"me/Update": {"f:data": {".": {}, "f:a": {}}, "f:immutable": {}}}


def test_an_empty_create_has_no_owners() -> None:
    assert live().update("me", {"metadata": {"name": "a"}}).owners == {}


def test_an_update_moves_what_it_changes() -> None:
    found = live().update("me", known.configmap(a="1", b="1")).update("you", known.configmap(a="1", b="2", c="1"))
    assert found.owners == {
        "me/Update": {"f:data": {".": {}, "f:a": {}}},
        "you/Update": {"f:data": {"f:b": {}, "f:c": {}}},
    }


def test_an_update_without_change_leaves_all_as_it_is() -> None:
    found = live().update("me", known.configmap(a="1"))
    before = found.obj
    assert found.update("you", known.configmap(a="1"), known.LATER).obj == before


def test_what_is_removed_nobody_owns() -> None:
    found = live().update("me", known.configmap(a="1", b="1")).update("you", known.configmap(b="1"))
    assert found.owners == {"me/Update": {"f:data": {".": {}, "f:b": {}}}}


def test_only_who_changes_something_gets_a_new_time() -> None:
    found = live().update("me", known.configmap(a="1", b="1")).update("you", known.configmap(a="2", b="1"), known.LATER)
    assert (found.time_of("me"), found.time_of("you")) == (known.NOW, known.LATER)


@pytest.mark.parametrize("given", [[], [{}]])
def test_owners_can_be_forgotten(given: Any) -> None:
    found = live().update("me", known.configmap(a="1")).update("me", known.configmap(a="2"), given=given)
    assert found.owners == {}
    assert found.update("me", known.configmap(a="3")).owners == {}


def test_owners_can_be_written_by_a_client() -> None:
    mine = {"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    found = live().update("me", known.configmap(a="1"))
    found.update("me", known.configmap(a="1"), given=[{**mine, "fieldsV1": {"f:data": {"f:a": {}}}}])
    assert found.owners == {"x/Apply": {"f:data": {"f:a": {}}}}


def test_owners_that_can_not_be_read_are_not_taken() -> None:
    found = live().update("me", known.configmap(a="1"))
    before = found.owners
    assert found.update("me", known.configmap(a="1"), given=[{"manager": "x", "operation": "?"}]).owners == before


def test_an_apply_owns_its_configuration_and_gives_up_the_rest() -> None:
    found = live().apply("one", known.configmap(a="1", b="1"))
    assert found.owners == {"one/Apply": {"f:data": {"f:a": {}, "f:b": {}}}}
    found.apply("one", known.configmap(b="1"))
    assert (found.owners, found["data"]) == ({"one/Apply": {"f:data": {"f:b": {}}}}, {"b": "1"})


def test_shared_fields_stay_until_the_last_owner_leaves() -> None:
    found = live().apply("one", known.configmap(a="1")).apply("two", known.configmap(a="1", b="1"))
    assert found.apply("one", known.configmap())["data"] == {"a": "1", "b": "1"}
    assert found.apply("two", known.configmap(b="1"))["data"] == {"b": "1"}


def test_what_an_updater_owns_stays() -> None:
    found = live().apply("one", known.configmap(a="1")).update("you", known.configmap(a="1", b="2"))
    assert found.apply("one", {**known.configmap(), "data": None})["data"] == {"b": "2"}


def test_applying_again_changes_nothing_but_nothing_is_forgotten() -> None:
    found = live().apply("one", known.configmap(a="1"))
    before = found.obj
    assert found.apply("one", known.configmap(a="1"), known.LATER).obj == before


def test_conflicts_name_the_fields_and_who_owns_them() -> None:
    found = live().apply("one", known.configmap(a="1", b="1")).update("you", known.configmap(a="1", b="2"))
    with pytest.raises(status.StatusError) as error:
        found.apply("two", known.configmap(a="9", b="9"))
    assert error.value.code == 409
    assert error.value.message == (
        'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\nconflicts with "you" using v1:\n- .data.b'
    )
    assert error.value.body["details"] == {
        "causes": [
            {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"},
            {"reason": "FieldManagerConflict", "message": 'conflict with "you" using v1', "field": ".data.b"},
        ]
    }


def test_force_takes_over() -> None:
    found = live().apply("one", known.configmap(a="1", b="1")).apply("two", known.configmap(a="9"), force=True)
    assert found["data"] == {"a": "9", "b": "1"}
    assert found.owners == {"one/Apply": {"f:data": {"f:b": {}}}, "two/Apply": {"f:data": {"f:a": {}}}}


def test_an_object_without_owners_is_owned_by_before_first_apply() -> None:
    found = live().update("me", known.configmap(a="1", b="1")).update("me", known.configmap(a="1", b="1"), given=[{}])
    found.apply("one", known.configmap(a="1"))
    assert found.owners == {
        "before-first-apply/Update": {"f:data": {".": {}, "f:a": {}, "f:b": {}}},
        "one/Apply": {"f:data": {"f:a": {}}},
    }


def test_kubectl_takes_over_what_it_applied_from_the_client() -> None:
    text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","b":"1"}}'
    obj = known.configmap(a="1", b="1")
    obj["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": text}
    found = live().update("kubectl-client-side-apply", obj)
    with pytest.raises(status.StatusError):
        found.apply("other", known.configmap(a="2"))
    assert found.apply("kubectl", known.configmap(a="2"))["data"] == {"a": "2", "b": "1"}


def test_but_not_what_somebody_changed_since() -> None:
    text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","b":"1"}}'
    obj = known.configmap(a="1", b="1")
    obj["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": text}
    found = live().update("kubectl-client-side-apply", obj)
    found.update("you", {**found.obj, "data": {"a": "1", "b": "7"}})  # type: ignore[dict-item]
    with pytest.raises(status.StatusError) as error:
        found.apply("kubectl", known.configmap(a="2", b="2"))
    assert error.value.message == 'Apply failed with 1 conflict: conflict with "you" using v1: .data.b'


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"kind": "Secret"}, 400, "invalid object type: /v1, Kind=Secret"),
        ({"apiVersion": "apps/v1"}, 400, "invalid object type: apps/v1, Kind=ConfigMap"),
        ({"metadata": {"name": "a", "managedFields": []}}, 400, "metadata.managedFields must be nil"),
        (
            {"nope": 1},
            500,
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .nope: field not declared in schema",
        ),
    ],
)
def test_what_can_not_be_applied(change: Object, code: int, message: str) -> None:
    with pytest.raises(status.StatusError) as error:
        live().apply("one", {**known.configmap(), **change})
    assert (error.value.code, error.value.message) == (code, message)


def test_a_status_is_owned_through_its_subresource_only() -> None:
    main = Live(known.manager("apps", "v1", "deployments", reset=(("status",),)))
    status_only = known.manager("apps", "v1", "deployments", subresource="status", reset=(("spec",),))
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}}
    main.update("me", {**obj, "status": {"replicas": 3}})
    assert main.owners == {"me/Update": {"f:spec": {"f:replicas": {}}}}
    main.fields = status_only
    main.update("controller", {**obj, "spec": {"replicas": 7}, "status": {"replicas": 4}})
    assert main.owners["controller/Update"] == {"f:status": {"f:replicas": {}}}
    assert main.owners["me/Update"] == {"f:spec": {"f:replicas": {}}}


def test_structs_that_are_always_there_are_not_owned_maps_that_are_not_are() -> None:
    found = Live(known.manager("apps", "v1", "deployments", reset=(("status",),)))
    spec = {
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "resources": {}}]}},
    }
    found.update("me", {"metadata": {"name": "d"}, "spec": spec})
    assert found.owners["me/Update"]["f:spec"] == {
        "f:strategy": {"f:type": {}, "f:rollingUpdate": {".": {}, "f:maxSurge": {}}},
        "f:selector": {},
        "f:template": {
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}, "f:resources": {}}}},
        },
    }


def test_of_custom_resources_everything_is_owned() -> None:
    found = Live(known.free(f={"a": "string"}, v="any")).update("me", known.custom(a="x", z={"q": [1]}))
    assert found.owners == {"me/Update": {"f:spec": {".": {}, "f:a": {}, "f:z": {".": {}, "f:q": {}}}}}


@pytest.mark.parametrize("spec", [{"z": 1}, {"a": {}}, {"a": 1}, {"l": ["x"]}, {"l": {}}, {"l": [{}]}, {"m": []}])
def test_an_object_that_does_not_fit_its_schema_has_no_owners(spec: Object) -> None:
    items = {"t": "array", "i": {"t": "object", "f": {"k": "string"}}, "lt": "map", "lk": ["k"]}
    fields = known.free(f={"a": "string", "l": items, "m": {"t": "map", "v": "string"}})
    fields.unchecked = True
    assert Live(fields).update("me", known.custom(**spec)).owners == {}


def test_managers_of_other_versions_are_judged_in_their_version() -> None:
    def renamed(obj: Object) -> Object:
        return {**obj, "spec": {"old": obj["spec"].get("new")}}

    older = known.free("x.io/v0", f={"old": "string"})
    versions = {"x.io/v0": Version(older.shape, renamed)}
    newer = known.free(f={"new": "string", "more": "string"})
    newer.in_version = versions.get
    found = Live(older).apply("one", {**known.custom(old="1"), "apiVersion": "x.io/v0"})
    assert found.obj
    found.fields, found.obj = newer, {**found.obj, **known.custom(new="1"), "metadata": found.obj["metadata"]}
    with pytest.raises(status.StatusError) as error:
        found.apply("two", known.custom(new="2"))
    assert error.value.message == 'Apply failed with 1 conflict: conflict with "one": .spec.old'
    found.apply("two", known.custom(more="x"))
    assert set(found.owners) == {"one/Apply", "two/Apply"}
    versions.clear()
    assert set(found.apply("two", known.custom(more="y")).owners) == {"two/Apply"}


def test_fields_that_another_version_lacks_do_no_harm() -> None:
    older, newer = known.free("x.io/v0", f={"a": "string"}), known.free(f={"a": "string", "b": "string"})
    newer.unchecked = True
    newer.in_version = lambda api_version: Version(older.shape, lambda obj: obj)
    found = Live(older).apply("one", {**known.custom(a="1"), "apiVersion": "x.io/v0"})
    assert found.obj
    found.fields, found.obj = newer, {**found.obj, "apiVersion": "x.io/v1"}
    found.apply("two", known.custom(b="1"))
    assert found.update("me", {**found.obj, "spec": {"a": "2", "b": "1"}}).owners == {
        "two/Apply": {"f:spec": {"f:b": {}}},
        "me/Update": {"f:spec": {"f:a": {}}},
    }


def test_what_is_nested_too_deeply_is_told() -> None:
    deep: Any = {}
    for _ in range(900):
        deep = {"a": deep}
    found = Live(known.free(v="any"))
    with pytest.raises(status.StatusError) as error:
        found.apply("one", known.custom(x=deep))
    assert error.value.code == 400
    assert found.update("me", known.custom(x=deep)).owners == {}


@pytest.mark.parametrize("key", [10**30, 1e400, {"a": [10**30]}])
def test_keys_that_json_can_not_hold(key: Any) -> None:
    items = {"t": "array", "i": {"t": "object", "f": {"k": "any"}}, "lt": "map", "lk": ["k"]}
    with pytest.raises(status.StatusError):
        Live(known.free(f={"l": items})).apply("one", known.custom(l=[{"k": key}, {"k": key}]))
