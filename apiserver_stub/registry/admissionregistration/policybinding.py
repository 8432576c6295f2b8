"""ValidatingAdmissionPolicyBinding and MutatingAdmissionPolicyBinding."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.admissionregistration import matching

Object = base.Object

_ACTIONS: Final = ("Audit", "Deny", "Warn")
_NOT_FOUND: Final = ("Deny", "Allow")
_EXCLUSIVE: Final = "name and selector are mutually exclusive"
_TWICE: Final = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)


class PolicyBindings(base.Kind):
    """mutating: whether it binds a MutatingAdmissionPolicy."""

    mutating = False

    def default(self, obj: Object) -> None:
        super().default(obj)
        spec = obj["spec"]
        matching.default_resources(spec.get("matchResources"))
        if spec.get("paramRef") is not None:
            spec["paramRef"].setdefault("parameterNotFoundAction", "Deny")

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        name, match = spec.get("policyName", ""), spec.get("matchResources")
        if name:
            out = formats.faults("spec.policyName", name, formats.subdomain(name))
        else:
            out = [field.required("spec.policyName")]
        if spec.get("paramRef") is not None:
            out += _param_ref(spec["paramRef"], "spec.paramRef")
        out += matching.resources(match, "spec.matchResources")
        if self.mutating:
            return out + matching.mutating_operations(match, "spec.matchResources")
        return out + _actions(spec.get("validationActions") or [], "spec.validationActions")


class MutatingPolicyBindings(PolicyBindings):
    mutating = True


def _param_ref(value: Object, path: str) -> list[FieldError]:
    name, chosen = value.get("name", ""), value.get("selector")
    out = []
    if name:
        out += formats.faults(f"{path}.name", name, formats.path_segment(name))
        if chosen is not None:
            out.append(field.forbidden(f"{path}.name", _EXCLUSIVE))
    if chosen is not None:
        out += selector.validate(chosen, f"{path}.selector")
        if name:
            out.append(field.forbidden(f"{path}.selector", _EXCLUSIVE))
    if not name and chosen is None:
        out.append(field.required(path, "one of name or selector must be specified"))
    where = f"{path}.parameterNotFoundAction"
    return out + formats.one_of(where, value.get("parameterNotFoundAction"), _NOT_FOUND)


def _actions(values: list[str], path: str) -> list[FieldError]:
    out = []
    for i, value in enumerate(values):
        out += matching.known(f"{path}[{i}]", value, _ACTIONS)
        if value in values[:i]:
            out.append(field.duplicate(f"{path}[{i}]", value))
    if {"Deny", "Warn"} <= set(values):
        out.append(field.invalid(path, values, _TWICE))
    if not values:
        out.append(field.required(path, "at least one validation action is required"))
    return out
