"""Roles and bindings as objects: what they may say, and that a binding keeps its role."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest

_GROUP = "rbac.authorization.k8s.io"


def _obj(kind: str, **members: Any) -> dict[str, Any]:
    return {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": {"name": "system:x"}, **members}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_obj("ClusterRole", rules=[{"verbs": ["get"], "nonResourceURLs": ["/x"]}]), []),
        (_obj("ClusterRole", rules=[{"verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["pods"]}]), ['rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs']),
        (_obj("ClusterRole", aggregationRule={}), ["aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"]),
        (_obj("ClusterRole", aggregationRule={"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "X"}]}]}), ['aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "X": not a valid selector operator']),
        (_obj("ClusterRoleBinding", roleRef={"kind": "ClusterRole", "name": "r"}, subjects=[{"kind": "ServiceAccount", "name": "a", "apiGroup": "x"}]), ['subjects[0].apiGroup: Unsupported value: "x": supported values: ""', "subjects[0].namespace: Required value"]),
        (_obj("RoleBinding", roleRef={"kind": "ClusterRole", "name": "a/b"}), ["roleRef.name: Invalid value: \"a/b\": may not contain '/'"]),
    ],
)  # fmt: skip
def test_mistakes(writer: Any, body: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(body)[1] == errors


def test_a_role_without_rules(writer: Any) -> None:
    assert writer.create(_obj("Role"))["rules"] is None


def test_groups_are_filled_in(writer: Any) -> None:
    subjects = [{"kind": kind, "name": "n"} for kind in ("User", "Group", "ServiceAccount")]
    obj = writer.create(_obj("RoleBinding", roleRef={"kind": "Role", "name": "r"}, subjects=subjects))
    assert obj["roleRef"]["apiGroup"] == _GROUP
    assert [subject.get("apiGroup") for subject in obj["subjects"]] == [_GROUP, _GROUP, None]


def test_a_binding_keeps_its_role(writer: Any) -> None:
    old = writer.create(_obj("RoleBinding", roleRef={"kind": "Role", "name": "r"}))
    assert writer.update(old, {"subjects": [{"kind": "User", "name": "u"}]})[1] == []
    assert writer.update(old, {"roleRef": {"kind": "ClusterRole"}})[1] == [
        f'roleRef: Invalid value: {{"APIGroup":"{_GROUP}","Kind":"ClusterRole","Name":"r"}}: cannot change roleRef'
    ]
