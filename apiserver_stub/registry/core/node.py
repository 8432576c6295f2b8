"""Node: address ranges, taints, and what may not change once set."""

from __future__ import annotations

from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.podspec import scheduling

Object = base.Object

_NOT_READY: Final = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


class Nodes(base.Kind):
    def default(self, obj: Object) -> None:
        super().default(obj)
        _pair_ranges(obj["spec"])

    def prepare_create(self, obj: Object) -> None:
        # Unlike most kinds, a node registers itself together with its status.
        status = obj.get("status")
        super().prepare_create(obj)
        if status:
            obj["status"] = status
        # A new node takes no Pods before it is ready (admission plug-in TaintNodesByCondition).
        taints = obj["spec"].setdefault("taints", [])
        is_off = "TaintNodesByCondition" in self.view.off
        if not is_off and not any(taint.get("key") == _NOT_READY["key"] for taint in taints):
            taints.append(dict(_NOT_READY))

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj["spec"]
        out = _taints(spec)
        for i, text in enumerate(spec.get("podCIDRs") or ()):
            out += formats.faults(f"spec.podCIDRs[{i}]", text, formats.network(text))
        return out

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        # Upstream looks at taints once for any node and once for a changed one.
        out = self.validate(obj) + _taints(obj["spec"])
        before = old["spec"]
        if before.get("podCIDRs") and obj["spec"].get("podCIDRs") != before["podCIDRs"]:
            detail = 'node updates may not change podCIDR except from "" to valid'
            out.append(field.forbidden("spec.podCIDRs", detail))
        if before.get("providerID") and obj["spec"].get("providerID", "") != before["providerID"]:
            detail = 'node updates may not change providerID except from "" to valid'
            out.append(field.forbidden("spec.providerID", detail))
        return out

    def selectable_fields(self, obj: Object) -> dict[str, str]:
        return {"spec.unschedulable": "true" if obj["spec"].get("unschedulable") else "false"}


def _pair_ranges(spec: Object) -> None:
    """podCIDR and the first of podCIDRs are the same thing."""
    if spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    elif spec.get("podCIDRs") and not spec.get("podCIDR"):
        spec["podCIDR"] = spec["podCIDRs"][0]


def _taints(spec: Object) -> list[FieldError]:
    out = []
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(spec.get("taints") or ()):
        here = f"metadata.taints[{i}]"
        out += _taint(taint, here)
        identity = (taint.get("key", ""), taint.get("effect", ""))
        if identity in seen:
            out.append(field.duplicate(here, taint))
        seen.add(identity)
    return out


def _taint(taint: Object, path: str) -> list[FieldError]:
    key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
    out = formats.faults(f"{path}.key", key, formats.label_key(key))
    found = formats.label_value(value)
    if found:
        out.append(field.invalid(f"{path}.value", value, ";".join(found)))
    if not effect:
        out.append(field.required(f"{path}.effect"))
    elif effect not in scheduling.EFFECTS:
        out.append(field.not_supported(f"{path}.effect", effect, scheduling.EFFECTS))
    return out
