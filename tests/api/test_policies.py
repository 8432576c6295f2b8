"""ValidatingAdmissionPolicy and MutatingAdmissionPolicy over HTTP: they hold from the moment they are stored."""

from typing import Any

import pytest

from apiserver_stub.admission.policies.checks import TypeChecks
from tests.api.conftest import CONFIGMAPS, CORE, Api, Client, Object, configmap
from tests.api.test_custom_resources import define

REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
NAMESPACE = {"kubernetes.io/metadata.name": "default"}


def rule(resource: str, group: str = "", version: str = "v1", operations: str = "CREATE UPDATE") -> Object:
    return {
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": operations.split(),
        "resources": [resource],
    }


async def bind(
    admin: Client,
    kind: str,
    spec: Object,
    binding: Object | None = None,
    *,
    name: str = "p",
    resource: str = "configmaps",
) -> None:
    """Stores a policy about ConfigMaps and its binding. kind: Validating or Mutating."""
    plural = f"{REGISTRATION}/{kind.lower()}admissionpolicies"
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    spec = {"matchConstraints": {"resourceRules": [rule(resource)]}} | spec
    own: Object = {"policyName": name}
    if kind == "Validating":
        own["validationActions"] = ["Deny"]
    else:
        spec = {"reinvocationPolicy": "Never"} | spec
    await admin.create(plural, head | {"kind": f"{kind}AdmissionPolicy", "spec": spec})
    bound = head | {"kind": f"{kind}AdmissionPolicyBinding", "spec": own | (binding or {})}
    await admin.create(plural.removesuffix("ies") + "ybindings", bound)


def validations(*expressions: str, **more: Any) -> Object:
    return {"validations": [{"expression": text, **more} for text in expressions]}


async def post(client: Client, obj: Object, path: str = CONFIGMAPS, **query: str) -> tuple[int, str, list[str]]:
    """The status, the message of a failure, the warnings."""
    code, headers, body = await client.full("POST", path, obj, None, **query)
    warnings = [text.partition('"')[2].removesuffix('"') for text in headers.getall("Warning", [])]
    return code, body.get("message", ""), warnings


