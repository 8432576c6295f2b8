"""Type checking of policies: which kinds, which warnings."""

from typing import Any

import orjson
import pytest

from apiserver_stub.admission.policies import typechecking
from apiserver_stub.schema import kinds

KINDS = kinds.builtin()


def rule(*resources: str, groups: str = "apps", versions: str = "v1") -> dict[str, Any]:
    return {"apiGroups": groups.split() or [""], "apiVersions": versions.split(), "resources": list(resources)}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("deployments", "statefulsets")], ["Deployment", "StatefulSet"]),
        ([rule("deployments"), rule("daemonsets", "deployments")], ["DaemonSet", "Deployment"]),
        ([rule("*"), rule("deployments/scale"), rule("none")], []),
        ([rule("deployments", groups="*")], []),
        ([rule("deployments", versions="*")], []),
        ([rule("horizontalpodautoscalers", groups="autoscaling", versions="v1 v2")], ["HorizontalPodAutoscaler"] * 2),
    ],
)
def test_kinds_without_wildcards(rules: list[dict[str, Any]], expected: list[str]) -> None:
    assert [one.kind for one in typechecking.matched({"resourceRules": rules}, KINDS.get)] == expected


def test_no_more_than_ten_kinds() -> None:
    core = [one.name for one in KINDS if not one.group]
    found = typechecking.matched(
        {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": core}]}, KINDS.get
    )
    assert len(found) == 10


def faults(text: str, **more: Any) -> list[str]:
    spec = {"matchConstraints": {"resourceRules": [rule("pods", groups="")]}, "validations": [{"expression": text}]}
    params = KINDS.get("", "v1", "configmaps") if "paramKind" in more else None
    return [one["warning"] for one in typechecking.warnings({"spec": spec | more}, KINDS.get, params)]


@pytest.mark.parametrize(
    "text",
    [
        "object.spec.containers.all(c, c.image.startsWith('x') && c.ports.exists(p, p.containerPort > 80))",
        "object.metadata.labels['a'] == 'b' && object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')",
        "quantity(object.spec.containers[0].resources.limits['cpu']).isGreaterThan(quantity('1'))",
        "oldObject == null || request.userInfo.username == namespaceObject.metadata.name",
        "object.spec.containers[0].livenessProbe.httpGet.port == 80",
    ],
)
def test_what_fits(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("object.spec.replicas > 1", "undefined field 'replicas'"),
        ("object.spec.hostNetwork == 'yes'", "found no matching overload for '_==_' applied to '(bool, string)'"),
        ("object.metadata.namespace == 'x'", "undefined field 'namespace'"),
        ("params.data.size() > 1", "undeclared reference to 'params'"),
    ],
)
def test_what_does_not_fit(text: str, fault: str) -> None:
    (warning,) = faults(text)
    assert warning.startswith("/v1, Kind=Pod: ERROR: <input>:1:") and fault in warning


def test_parameters_and_variables_have_types() -> None:
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    assert faults("params.data['a'] == 'b'", paramKind=kind) == []
    assert len(faults("params.nothing == 1", paramKind=kind)) == 1
    variables = [{"name": "c", "expression": "object.spec.containers"}]
    assert faults("variables.c.all(c, c.name != '')", variables=variables) == []
    assert "undefined field 'nom'" in faults("variables.c.all(c, c.nom != '')", variables=variables)[0]


def test_custom_resources() -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    base = KINDS.get("apps", "v1", "deployments")
    assert base is not None
    custom = kinds.Resource(
        "e.com", "v1", "ws", "W", "WList", "w", True, base.verbs, (), (), {}, "x", "v1", False, orjson.dumps(schema)
    )
    found = typechecking.of(custom)
    assert str(found.fields["spec"].fields["n"]) == "int" and "labels" in found.fields["metadata"].fields
