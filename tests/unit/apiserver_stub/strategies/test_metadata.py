"""ObjectMeta of every kind."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest

_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def _config_map(**meta: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **meta}}


@pytest.mark.parametrize(
    ("meta", "errors"),
    [
        ({"name": None}, ["metadata.name: Required value: name or generateName is required"]),
        ({"name": "A"}, [f'metadata.name: Invalid value: "A": {_SUBDOMAIN}']),
        ({"name": "a" * 254}, [f'metadata.name: Invalid value: "{"a" * 254}": must be no more than 253 characters']),
        ({"name": "a.b-c"}, []),
        ({"generateName": "ok-"}, []),
        ({"generateName": "Bad"}, [f'metadata.generateName: Invalid value: "Bad": {_SUBDOMAIN}']),
        ({"labels": {"a/b": "", "x": "Y_1.z"}}, []),
        ({"labels": {"/b": ""}}, ['metadata.labels: Invalid value: "/b": prefix part must be non-empty']),
        ({"labels": {"k": "v" * 64}}, [f'metadata.labels: Invalid value: "{"v" * 64}": must be no more than 63 bytes']),
        ({"annotations": {"Example.com/KEY": "any text"}}, []),
        (
            {"annotations": {"k": "x" * 300_000}},
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
        ({"finalizers": ["orphan", "example.com/x"]}, []),
        (
            {"finalizers": ["mine"]},
            [
                'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it '
                "fully qualified"
            ],
        ),
        (
            {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": ""}]},
            ['metadata.ownerReferences[0].uid: Invalid value: "": uid must not be empty'],
        ),
    ],
)
def test_on_create(writer: Any, meta: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_config_map(**meta))[1] == errors


def test_only_one_controller(writer: Any) -> None:
    owners = [{"apiVersion": "v1", "kind": "Pod", "name": n, "uid": n, "controller": True} for n in ("a", "b")]
    _, errors = writer.try_create(_config_map(ownerReferences=owners))
    assert len(errors) == 1
    assert "Only one reference can have Controller set to true" in errors[0]


@pytest.mark.parametrize(
    ("kind", "name", "errors"),
    [
        ("Namespace", "a.b", ['metadata.name: Invalid value: "a.b": must not contain dots']),
        ("Namespace", "A", [f'metadata.name: Invalid value: "A": {_LABEL}']),
        ("Node", "node.example.com", []),
    ],
)
def test_names_of_kinds(writer: Any, kind: str, name: str, errors: list[str]) -> None:
    assert writer.try_create({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})[1] == errors


def test_roles_may_have_nearly_any_name(writer: Any) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "system:X_y"}}
    assert writer.try_create(role)[1] == []
    role["metadata"] = {"name": "a/b"}
    assert writer.try_create(role)[1] == ["metadata.name: Invalid value: \"a/b\": may not contain '/'"]


def test_what_an_update_may_not_change(writer: Any) -> None:
    old = writer.create(_config_map())
    _, errors = writer.update(old, {"metadata": {"uid": "other"}})
    # Each cause is there twice, as with upstream.
    assert errors == ['metadata.uid: Invalid value: "other": field is immutable'] * 2


def test_no_new_finalizers_while_deleting(writer: Any) -> None:
    old = writer.create(_config_map(finalizers=["example.com/a"]))
    old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    _, errors = writer.update(old, {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}})
    assert (
        errors
        == [
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
            'found new finalizers []string{"example.com/b"}'
        ]
        * 2
    )
    assert writer.update(old, {"metadata": {"finalizers": []}})[1] == []
