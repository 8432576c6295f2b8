"""resource.k8s.io: claims, their templates and status, device classes, slices."""

# ruff: noqa: E501  messages stand in one piece

import copy
from typing import Any

import pytest

_LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"


def _obj(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def _request(name: str = "r", **exactly: Any) -> dict[str, Any]:
    return {"name": name, "exactly": {"deviceClassName": "c", **exactly}}


def _claim(*requests: dict[str, Any], **devices: Any) -> dict[str, Any]:
    return _obj("ResourceClaim", {"devices": {"requests": list(requests), **devices}})


_EITHER = {
    "name": "e",
    "firstAvailable": [{"name": "a", "deviceClassName": "c"}, {"name": "b", "deviceClassName": "c"}],
}


def test_defaults(writer: Any) -> None:
    devices = writer.create(_claim(_request(tolerations=[{"value": "v"}]), _EITHER))["spec"]["devices"]["requests"]
    assert devices[0]["exactly"] == {
        "deviceClassName": "c",
        "allocationMode": "ExactCount",
        "count": 1,
        "tolerations": [{"operator": "Equal", "value": "v"}],
    }
    assert devices[1]["firstAvailable"][0] == {
        "name": "a",
        "deviceClassName": "c",
        "allocationMode": "ExactCount",
        "count": 1,
    }
    assert (
        "count"
        not in writer.create(_claim(_request(allocationMode="All")))["spec"]["devices"]["requests"][0]["exactly"]
    )


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_claim(_request(), _request()), ['requests[1]: Duplicate value: "r"']),
        (_claim(*(_request(f"r{i}") for i in range(33))), ["requests: Too many: 33: must have at most 32 items"]),
        (_claim(_request(count=-1)), ["requests[0].exactly.count: Invalid value: -1: must be greater than zero"]),
        (_claim(_request(allocationMode="All", count=2)), ["requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"]),
        (_claim(_request() | {"firstAvailable": _EITHER["firstAvailable"]}), ["requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"]),
        (_claim(_request(selectors=[{}])), ["requests[0].exactly.selectors[0].cel: Required value"]),
        (_claim(_request(tolerations=[{"key": "a b", "operator": "Exists", "value": "x", "effect": "Never"}])), [
            "requests[0].exactly.tolerations[0].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'requests[0].exactly.tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`',
            'requests[0].exactly.tolerations[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"',
        ]),
        (_claim(_EITHER, constraints=[{"requests": ["e", "e/a", "e/c", "q"], "matchAttribute": "d.io/a"}]), [
            "constraints[0].requests[2]: Invalid value: \"e/c\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
            "constraints[0].requests[3]: Invalid value: \"q\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
        ]),
        (_claim(_request(), constraints=[{"matchAttribute": "plain"}]), ['constraints[0].matchAttribute: Invalid value: "plain": a fully qualified name must be a domain and a name separated by a slash']),
        (_claim(_request(), config=[{"opaque": {"driver": "", "parameters": [1]}}]), ["config[0].opaque.driver: Required value", 'config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object']),
        (_claim(_request(), config=[{}]), ["config[0].opaque: Required value"]),
    ],
)  # fmt: skip
def test_mistakes_of_claims(writer: Any, body: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(body)[1] == [f"spec.devices.{error}" for error in errors]
    template = _obj("ResourceClaimTemplate", {"spec": body["spec"]})
    assert writer.try_create(template)[1] == [f"spec.spec.devices.{error}" for error in errors]


def test_a_claims_spec_never_changes(writer: Any) -> None:
    old = writer.create(_claim(_request()))
    errors = writer.update(old, {"spec": {"devices": {"requests": [_request(count=2)]}}})[1]
    assert errors == [
        'spec: Invalid value: {"Devices":{"Requests":[{"Name":"r","Exactly":{"DeviceClassName":"c","Selectors":null,'
        '"AllocationMode":"ExactCount","Count":2,"AdminAccess":null,"Tolerations":null,"Capacity":null},'
        '"FirstAvailable":null}],"Constraints":null,"Config":null}}: field is immutable'
    ]


def test_admin_access_needs_a_labelled_namespace(writer: Any) -> None:
    body = _claim(_request(adminAccess=True))
    label = "resource.kubernetes.io/admin-access"
    assert writer.try_create(body)[1] == [
        f"spec.devices.requests[0].exactly.adminAccess: Forbidden: admin access to devices requires the `{label}: true` "
        "label on the containing namespace"
    ]
    writer.view.put("", "namespaces", {"metadata": {"name": "ns", "labels": {label: "true"}}})
    assert writer.try_create(body)[1] == []


_RESULT = {"request": "r", "driver": "d.io", "pool": "p/q", "device": "dev"}
_ALLOCATION = {"devices": {"results": [_RESULT]}}
_USER = {"resource": "pods", "name": "p", "uid": "u"}


@pytest.mark.parametrize(
    ("status", "errors"),
    [
        ({"allocation": _ALLOCATION, "reservedFor": [_USER]}, []),
        ({"reservedFor": [_USER]}, ["status.reservedFor: Forbidden: may not be specified when `allocated` is not set"]),
        ({"allocation": _ALLOCATION, "reservedFor": [_USER, {**_USER, "name": ""}]}, ["status.reservedFor[1].name: Required value", 'status.reservedFor[1]: Duplicate value: "u"']),
        ({"allocation": {"devices": {"results": [_RESULT | {"request": "x", "pool": ""}]}}}, [
            "status.allocation.devices.results[0].request: Invalid value: \"x\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
            "status.allocation.devices.results[0].pool: Required value",
        ]),
        ({"allocation": _ALLOCATION, "devices": [{"driver": "d.io", "pool": "p/q", "device": "other"}]}, ['status.devices[0]: Invalid value: "d.io/p/q/other": must be an allocated device in the claim']),
        ({"allocation": _ALLOCATION, "devices": [{"driver": "d.io", "pool": "p/q", "device": "dev", "networkData": {"ips": ["10.0.0.1/24", "x"]}}]}, ['status.devices[0].networkData.ips[1]: Invalid value: "x": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)']),
    ],
)  # fmt: skip
def test_status_of_claims(writer: Any, status: dict[str, Any], errors: list[str]) -> None:
    assert writer.update_status(writer.create(_claim(_request())), {"status": status})[1] == errors


def test_an_allocation_never_changes_and_takes_its_devices_along(writer: Any) -> None:
    device = {name: _RESULT[name] for name in ("driver", "pool", "device")}
    old, errors = writer.update_status(
        writer.create(_claim(_request())), {"status": {"allocation": _ALLOCATION, "devices": [device]}}
    )
    assert errors == []
    other = {"devices": {"results": [_RESULT | {"device": "b"}]}}
    (error,) = writer.update_status(old, {"status": {"allocation": other, "devices": None}})[1]
    assert error.endswith(": field is immutable")
    freed, errors = writer.update_status(old, {"status": {"allocation": None}})
    assert (errors, freed["status"]) == ([], {})


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ({"extendedResourceName": "example.com/gpu"}, []),
        ({"extendedResourceName": "cpu"}, ['spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name']),
        ({"selectors": [{"cel": {"expression": "device.driver"}}]}, ['spec.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool']),
        ({"selectors": [{"cel": {"expression": 'device.attributes["d.io"].model == "x" && device.capacity["d.io"].memory.isGreaterThan(quantity("1Gi"))'}}]}, []),
        ({"selectors": [{"cel": {"expression": "device.nope"}}]}, ["spec.selectors[0].cel.expression: Invalid value: \"device.nope\": compilation failed: ERROR: <input>:1:7: undefined field 'nope'\n | device.nope\n | ......^"]),
    ],
)  # fmt: skip
def test_device_classes(writer: Any, spec: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(_obj("DeviceClass", spec))[1] == errors


def _slice(*devices: dict[str, Any], **spec: Any) -> dict[str, Any]:
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    body = {"driver": "d.io", "pool": pool, "nodeName": "n", **({"devices": list(devices)} if devices else {}), **spec}
    return _obj("ResourceSlice", {name: value for name, value in body.items() if value is not None})


def _device(**members: Any) -> dict[str, Any]:
    return {"name": "a", **members}


def _capacity(**policy: Any) -> dict[str, Any]:
    return _device(allowMultipleAllocations=True, capacity={"m": {"value": "10", "requestPolicy": policy}})


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_slice(_device(attributes={"a": {"string": "x"}, "d.io/b": {"version": "1.2.3-rc.1+x"}}, capacity={"m": {"value": "1Gi"}})), []),
        (_slice(pool={"name": "p//q", "generation": -1, "resourceSliceCount": 0}), [
            "spec.pool.name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
            "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero",
        ]),
        (_slice(nodeName=None), ["spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"]),
        (_slice(allNodes=True), ['spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set']),
        (_slice(_device(), _device()), ['spec.devices[1]: Duplicate value: "a"']),
        (_slice(_device(name="A")), [f'spec.devices[0].name: Invalid value: "A": {_LABEL}']),
        (_slice(_device(attributes={"x": {}, "a/b/c": {"int": 1}})), ['spec.devices[0].attributes: Invalid value: "a/b/c": must not contain more than one slash', 'spec.devices[0].attributes[x]: Invalid value: "": exactly one value must be specified']),
        (_slice(_device(attributes={"v": {"version": "1.2"}})), ['spec.devices[0].attributes[v].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0']),
        (_slice(_device(taints=[{"key": "", "effect": ""}])), [
            "spec.devices[0].taints[0].key: Invalid value: \"\": name part must be non-empty",
            "spec.devices[0].taints[0].key: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.devices[0].taints[0].effect: Required value",
        ]),
        (_slice(_device(nodeName="n")), ["spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec"]),
        (_slice(_device(bindingConditions=["a", "a"], bindingFailureConditions=["a"])), ['spec.devices[0].bindingConditions[1]: Duplicate value: "a"', 'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions']),
        (_slice(_device(consumesCounters=[{"counterSet": "", "counters": {}}])), ["spec.devices[0].consumesCounters[0].counterSet: Required value", "spec.devices[0].consumesCounters[0].counters: Required value"]),
        (_slice(_device(capacity={"m": {"value": "1", "requestPolicy": {}}})), ["spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true"]),
        (_slice(_capacity(default="3", validValues=["4", "2", "12"])), [
            'spec.devices[0].capacity[m].requestPolicy.validValues[1]: Invalid value: "2": values must be sorted in ascending order',
            'spec.devices[0].capacity[m].requestPolicy.validValues[2]: Invalid value: "12": option is larger than capacity value: 10',
            'spec.devices[0].capacity[m].requestPolicy.validValues: Invalid value: "3": default value is not valid according to the requestPolicy',
        ]),
        (_slice(_capacity(default="4", validRange={"min": "1", "max": "9", "step": "2"})), ['spec.devices[0].capacity[m].requestPolicy.validRange.step: Invalid value: "4": value is not a multiple of a given step (2) from (1)']),
        (_slice(_capacity(default="4", validRange={})), ["spec.devices[0].capacity[m].requestPolicy.validRange.min: Required value: required when validRange is defined"]),
        (_slice(sharedCounters=[{"name": "s", "counters": {"C_": {"value": "1"}}}]), [f'spec.sharedCounters[0].counters: Invalid value: "C_": {_LABEL}']),
    ],
)  # fmt: skip
def test_slices(writer: Any, body: dict[str, Any], errors: list[str]) -> None:
    assert writer.try_create(copy.deepcopy(body))[1] == errors


def test_what_a_slice_is_for_never_changes(writer: Any) -> None:
    old = writer.create(_slice(_device()))
    assert writer.update(old, {"spec": {"nodeName": "m", "driver": "e.io"}})[1] == [
        'spec.driver: Invalid value: "e.io": field is immutable',
        'spec.nodeName: Invalid value: "m": field is immutable',
    ]
    changed, errors = writer.update(old, {"spec": {"devices": [_device(name="b")]}})
    assert (errors, changed["metadata"]["generation"]) == ([], 2)