DENIED = "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: "
_TEN = "[1,2,3,4,5,6,7,8,9,10]"
_COSTLY = "".join(f"{_TEN}.all({name}, " for name in "abcdef") + "object.data.k == 'x'" + ")" * 6
_CASES = {
    "false": (validations("object.data.k == 'v'"), (422, "failed expression: object.data.k == 'v'")),
    "true": (validations("object.data.k == 'x'"), (201, "")),
    "message": (validations("false", message=" no "), (422, "no")),
    "computed message": (
        validations("false", messageExpression="'k is ' + object.data.k", message="m"),
        (422, "k is x"),
    ),
    "computed message fails": (
        validations("false", messageExpression="string(object.data.none)", message="m"),
        (422, "m"),
    ),
    "computed message of two lines": (
        validations("false", messageExpression="'a\\nb'"),
        (422, "failed expression: false"),
    ),
    "reason": (validations("false", reason="Forbidden", message="m"), (403, "m")),
    "too large": (validations("false", reason="RequestEntityTooLarge", message="m"), (413, "m")),
    "error": (
        validations("object.data.none == 'x'"),
        (422, "expression 'object.data.none == 'x'' resulted in error: no such key: none"),
    ),
    "error that is ignored": (validations("object.data.none == 'x'") | {"failurePolicy": "Ignore"}, (201, "")),
    "false though errors are ignored": (
        validations("object.data.none == 'x'", "1 == 2") | {"failurePolicy": "Ignore"},
        (422, "failed expression: 1 == 2"),
    ),
    "the first one is told": (validations("true", "1 > 2", "2 > 3"), (422, "failed expression: 1 > 2")),
    "variables": (
        {
            "variables": [
                {"name": "k", "expression": "object.data.k"},
                {"name": "twice", "expression": "variables.k + variables.k"},
                {"name": "unused", "expression": "object.data.none"},
            ]
        }
        | validations("variables.twice == 'xx' && has(variables.unused)"),
        (201, ""),
    ),
    "a variable that fails": (
        {"variables": [{"name": "n", "expression": "object.data.none"}]} | validations("variables.n == 'x'"),
        (
            422,
            "expression 'variables.n == 'x'' resulted in error: "
            'composited variable "n" fails to evaluate: no such key: none',
        ),
    ),
    "a condition that doesn't hold": (
        {"matchConditions": [{"name": "c", "expression": "object.data.k == 'v'"}]} | validations("false"),
        (201, ""),
    ),
    "a condition that fails": (
        {"matchConditions": [{"name": "c", "expression": "object.data.none == 'v'"}]} | validations("false"),
        (422, "expression 'object.data.none == 'v'' resulted in error: no such key: none"),
    ),
    "a condition that fails beside a false one": (
        {
            "matchConditions": [
                {"name": "c", "expression": "object.data.none == 'v'"},
                {"name": "d", "expression": "1 == 2"},
            ]
        }
        | validations("false"),
        (201, ""),
    ),
    "request": (
        validations(
            "request.operation == 'CREATE' && request.name == 'a' && request.namespace == 'default'"
            " && request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap' && !request.dryRun"
            " && 'system:masters' in request.userInfo.groups && oldObject == null"
        ),
        (201, ""),
    ),
    "namespaceObject": (
        validations(
            "namespaceObject.metadata.name == 'default' && namespaceObject.status.phase == 'Active'"
            " && namespaceObject.metadata.creationTimestamp < timestamp('2999-01-01T00:00:00Z')"
        ),
        (201, ""),
    ),
    "authorizer": (
        validations(
            "authorizer.group('').resource('pods').namespace('default').check('create').allowed()"
            " && !authorizer.serviceAccount('default', 'x').path('/metrics').check('get').allowed()"
        ),
        (201, ""),
    ),
    "costs too much": (validations(_COSTLY), (422, "operation cancelled: actual cost limit exceeded")),
}


@pytest.mark.parametrize(("spec", "expected"), _CASES.values(), ids=_CASES.keys())
async def test_what_a_policy_decides(admin: Client, spec: Object, expected: tuple[int, str]) -> None:
    await bind(admin, "Validating", spec)
    code, message, _ = await post(admin, configmap("a", {"k": "x"}))
    assert code == expected[0], message
    if code == 201:
        return
    prefix = f'configmaps "a" is forbidden: {DENIED}'
    assert message.startswith(prefix)
    found = message.removeprefix(prefix)
    assert found.endswith(expected[1]) if "cost limit" in expected[1] else found == expected[1]


async def test_warnings_audit_and_two_bindings(admin: Client) -> None:
    await bind(admin, "Validating", validations("object.data.k == 'x'", message="k"))
    spec = {"policyName": "p", "validationActions": ["Warn", "Audit"]}
    path = f"{REGISTRATION}/validatingadmissionpolicybindings"
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding"}
    await admin.create(path, head | {"metadata": {"name": "w"}, "spec": spec})
    warning = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'w': k"
    code, _, warnings = await post(admin, configmap("a", {"k": "y"}))
    assert (code, warnings) == (422, [warning])
    await admin.call("DELETE", f"{path}/p")
    assert await post(admin, configmap("a", {"k": "y"})) == (201, "", [warning])
    await admin.call("DELETE", f"{path}/w")
    assert await post(admin, configmap("b", {"k": "y"})) == (201, "", [])


