"""ValidatingAdmissionPolicy and MutatingAdmissionPolicy."""

from __future__ import annotations

import re
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, conditions, formats
from apiserver_stub.registry.admissionregistration import expressions, matching

Object = base.Object

_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_PATCH_TYPES: Final = ("ApplyConfiguration", "JSONPatch")
_REINVOCATION: Final = ("IfNeeded", "Never")
_MAX_ANNOTATIONS: Final = 20
_MAX_VALUE: Final = 5 * 1024
_NOTHING: Final = "validations or auditAnnotations must contain at least one item"
_MIXED_CASE: Final = "may have mixed case, but should otherwise match: "
_NEWLINE: Final = re.compile(r"[\n\r]")


class _Policies(base.Kind):
    def default(self, obj: Object) -> None:
        super().default(obj)
        spec = obj["spec"]
        spec.setdefault("failurePolicy", "Fail")
        matching.default_resources(spec.get("matchConstraints"))

    def _common(self, spec: Object, old: Object | None, scope: expressions.Scope) -> list[FieldError]:
        """What both kinds of policies have, up to their variables."""
        out = formats.one_of("spec.failurePolicy", spec.get("failurePolicy"), matching.FAILURE_POLICIES)
        if spec.get("paramKind") is not None:
            out += _param_kind(spec["paramKind"], "spec.paramKind")
        out += matching.constraints(spec.get("matchConstraints"), "spec.matchConstraints")
        out += self._operations(spec)
        unchanged = old is not None and all(spec.get(k) == old.get(k) for k in ("paramKind", "matchConditions"))
        if not unchanged:
            out += matching.conditions(spec.get("matchConditions") or [], "spec.matchConditions", params=scope.params)
        return out + expressions.variables(spec.get("variables") or [], "spec.variables", scope)

    def _operations(self, spec: Object) -> list[FieldError]:
        return []


class ValidatingAdmissionPolicies(_Policies):
    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        # An empty status is left out.
        obj.pop("status", None)

    def validate(self, obj: Object) -> list[FieldError]:
        return self._validate(obj, None)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self._validate(obj, old["spec"])

    def _validate(self, obj: Object, old: Object | None) -> list[FieldError]:
        spec = obj["spec"]
        scope = expressions.Scope(params=spec.get("paramKind") is not None)
        out = self._common(spec, old, scope)
        validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
        if not validations and not annotations:
            return [*out, *(field.required(f"spec.{name}", _NOTHING) for name in ("validations", "auditAnnotations"))]
        for i, value in enumerate(validations):
            out += _validation(value, f"spec.validations[{i}]", scope)
        return out + _annotations(annotations, obj["metadata"].get("name", ""), scope)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        out = []
        for i, warning in enumerate((status.get("typeChecking") or {}).get("expressionWarnings") or ()):
            path = f"status.typeChecking.expressionWarnings[{i}]"
            out += [] if warning.get("warning") else [field.required(f"{path}.warning")]
            out += [] if warning.get("fieldRef", "").strip() else [field.required(f"{path}.fieldRef")]
        return out + conditions.validate(status.get("conditions") or (), "status.conditions")


class MutatingAdmissionPolicies(_Policies):
    def validate(self, obj: Object) -> list[FieldError]:
        return self._validate(obj, None)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self._validate(obj, old["spec"])

    def _operations(self, spec: Object) -> list[FieldError]:
        return matching.mutating_operations(spec.get("matchConstraints"), "spec.matchConstraints")

    def _validate(self, obj: Object, old: Object | None) -> list[FieldError]:
        spec = obj["spec"]
        scope = expressions.Scope(params=spec.get("paramKind") is not None, composed={})
        out = self._common(spec, old, scope)
        mutations = spec.get("mutations") or []
        if not mutations:
            out.append(field.required("spec.mutations", "mutations must contain at least one item"))
        for i, value in enumerate(mutations):
            out += _mutation(value, f"spec.mutations[{i}]", scope)
        return out + formats.one_of("spec.reinvocationPolicy", spec.get("reinvocationPolicy"), _REINVOCATION)


