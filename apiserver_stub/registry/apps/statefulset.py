"""StatefulSet: ordered Pods with claims of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector
from apiserver_stub.registry.apps import rolling, template
from apiserver_stub.registry.podspec import golang, validation, warnings

Object = base.Object

_MUTABLE: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_FORBIDDEN: Final = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


class StatefulSets(base.Kind):
    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        out = _enums(spec)
        for name in ("replicas", "minReadySeconds"):
            out += formats.not_negative(f"spec.{name}", spec.get(name))
        start = (spec.get("ordinals") or {}).get("start")
        out += formats.not_negative("spec.ordinals.start", start)
        chosen = spec.get("selector")
        if chosen is None:
            out.append(field.required("spec.selector"))
        else:
            out += selector.validate(chosen, "spec.selector")
            if selector.is_empty(chosen):
                out.append(field.invalid("spec.selector", chosen, "empty selector is invalid for statefulset"))
        if chosen is not None:
            out += template.mismatch(spec)
        out += validation.template(_with_claims(spec), "spec.template")
        inner = (spec.get("template") or {}).get("spec") or {}
        if inner.get("restartPolicy") in ("OnFailure", "Never"):
            path = "spec.template.spec.restartPolicy"
            out.append(field.not_supported(path, inner["restartPolicy"], ("Always",)))
        if inner.get("activeDeadlineSeconds") is not None:
            path = "spec.template.spec.activeDeadlineSeconds"
            out.append(field.forbidden(path, "activeDeadlineSeconds in StatefulSet is not Supported"))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        out = self.validate(obj)
        kept = {name: value for name, value in obj["spec"].items() if name not in _MUTABLE}
        before = {name: value for name, value in old["spec"].items() if name not in _MUTABLE}
        if kept != before:
            out.append(field.forbidden("spec", _FORBIDDEN))
        return out

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        status = obj.get("status") or {}
        names = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
        out = template.counts(status, "status", *names, "observedGeneration", "collisionCount")
        for name in ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"):
            out += template.exceeds(status, name, "replicas", "cannot be greater than status.replicas")
        detail = "cannot be greater than status.readyReplicas"
        return out + template.exceeds(status, "availableReplicas", "readyReplicas", detail)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return warnings.template(obj["spec"]["template"], "spec.template")


def _enums(spec: Mapping[str, Any]) -> list[FieldError]:
    out = []
    management = spec.get("podManagementPolicy", "")
    if not management:
        out.append(field.required("spec.podManagementPolicy"))
    elif management not in ("OrderedReady", "Parallel"):
        detail = "must be 'OrderedReady' or 'Parallel'"
        out.append(field.invalid("spec.podManagementPolicy", management, detail))
    out += _update_strategy(spec.get("updateStrategy") or {})
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        path = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
        out += formats.one_of(path, retention.get(name), ("Retain", "Delete"))
    return out


def _update_strategy(strategy: Mapping[str, Any]) -> list[FieldError]:
    kind, parameters = strategy.get("type", ""), strategy.get("rollingUpdate")
    if not kind:
        return [field.required("spec.updateStrategy")]
    if kind == "OnDelete":
        if parameters is None:
            return []
        shown = golang.struct("RollingUpdateStatefulSet", parameters)
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        return [field.invalid("spec.updateStrategy.rollingUpdate", shown, detail)]
    if kind != "RollingUpdate":
        shown = golang.struct("StatefulSetUpdateStrategy", strategy)
        return [field.invalid("spec.updateStrategy", shown, "must be 'RollingUpdate' or 'OnDelete'")]
    path = "spec.updateStrategy.rollingUpdate"
    out = formats.not_negative(f"{path}.partition", (parameters or {}).get("partition"))
    unavailable = (parameters or {}).get("maxUnavailable")
    if unavailable is not None:
        out += rolling.amount(unavailable, f"{path}.maxUnavailable")
        if rolling.value_of(unavailable) == 0:
            out.append(field.invalid(f"{path}.maxUnavailable", unavailable, "cannot be 0"))
        out += rolling.at_most_all(unavailable, f"{path}.maxUnavailable")
    return out


def _with_claims(spec: Object) -> Object:
    """The template with the volumes that the controller will add: containers may mount them."""
    template_ = spec.get("template") or {}
    inner = template_.get("spec") or {}
    volumes = list(inner.get("volumes") or ())
    taken = {volume.get("name") for volume in volumes}
    names = [(claim.get("metadata") or {}).get("name") for claim in spec.get("volumeClaimTemplates") or ()]
    added = [{"name": n, "persistentVolumeClaim": {"claimName": n}} for n in names if n and n not in taken]
    return {**template_, "spec": {**inner, "volumes": volumes + added}} if added else template_