_MATCHES = {
    "other operation": ({"resourceRules": [rule("configmaps", operations="UPDATE")]}, {}, 201),
    "any": ({"resourceRules": [rule("*", "*", "*", "*")]}, {}, 422),
    "by name": ({"resourceRules": [rule("configmaps") | {"resourceNames": ["a"]}]}, {}, 422),
    "by another name": ({"resourceRules": [rule("configmaps") | {"resourceNames": ["b"]}]}, {}, 201),
    "excluded": (
        {"resourceRules": [rule("configmaps")], "excludeResourceRules": [rule("configmaps")]},
        {},
        201,
    ),
    "labels": (
        {"resourceRules": [rule("configmaps")], "objectSelector": {"matchLabels": {"l": "1"}}},
        {},
        422,
    ),
    "other labels": (
        {"resourceRules": [rule("configmaps")], "objectSelector": {"matchLabels": {"l": "2"}}},
        {},
        201,
    ),
    "namespace": (
        {"resourceRules": [rule("configmaps")], "namespaceSelector": {"matchLabels": NAMESPACE}},
        {},
        422,
    ),
    "other namespace": (
        {"resourceRules": [rule("configmaps")], "namespaceSelector": {"matchLabels": {"no": "such"}}},
        {},
        201,
    ),
    "cluster scope": ({"resourceRules": [rule("configmaps") | {"scope": "Cluster"}]}, {}, 201),
    "not bound here": (
        {"resourceRules": [rule("configmaps")]},
        {"matchResources": {"namespaceSelector": {"matchLabels": {"no": "such"}}}},
        201,
    ),
    "bound by rule": (
        {"resourceRules": [rule("configmaps")]},
        {"matchResources": {"resourceRules": [rule("secrets")]}},
        201,
    ),
}


@pytest.mark.parametrize(("constraints", "binding", "code"), _MATCHES.values(), ids=_MATCHES.keys())
async def test_what_a_policy_is_about(admin: Client, constraints: Object, binding: Object, code: int) -> None:
    await bind(admin, "Validating", {"matchConstraints": constraints} | validations("false"), binding)
    obj = configmap("a", {"k": "x"})
    obj["metadata"]["labels"] = {"l": "1"}
    assert (await post(admin, obj))[0] == code


async def test_deletions_and_updates(admin: Client) -> None:
    constraints = {"resourceRules": [rule("configmaps", operations="DELETE")]}
    spec = {"matchConstraints": constraints} | validations("object == null && oldObject.metadata.name != 'keep'")
    await bind(admin, "Validating", spec)
    for name in ("keep", "go"):
        await admin.create(CONFIGMAPS, configmap(name, {"k": "x"}))
    assert (await admin.call("DELETE", f"{CONFIGMAPS}/keep"))[0] == 422
    assert (await admin.call("DELETE", f"{CONFIGMAPS}/go"))[0] == 200
    assert (await admin.get(f"{CONFIGMAPS}/keep"))[0] == 200


async def test_other_versions_of_the_same_objects(admin: Client) -> None:
    """matchPolicy: Equivalent, the default; the policy sees the version that it names."""
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
            "maxReplicas": 3,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
                }
            ],
        },
    }
    rules = {"resourceRules": [rule("horizontalpodautoscalers", "autoscaling", "v1")]}
    expression = (
        "object.spec.targetCPUUtilizationPercentage < 50 || object.apiVersion != 'autoscaling/v1'"
        " || request.kind.version != 'v1' || request.requestKind.version != 'v2'"
    )
    await bind(admin, "Validating", {"matchConstraints": rules} | validations(expression))
    path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    assert (await post(admin, scaler, path))[0] == 422
    scaler["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] = 40  # type: ignore[index]
    assert (await post(admin, scaler, path))[0] == 201


_PARAMS = {
    "by name": ({"name": "limits"}, (422, "failed expression: object.data.k in params.data")),
    "of another namespace": ({"name": "limits", "namespace": "kube-system"}, None),
    "by labels": ({"selector": {"matchLabels": {"p": "1"}}}, (422, "failed expression: object.data.k in params.data")),
    "missing": ({"name": "none"}, None),
    "missing but allowed": ({"name": "none", "parameterNotFoundAction": "Allow"}, (201, "")),
    "no labels fit": ({"selector": {"matchLabels": {"p": "2"}}, "parameterNotFoundAction": "Allow"}, (201, "")),
}
_NO_PARAMS = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"


@pytest.mark.parametrize(("ref", "expected"), _PARAMS.values(), ids=_PARAMS.keys())
async def test_parameters(admin: Client, ref: Object, expected: tuple[int, str] | None) -> None:
    limits = configmap("limits", {"y": "1"})
    limits["metadata"]["labels"] = {"p": "1"}
    await admin.create(CONFIGMAPS, limits)
    spec = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}} | validations("object.data.k in params.data")
    await bind(admin, "Validating", spec, {"paramRef": {"parameterNotFoundAction": "Deny"} | ref})
    code, message, _ = await post(admin, configmap("a", {"k": "x"}))
    wanted = expected or (422, _NO_PARAMS)
    assert (code, message.rpartition("denied request: ")[2]) == wanted


