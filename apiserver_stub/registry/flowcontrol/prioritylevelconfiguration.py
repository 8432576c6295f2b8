"""PriorityLevelConfiguration: how many requests run at once, and how the others wait."""

from __future__ import annotations

import math
from typing import Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats
from apiserver_stub.registry.flowcontrol import bootstrap, internal, statuses

Object = base.Object

_TYPES: Final = ("Exempt", "Limited")
_RESPONSES: Final = ("Queue", "Reject")
_NOT_NEGATIVE: Final = "must be a non-negative integer"
_QUEUING: Final = {"handSize": 8, "queues": 64, "queueLengthLimit": 50}
_MOST_QUEUES: Final = 10_000_000
_HASH_BITS: Final = 60


class PriorityLevelConfigurations(base.Kind):
    def default(self, obj: Object) -> None:
        super().default(obj)
        spec = obj["spec"]
        for name, shares in (("exempt", 0), ("limited", 30)):
            level = spec.get(name)
            if level is not None:
                level.setdefault("nominalConcurrencyShares", shares)
                level.setdefault("lendablePercent", 0)
        queuing = ((spec.get("limited") or {}).get("limitResponse") or {}).get("queuing")
        if queuing is not None:
            for name, value in _QUEUING.items():
                queuing[name] = queuing.get(name) or value

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        # An empty status is left out.
        obj.pop("status", None)

    def validate(self, obj: Object) -> list[FieldError]:
        spec, name = obj["spec"], obj["metadata"].get("name", "")
        kind = spec.get("type", "")
        out = []
        if (name == "exempt") != (kind == "Exempt"):
            detail = "type must be 'Exempt' if and only if name is 'exempt'"
            out.append(field.invalid("spec.type", kind, detail))
        exempt, limited = spec.get("exempt"), spec.get("limited")
        if kind == "Exempt":
            if limited is not None:
                out.append(field.forbidden("spec.limited", "must be nil if the type is not Limited"))
            out += _shares(exempt or {}, "spec.exempt")
        elif kind == "Limited":
            if exempt is not None:
                out.append(field.forbidden("spec.exempt", "must be nil if the type is Limited"))
            if limited is None:
                out.append(field.required("spec.limited", "must not be empty when type is Limited"))
            else:
                out += _limited(limited, "spec.limited")
        else:
            out.append(field.not_supported("spec.type", kind, _TYPES))
        return out + _mandatory(spec, name) + statuses.validate(obj)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return statuses.validate(obj)


def _mandatory(spec: Object, name: str) -> list[FieldError]:
    """The two levels that every server has; of "exempt" the shares may change."""
    if name not in bootstrap.MANDATORY:
        return []
    fixed = bootstrap.level_spec(name)
    if name != "exempt":
        same, detail = spec == fixed, f"spec of '{name}' must equal the fixed value"
    else:
        same = {**spec, "exempt": None} == {**fixed, "exempt": None}
        detail = f"spec of '{name}' except the 'spec.exempt' field must equal the fixed value"
    return [] if same else [field.invalid("spec", internal.level_spec(spec), detail)]


def _shares(level: Object, path: str) -> list[FieldError]:
    return _concurrency(level, path) + _lendable(level, path)


def _concurrency(level: Object, path: str) -> list[FieldError]:
    shares = level.get("nominalConcurrencyShares")
    if shares is None or shares >= 0:
        return []
    return [field.invalid(f"{path}.nominalConcurrencyShares", shares, _NOT_NEGATIVE)]


def _lendable(level: Object, path: str) -> list[FieldError]:
    percent = level.get("lendablePercent")
    return (
        [] if percent is None else formats.faults(f"{path}.lendablePercent", percent, formats.in_range(percent, 0, 100))
    )


def _limited(level: Object, path: str) -> list[FieldError]:
    out = _concurrency(level, path)
    out += _response(level.get("limitResponse") or {}, f"{path}.limitResponse")
    out += _lendable(level, path)
    percent = level.get("borrowingLimitPercent")
    if percent is not None and percent < 0:
        out.append(field.invalid(f"{path}.borrowingLimitPercent", percent, f"if specified, {_NOT_NEGATIVE}"))
    return out


def _response(response: Object, path: str) -> list[FieldError]:
    kind, queuing = response.get("type", ""), response.get("queuing")
    if kind not in _RESPONSES:
        return [field.not_supported(f"{path}.type", kind, _RESPONSES)]
    where = f"{path}.queuing"
    if kind == "Reject":
        detail = "must be nil if limited.limitResponse.type is not Limited"
        return [] if queuing is None else [field.forbidden(where, detail)]
    if queuing is None:
        return [field.required(where, "must not be empty if limited.limitResponse.type is Limited")]
    return _queuing(queuing, where)


def _queuing(value: Object, path: str) -> list[FieldError]:
    limit, queues, hand = value.get("queueLengthLimit", 0), value.get("queues", 0), value.get("handSize", 0)
    out = []
    if limit <= 0:
        out.append(field.invalid(f"{path}.queueLengthLimit", limit, "must be positive"))
    if queues <= 0:
        out.append(field.invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > _MOST_QUEUES:
        out.append(field.invalid(f"{path}.queues", queues, f"must not be greater than {_MOST_QUEUES}"))
    where = f"{path}.handSize"
    if hand <= 0:
        out.append(field.invalid(where, hand, "must be positive"))
    elif hand > queues:
        out.append(field.invalid(where, hand, f"should not be greater than queues ({queues})"))
    elif math.ceil(math.log2(queues) * hand) > _HASH_BITS:
        detail = (
            f"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {_HASH_BITS}"
        )
        out.append(field.invalid(where, hand, detail))
    return out
