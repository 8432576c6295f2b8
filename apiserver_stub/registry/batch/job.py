"""Job: the labels that tie its Pods to it, and what may change once it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.apps import template
from apiserver_stub.registry.batch import policies
from apiserver_stub.registry.podspec import golang, validation, warnings

Object = base.Object

_UID: Final = "batch.kubernetes.io/controller-uid"
_NAME: Final = "batch.kubernetes.io/job-name"
_NOT_NEGATIVE: Final = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
# What of the template may change while the Job is suspended and nothing of it runs, beside containers' resources.
_SCHEDULING: Final = ("nodeSelector", "tolerations", "schedulingGates")


class Jobs(base.Kind):
    allow_unconditional_update = True

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        spec = obj["spec"]
        if spec.get("manualSelector"):
            return
        meta = obj["metadata"]
        uid = meta.get("uid", "")
        labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
        own = {_UID: uid, "controller-uid": uid, _NAME: meta.get("name", ""), "job-name": meta.get("name", "")}
        for key, value in own.items():
            labels.setdefault(key, value)
        chosen = spec.setdefault("selector", {})
        chosen.setdefault("matchLabels", {}).setdefault(_UID, uid)

    def validate(self, obj: Object) -> list[FieldError]:
        """Errors; without any, a Job without labels gets those of its template (upstream's default when read)."""
        spec = obj["spec"]
        out = [] if spec.get("manualSelector") else _generated(obj)
        out += validate_spec(spec, "spec", selector_required=True)
        labels = (spec["template"].get("metadata") or {}).get("labels")
        if not out and labels:
            obj["metadata"].setdefault("labels", dict(labels))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self.validate(obj) + _immutable(obj["spec"], old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return policies.finished(obj.get("status") or {}, obj["spec"])

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return warnings.template(obj["spec"]["template"], "spec.template")

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {"status.successful": str((obj.get("status") or {}).get("succeeded", 0))}


def _generated(obj: Object) -> list[FieldError]:
    """The selector must be the one that was made up for this Job."""
    spec = obj["spec"]
    chosen = spec.get("selector")
    uid = obj["metadata"].get("uid", "")
    expected = ({_UID: uid}, {"controller-uid": uid})
    if chosen is None:
        return []
    out = []
    if chosen.get("matchExpressions") or chosen.get("matchLabels") not in expected:
        out.append(field.invalid("spec.selector", selector.shown(chosen), "`selector` not auto-generated"))
    # Said once here, and once more about the spec.
    return out + template.mismatch(spec)


def validate_spec(spec: Mapping[str, Any], path: str, *, selector_required: bool) -> list[FieldError]:
    """A JobSpec, of a Job or of a CronJob's template."""
    out = []
    for name in _NOT_NEGATIVE:
        out += formats.not_negative(f"{path}.{name}", spec.get(name))
    out += _modes(spec, path)
    if spec.get("podFailurePolicy") is not None:
        out += policies.failure(spec["podFailurePolicy"], f"{path}.podFailurePolicy")
    if selector_required:
        chosen = spec.get("selector")
        out = (selector.validate(chosen, f"{path}.selector") if chosen else [field.required(f"{path}.selector")]) + out
        out += template.mismatch(spec)
    inner = (spec.get("template") or {}).get("spec") or {}
    out += validation.template(spec.get("template") or {}, f"{path}.template")
    if inner.get("restartPolicy") == "Always":
        where = f"{path}.template.spec.restartPolicy"
        out.append(field.required(where, 'valid values: "OnFailure", "Never"'))
    return out


def _modes(spec: Mapping[str, Any], path: str) -> list[FieldError]:
    out = []
    mode = spec.get("completionMode")
    if mode is not None and mode not in ("NonIndexed", "Indexed"):
        out.append(field.not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed")))
    if mode == "Indexed" and spec.get("completions") is None:
        out.append(field.required(f"{path}.completions", "when completion mode is Indexed"))
    if mode == "NonIndexed":
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                detail = "requires indexed completion mode"
                out.append(field.invalid(f"{path}.{name}", spec[name], detail))
    replacement = spec.get("podReplacementPolicy")
    if replacement is not None:
        allowed = ("Failed",) if spec.get("podFailurePolicy") is not None else ("Failed", "TerminatingOrFailed")
        if replacement not in allowed:
            out.append(field.not_supported(f"{path}.podReplacementPolicy", replacement, allowed))
    return out


def _immutable(spec: Object, old: Object) -> list[FieldError]:
    before = old["spec"]
    out = []
    elastic = before.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    if not elastic:
        out += formats.unchanged("spec.completions", spec.get("completions"), before.get("completions"))
    out += selector.unchanged(spec.get("selector"), before.get("selector"), "spec.selector")
    out += _template(spec["template"], old)
    for name in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        out += formats.unchanged(f"spec.{name}", spec.get(name), before.get(name))
    return out


def _template(new: Object, old: Object) -> list[FieldError]:
    before = old["spec"]["template"]
    if new == before:
        return []
    if _is_at_rest(old) and _fixed(new["spec"]) == _fixed(before["spec"]):
        return []
    if new["spec"] == before["spec"]:
        return [field.invalid("spec.template", golang.template(new), formats.IMMUTABLE)]
    return [field.invalid("spec.template.spec", golang.pod_spec(new["spec"]), formats.IMMUTABLE)]


def _is_at_rest(job: Object) -> bool:
    """Suspended, never started or stopped again, and without active Pods; see KEP-2926 and KEP-5440."""
    status = job.get("status") or {}
    if not job["spec"].get("suspend") or status.get("active"):
        return False
    told = any(c.get("type") == "Suspended" and c.get("status") == "True" for c in status.get("conditions") or ())
    return told or not status.get("startTime")


def _fixed(spec: Object) -> Object:
    out = {name: value for name, value in spec.items() if name not in _SCHEDULING}
    affinity = {name: value for name, value in (spec.get("affinity") or {}).items() if name != "nodeAffinity"}
    out.pop("affinity", None)
    for name in ("initContainers", "containers"):
        if spec.get(name):
            out[name] = [{k: v for k, v in container.items() if k != "resources"} for container in spec[name]]
    return out | ({"affinity": affinity} if affinity else {})