async def test_parameters_of_a_custom_kind(admin: Client, api: Api) -> None:
    spec = {"paramKind": {"apiVersion": "example.com/v1", "kind": "Limit"}} | validations(
        "object.data.k.size() <= params.max"
    )
    await bind(admin, "Validating", spec, {"paramRef": {"name": "l", "parameterNotFoundAction": "Deny"}})
    assert (await post(admin, configmap("a", {"k": "x"})))[1] == (
        "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: "
        "failed to find resource referenced by paramKind: 'example.com/v1, Kind=Limit'"
    )
    schema = {"type": "object", "properties": {"max": {"type": "integer"}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "limits.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"plural": "limits", "kind": "Limit"},
            "scope": "Cluster",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    await define(admin, definition)
    await admin.create(
        "/apis/example.com/v1/limits",
        {"apiVersion": "example.com/v1", "kind": "Limit", "metadata": {"name": "l"}, "max": 3},
    )
    assert (await post(admin, configmap("a", {"k": "long"})))[0] == 422
    assert (await post(admin, configmap("a", {"k": "x"})))[0] == 201


async def test_only_what_one_may_read_can_be_a_parameter(admin: Client, api: Api) -> None:
    rules = [
        {"apiGroups": ["admissionregistration.k8s.io"], "resources": ["*"], "verbs": ["create", "update", "get"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["mine"]},
    ]
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "x"}}
    subjects = [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]
    role = {"kind": "ClusterRole", "name": "x", "apiGroup": "rbac.authorization.k8s.io"}
    path = "/apis/rbac.authorization.k8s.io/v1"
    await admin.create(f"{path}/clusterroles", head | {"kind": "ClusterRole", "rules": rules})
    bound = head | {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": subjects}
    await admin.create(f"{path}/clusterrolebindings", bound)
    kind = {"paramKind": {"apiVersion": "v1", "kind": "Secret"}}
    shown = "&{u  [system:authenticated] map[]}"
    async with api.client("admin", **{"Impersonate-User": "u"}) as user:
        with pytest.raises(AssertionError):
            await bind(user, "Validating", kind | validations("true"))
        await bind(admin, "Validating", kind | validations("true"))
        binding = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "b"},
            "spec": {"policyName": "p", "validationActions": ["Deny"], "paramRef": {"name": "other", "namespace": "x"}},
        }
        binding["spec"]["paramRef"]["parameterNotFoundAction"] = "Deny"  # type: ignore[index]
        bindings = f"{REGISTRATION}/validatingadmissionpolicybindings"
        code, message, _ = await post(user, binding, bindings)
        wanted = f'user {shown} does not have "get" permission on the object referenced by paramRef'
        assert (code, message.partition(" is invalid: ")[2]) == (422, f"spec.paramRef: Forbidden: {wanted}")
        binding["spec"]["paramRef"]["name"] = "mine"  # type: ignore[index]
        assert (await post(user, binding, bindings))[0] == 201


