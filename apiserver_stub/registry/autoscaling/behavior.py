"""A scaling behavior as v1's annotation holds it: upstream's internal struct, in Go's names."""

from __future__ import annotations

from typing import Any, Final

import orjson

from apiserver_stub.registry.autoscaling import checked

Object = dict[str, Any]

_RULES: Final = ("StabilizationWindowSeconds", "SelectPolicy", "Policies", "Tolerance")
_POLICY: Final = ("Type", "Value", "PeriodSeconds")


def to_go(behavior: Object) -> Object:
    return {"ScaleUp": _rules_to_go(behavior.get("scaleUp")), "ScaleDown": _rules_to_go(behavior.get("scaleDown"))}


def _rules_to_go(rules: Object | None) -> Object | None:
    if rules is None:
        return None
    out = {name: rules.get(_lower(name)) for name in _RULES}
    if out["Policies"] is not None:
        out["Policies"] = [{name: policy.get(_lower(name)) for name in _POLICY} for policy in out["Policies"]]
    return out


def from_text(text: str | None) -> Object | None:
    """v2's behavior; None when there is none or the text is no behavior."""
    if not text:
        return None
    try:
        found = _lowered(orjson.loads(text))
    except orjson.JSONDecodeError:
        return None
    return checked.one("HorizontalPodAutoscalerBehavior", found) or None


def _lowered(value: Any) -> Any:
    """Go's decoder takes a member's name in any case; only what v2 knows is kept."""
    if isinstance(value, list):
        return [_lowered(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for name, item in value.items():
        known = _KNOWN.get(name.lower())
        if known:
            out[known] = _lowered(item)
    return out


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


_KNOWN: Final = {name.lower(): _lower(name) for name in ("ScaleUp", "ScaleDown", *_RULES, *_POLICY)}
