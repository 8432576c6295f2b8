"""Pod: what the server fills in, what may change later, and how it is deleted."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.registry.core import pod_admission
from apiserver_stub.registry.podspec import ephemeral, golang, qos, validation, warnings
from apiserver_stub.registry.strategy import DeleteOptions

Object = base.Object

_CHANGEABLE: Final = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


class Pods(base.Kind):
    returns_deleted = True

    def prepare_create(self, obj: Object) -> None:
        pod_admission.admit(obj, self.view, mount_token=self.issues_tokens)
        super().prepare_create(obj)
        obj["metadata"]["generation"] = 1
        obj["status"] = {"phase": "Pending", "qosClass": qos.of(obj["spec"])}
        if obj["spec"].get("schedulingGates"):
            obj["status"]["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "lastProbeTime": None,
                    "lastTransitionTime": obj["metadata"].get("creationTimestamp"),
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]

    def prepare_update(self, obj: Object, old: Object) -> None:
        pod_admission.readmit(obj, self.view)
        super().prepare_update(obj, old)

    def prepare_status_update(self, obj: Object, old: Object) -> None:
        super().prepare_status_update(obj, old)
        owners = old["metadata"].get("ownerReferences")
        if owners is not None:
            obj["metadata"]["ownerReferences"] = owners
        else:
            obj["metadata"].pop("ownerReferences", None)
        status = obj.setdefault("status", {})
        status["qosClass"] = (old.get("status") or {}).get("qosClass") or qos.of(obj["spec"])
        _pair_addresses(status)

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        out = validation.pod_spec(spec, "spec")
        if spec.get("ephemeralContainers"):
            out.append(field.forbidden("spec.ephemeralContainers", "cannot be set on create"))
        if spec.get("schedulingGates") and spec.get("nodeName"):
            detail = "cannot be set until all schedulingGates have been cleared"
            out.append(field.forbidden("spec.nodeName", detail))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return validation.pod_spec(obj["spec"], "spec") + _changes(obj["spec"], old["spec"])

    def validate_part_update(self, obj: Object, old: Object, subresource: str) -> list[FieldError]:
        if subresource != "ephemeralcontainers":
            return []
        new, before = (spec.get("ephemeralContainers") or () for spec in (obj["spec"], old["spec"]))
        return validation.pod_spec(obj["spec"], "spec") + ephemeral.changes(new, before)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        nominated = (obj.get("status") or {}).get("nominatedNodeName")
        if nominated and "/" in nominated:
            return [field.invalid("status.nominatedNodeName", nominated, "may not contain '/'")]
        return []

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return warnings.pod(obj)

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        spec, status = obj["spec"], obj.get("status") or {}
        ips = [entry.get("ip", "") for entry in status.get("podIPs") or ()]
        ip = ips[0] if ips else status.get("podIP", "")
        return {
            "spec.nodeName": spec.get("nodeName", ""),
            "spec.restartPolicy": spec.get("restartPolicy", ""),
            "spec.schedulerName": spec.get("schedulerName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", ""),
            "spec.hostNetwork": "true" if spec.get("hostNetwork") else "false",
            "status.phase": status.get("phase", ""),
            "status.podIP": ip,
            "status.podIPs": ip,
            "status.nominatedNodeName": status.get("nominatedNodeName", ""),
        }

    def graceful_delete(self, obj: Object, options: DeleteOptions) -> int | None:
        spec, status = obj["spec"], obj.get("status") or {}
        grace = options.grace_period_seconds
        if grace is None:
            grace = int(spec.get("terminationGracePeriodSeconds") or 0)
        # Nobody would stop what no node has taken, or what has ended.
        if not spec.get("nodeName") or status.get("phase") in ("Failed", "Succeeded"):
            grace = 0
        return 1 if grace < 0 else grace


def _pair_addresses(status: Object) -> None:
    """podIP and the first of podIPs are the same thing."""
    if status.get("podIP") and not status.get("podIPs"):
        status["podIPs"] = [{"ip": status["podIP"]}]
    elif status.get("podIPs") and not status.get("podIP"):
        status["podIP"] = status["podIPs"][0].get("ip", "")


def _changes(spec: Object, old: Object) -> list[FieldError]:
    for name in ("containers", "initContainers"):
        if len(spec.get(name) or ()) != len(old.get(name) or ()):
            return [field.forbidden(f"spec.{name}", "pod updates may not add or remove containers")]
    out = _deadline(spec.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"))
    if out:
        return out
    out = _tolerations(spec.get("tolerations") or [], old.get("tolerations") or [])
    gates = [gate for gate in spec.get("schedulingGates") or () if gate not in (old.get("schedulingGates") or ())]
    if gates:
        path = f"spec.schedulingGates[{gates[0].get('name', '')}]"
        detail = "only deletion is allowed, but found new scheduling gate"
        out.append(field.forbidden(path, f"{detail} '{gates[0].get('name', '')}'"))
    munged = _munged(spec, old)
    if munged != old:
        shown = golang.difference(golang.pod_spec(old), golang.pod_spec(munged))
        out.append(field.forbidden("spec", f"{_CHANGEABLE}\n{shown}"))
    return out


def _deadline(new: int | None, old: int | None) -> list[FieldError]:
    path = "spec.activeDeadlineSeconds"
    if new is None:
        if old is None:
            return []
        return [field.invalid(path, None, "must not update from a positive integer to nil value")]
    if old is not None and old < new:
        return [field.invalid(path, new, "must be less than or equal to previous value")]
    return []


def _tolerations(new: list[Object], old: list[Object]) -> list[FieldError]:
    """Those that were there must stay; only how long one tolerates may change."""
    kept = [_timeless(toleration) for toleration in new]
    if all(_timeless(toleration) in kept for toleration in old):
        return []
    detail = "existing toleration can not be modified except its tolerationSeconds"
    return [field.forbidden("spec.tolerations", detail)]


def _timeless(toleration: Object) -> Object:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _munged(spec: Object, old: Object) -> Object:
    """The new spec with everything that may change put back."""
    out = dict(spec)
    for name in ("containers", "initContainers"):
        if spec.get(name):
            out[name] = [
                {**container, "image": before.get("image", "")}
                for container, before in zip(spec[name], old[name], strict=True)
            ]
    for name in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _put_back(out, old, name)
    if old.get("terminationGracePeriodSeconds", 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        _put_back(out, old, "terminationGracePeriodSeconds")
    if old.get("schedulingGates"):
        # A gated Pod may still be directed elsewhere.
        for name in ("nodeSelector", "affinity"):
            _put_back(out, old, name)
    return out


def _put_back(out: Object, old: Object, name: str) -> None:
    if name in old:
        out[name] = old[name]
    else:
        out.pop(name, None)