def _param_kind(value: Object, path: str) -> list[FieldError]:
    version, kind = value.get("apiVersion", ""), value.get("kind", "")
    where = f"{path}.apiVersion"
    if not version:
        out = [field.required(where)]
    elif version.count("/") > 1:
        out = [field.invalid(where, version, f"unexpected GroupVersion string: {version}")]
    else:
        out = _group_version(version, where)
    where = f"{path}.kind"
    if not kind:
        return [*out, field.required(where)]
    found = formats.label_1035(kind.lower())
    return out + ([field.invalid(where, kind, _MIXED_CASE + ",".join(found))] if found else [])


def _group_version(text: str, path: str) -> list[FieldError]:
    group, _, version = text.rpartition("/")
    found = formats.subdomain(group) if group else []
    out = [field.invalid(path, group, ",".join(found))] if found else []
    if not version:
        return [*out, field.invalid(path, text, "version must be specified")]
    found = formats.label_1035(version)
    return out + ([field.invalid(path, version, ",".join(found))] if found else [])


def _validation(value: Object, path: str, scope: expressions.Scope) -> list[FieldError]:
    text, message = value.get("expression", ""), value.get("message", "")
    if not text.strip():
        out = [field.required(f"{path}.expression", "expression is not specified")]
    else:
        out = scope.faults(text, f"{path}.expression", "bool")
    message_text = value.get("messageExpression", "")
    if message_text and not message_text.strip():
        out.append(field.invalid(f"{path}.messageExpression", message_text, "must be non-empty if specified"))
    elif message_text:
        out += scope.faults(message_text, f"{path}.messageExpression", "string", authorizer=False)
    if message and not message.strip():
        out.append(field.invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif _NEWLINE.search(message.strip()):
        out.append(field.invalid(f"{path}.message", message, "must not contain line breaks"))
    return out + matching.known(f"{path}.reason", value.get("reason"), _REASONS)


def _annotations(values: list[Object], name: str, scope: expressions.Scope) -> list[FieldError]:
    out = []
    if len(values) > _MAX_ANNOTATIONS:
        shown = [{"Key": v.get("key", ""), "ValueExpression": v.get("valueExpression", "")} for v in values]
        detail = f"must not have more than {_MAX_ANNOTATIONS} auditAnnotations"
        out.append(field.invalid("spec.auditAnnotations", shown, detail))
    keys: set[str] = set()
    for i, value in enumerate(values):
        path = f"spec.auditAnnotations[{i}]"
        key = value.get("key", "")
        out += _annotation(value, f"{name}/{key}", path, scope)
        if key in keys:
            out.append(field.duplicate(f"{path}.key", key))
        keys.add(key)
    return out


def _annotation(value: Object, key: str, path: str, scope: expressions.Scope) -> list[FieldError]:
    out = formats.faults(f"{path}.key", key, formats.label_key(key))
    text = value.get("valueExpression", "")
    where = f"{path}.valueExpression"
    if not text.strip():
        return [*out, field.required(where, "valueExpression is not specified")]
    if len(text.strip().encode()) > _MAX_VALUE:
        return [*out, field.required(where, f"must not exceed {_MAX_VALUE} bytes in length")]
    return out + scope.faults(text.strip(), where, "string", "null_type")


def _mutation(value: Object, path: str, scope: expressions.Scope) -> list[FieldError]:
    kind = value.get("patchType", "")
    if kind not in _PATCH_TYPES:
        where = f"{path}.patchType"
        return [field.not_supported(where, kind, _PATCH_TYPES) if kind else field.required(where)]
    own, other = ("jsonPatch", "applyConfiguration") if kind == "JSONPatch" else ("applyConfiguration", "jsonPatch")
    result = "list(JSONPatch)" if kind == "JSONPatch" else "Object"
    if value.get(own) is None:
        out = [field.required(f"{path}.{own}", f"must be specified when patchType is {kind}")]
    else:
        out = _patch(value[own], f"{path}.{own}.expression", result, scope)
    if value.get(other) is not None:
        detail = f"must not be specified when patchType is {kind}"
        out.append(field.invalid(f"{path}.{other}", f"{{{other}}}", detail))
    return out


def _patch(value: Any, path: str, result: str, scope: expressions.Scope) -> list[FieldError]:
    text = value.get("expression", "").strip()
    return scope.faults(text, path, result, patches=True) if text else [field.required(path)]
