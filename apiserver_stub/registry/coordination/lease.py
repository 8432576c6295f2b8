"""Lease: durations and counts."""

from __future__ import annotations

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats

Object = base.Object


class Leases(base.Kind):
    allow_create_on_update = True
    allow_unconditional_update = False

    def validate(self, obj: Object) -> list[FieldError]:
        spec = obj.get("spec") or {}
        out = []
        seconds = spec.get("leaseDurationSeconds")
        if seconds is not None and seconds <= 0:
            out.append(field.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
        out += formats.not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))
        strategy = spec.get("strategy")
        if strategy is not None:
            out += formats.faults("spec.strategy", strategy, formats.label_key(strategy))
        if spec.get("preferredHolder") and not strategy:
            detail = "may only be specified if `strategy` is defined"
            out.append(field.forbidden("spec.preferredHolder", detail))
        return out