async def test_nobody_is_locked_out(admin: Client) -> None:
    everything = {"matchConstraints": {"resourceRules": [rule("*", "*", "*", "*")]}}
    await bind(admin, "Validating", everything | validations("false"))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    assert (await post(admin, review, "/apis/authentication.k8s.io/v1/selfsubjectreviews"))[0] == 201
    assert (await post(admin, configmap("a", {})))[0] == 422
    assert (await admin.call("DELETE", f"{REGISTRATION}/validatingadmissionpolicies/p"))[0] == 200
    assert (await post(admin, configmap("a", {})))[0] == 201


async def test_type_checking(admin: Client, api: Api) -> None:
    constraints = {"resourceRules": [rule("deployments", "apps")]}
    spec = {"matchConstraints": constraints} | validations("object.replicas > 1", "object.spec.replicas > 1")
    await bind(admin, "Validating", spec)
    await bind(admin, "Validating", validations("true"), name="none", resource="none")
    await TypeChecks(api.app.catalog, api.app.log).check()
    path = f"{REGISTRATION}/validatingadmissionpolicies"
    _, found = await admin.get(f"{path}/p")
    warning = (
        "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n"
    )
    assert found["status"] == {
        "observedGeneration": 1,
        "typeChecking": {"expressionWarnings": [{"fieldRef": "spec.validations[0].expression", "warning": warning}]},
    }


def apply_(expression: str) -> Object:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def json_(expression: str) -> Object:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


_MUTATIONS: dict[str, tuple[list[Object], Object | str]] = {
    "apply": ([apply_("Object{data: {'new': object.data.k + '!'}}")], {"k": "x", "new": "x!"}),
    "one after the other": (
        [apply_("Object{data: {'n': '1'}}"), json_("[JSONPatch{op: 'copy', from: '/data/n', path: '/data/m'}]")],
        {"k": "x", "n": "1", "m": "1"},
    ),
    "keys are escaped": ([apply_("Object{data: {'e': jsonpatch.escapeKey('a~/b')}}")], {"k": "x", "e": "a~0~1b"}),
    "a test that fails": (
        [json_("[JSONPatch{op: 'test', path: '/data/k', value: 'y'}, JSONPatch{op: 'remove', path: '/data/k'}]")],
        {"k": "x"},
    ),
    "optional": ([apply_("Object{?data: optional.none()}")], {"k": "x"}),
    "no such parent": (
        [json_("[JSONPatch{op: 'add', path: '/metadata/labels/x', value: 'y'}]")],
        'JSON Patch: add operation does not apply: doc is missing path: "/metadata/labels/x": missing value',
    ),
    "no such field": (
        [apply_("Object{spec: Object.spec{x: 1}}")],
        "error applying patch: failed to convert patch object to typed object: .spec: field not declared in schema",
    ),
    "wrong type name": (
        [apply_("Object{metadata: Object.meta{name: 'x'}}")],
        'type mismatch: unexpected type name "Object.meta", expected "Object.metadata", '
        "which matches field name path from root Object type",
    ),
    "an expression that fails": (
        [apply_("Object{data: {'a': object.data.none}}")],
        "expression 'Object{data: {'a': object.data.none}}' resulted in error: no such key: none",
    ),
    "atomic": (
        [apply_("Object{metadata: Object.metadata{ownerReferences: []}, immutable: true}")],
        {"k": "x"},
    ),
}


@pytest.mark.parametrize(("mutations", "expected"), _MUTATIONS.values(), ids=_MUTATIONS.keys())
async def test_mutations(admin: Client, mutations: list[Object], expected: Object | str) -> None:
    await bind(admin, "Mutating", {"mutations": mutations})
    code, body = await admin.call("POST", CONFIGMAPS, configmap("a", {"k": "x"}))
    if isinstance(expected, dict):
        assert (code, body.get("data")) == (201, expected), body
        return
    message = f"policy 'p' with binding 'p' denied request: {expected}"
    details = {"name": "a", "kind": "configmaps", "causes": [{"message": message}]}
    assert (code, body["reason"], body["message"], body["details"]) == (403, "Invalid", message, details)


DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d"},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "one", "image": "i"}]},
        },
    },
}


async def test_containers_merge_by_name_and_get_defaults(admin: Client) -> None:
    sidecar = "Object.spec.template.spec.containers{name: 'two', image: 'j', ports: [{'containerPort': 80}]}"
    known = "Object.spec.template.spec.containers{name: c.name, imagePullPolicy: 'Never'}"
    spec = (
        f"Object.spec.template.spec{{containers: object.spec.template.spec.containers.map(c, {known}) + [{sidecar}]}}"
    )
    text = f"Object{{spec: Object.spec{{replicas: 2, template: Object.spec.template{{spec: {spec}}}}}}}"
    rules = {"resourceRules": [rule("deployments", "apps")]}
    await bind(admin, "Mutating", {"matchConstraints": rules, "mutations": [apply_(text)]})
    code, body = await admin.call("POST", "/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT)
    assert code == 201, body
    one, two = body["spec"]["template"]["spec"]["containers"]
    assert (one["name"], one["image"], one["imagePullPolicy"]) == ("one", "i", "Never")
    assert two["ports"] == [{"containerPort": 80, "protocol": "TCP"}] and two["imagePullPolicy"] == "Always"
    assert body["spec"]["replicas"] == 2


async def test_what_is_atomic_is_not_merged(admin: Client) -> None:
    text = "Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'l': 'v'}}}}"
    rules = {"resourceRules": [rule("deployments", "apps")]}
    await bind(admin, "Mutating", {"matchConstraints": rules, "mutations": [apply_(text)]})
    _, body = await admin.call("POST", "/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT)
    assert body["message"].endswith(
        "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector"
    )


@pytest.mark.parametrize(("policy", "expected"), [("Never", "1"), ("IfNeeded", "2")])
async def test_reinvocation(admin: Client, policy: str, expected: str) -> None:
    """The first policy is asked again once the second one has changed the object."""
    count = "Object{data: {'rounds': has(object.data.rounds) ? string(int(object.data.rounds) + 1) : '1'}}"
    await bind(admin, "Mutating", {"mutations": [apply_(count)], "reinvocationPolicy": policy}, name="a")
    await bind(admin, "Mutating", {"mutations": [apply_("Object{data: {'other': '1'}}")]}, name="b")
    _, body = await admin.call("POST", CONFIGMAPS, configmap("x", {"k": "x"}))
    assert body["data"] == {"k": "x", "other": "1", "rounds": expected}


async def test_errors_of_mutations_can_be_ignored(admin: Client) -> None:
    spec = {"mutations": [apply_("Object{data: {'a': object.data.none}}"), apply_("Object{data: {'b': '1'}}")]}
    await bind(admin, "Mutating", spec | {"failurePolicy": "Ignore"})
    _, body = await admin.call("POST", CONFIGMAPS, configmap("x", {"k": "x"}))
    assert body["data"] == {"k": "x", "b": "1"}


async def test_what_a_mutation_makes_is_validated(admin: Client) -> None:
    await bind(admin, "Mutating", {"mutations": [apply_("Object{data: {'a b': '1'}}")]})
    await bind(admin, "Validating", validations("!('bad' in object.data)", message="bad"), name="v")
    assert (await post(admin, configmap("x", {})))[0] == 422
    await admin.call("DELETE", f"{REGISTRATION}/mutatingadmissionpolicies/p")
    await bind(admin, "Mutating", {"mutations": [apply_("Object{data: {'bad': '1'}}")]}, name="q")
    assert (await post(admin, configmap("x", {})))[1].endswith("denied request: bad")
    assert (await admin.get(f"{CORE}/configmaps/x"))[0] == 404
