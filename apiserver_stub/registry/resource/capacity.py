"""Capacity of a device, and in which amounts it may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema import quantity

Object = Mapping[str, Any]

_MOST_OPTIONS: Final = 10


def single(capacity: Object, path: str) -> list[FieldError]:
    """Of a device that one request gets as a whole."""
    if capacity.get("requestPolicy") is None:
        return []
    return [field.forbidden(f"{path}.requestPolicy", "allowMultipleAllocations must be true")]


def shared(capacity: Object, path: str) -> list[FieldError]:
    """Of a device that is given out in parts."""
    policy, here = capacity.get("requestPolicy"), f"{path}.requestPolicy"
    if policy is None:
        return []
    options, span, usual = policy.get("validValues") or [], policy.get("validRange"), policy.get("default")
    if options and span is not None:
        detail = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        return [field.forbidden(here, detail)]
    name = "validValues" if options else "validRange"
    if not options and span is None:
        return []
    if usual is None:
        return [field.required(f"{here}.default", f"required when {name} is defined")]
    most = capacity.get("value", "0")
    if options:
        return _options(options, usual, most, f"{here}.{name}")
    return _span(span or {}, usual, most, f"{here}.{name}")


def _options(options: list[str], usual: str, most: str, path: str) -> list[FieldError]:
    amounts = [quantity.parse(text) for text in options]
    out = []
    for i in range(1, len(options)):
        if amounts[i - 1] > amounts[i]:
            out.append(field.invalid(f"{path}[{i}]", options[i], "values must be sorted in ascending order"))
    if len(options) > _MOST_OPTIONS:
        out.append(field.too_many(path, len(options), _MOST_OPTIONS))
    else:
        limit = quantity.parse(most)
        for i, amount in enumerate(amounts):
            if amount > limit:
                detail = f"option is larger than capacity value: {most}"
                out.append(field.invalid(f"{path}[{i}]", options[i], detail))
        for i, amount in enumerate(amounts):
            if amount in amounts[:i]:
                out.append(field.duplicate(f"{path}[{i}]", str(int(amount))))
    if quantity.parse(usual) not in amounts:
        out.append(field.invalid(path, usual, "default value is not valid according to the requestPolicy"))
    return out


def _span(span: Object, usual: str, most: str, path: str) -> list[FieldError]:
    low, high, step = span.get("min"), span.get("max"), span.get("step")
    if low is None:
        return [field.required(f"{path}.min", "required when validRange is defined")]
    limit, least, wanted = quantity.parse(most), quantity.parse(low), quantity.parse(usual)
    out = []
    if least > limit:
        out.append(field.invalid(f"{path}.min", low, f"min is larger than capacity value: {most}"))
    if wanted < least:
        out.append(field.invalid(f"{path}.default", usual, f"default is less than min: {low}"))
    if high is not None:
        top = quantity.parse(high)
        if least > top:
            out.append(field.invalid(f"{path}.max", low, f"min is larger than max: {high}"))
        if top > limit:
            out.append(field.invalid(f"{path}.max", high, f"max is larger than capacity value: {most}"))
        if wanted > top:
            out.append(field.invalid(f"{path}.default", usual, f"default is more than max: {high}"))
    if step is None:
        return out
    return out + _step(span, usual, most, path)


def _step(span: Object, usual: str, most: str, path: str) -> list[FieldError]:
    low, step, here = span["min"], span["step"], f"{path}.step"
    size, least = quantity.parse(step), quantity.parse(low)
    if size <= 0:
        return [field.invalid(here, step, "must be greater than zero")]
    out = []
    if least + size > quantity.parse(most):
        reached = quantity.canonical(_text(least + size))
        detail = f"one step {reached} is larger than capacity value: {most}"
        out.append(field.invalid(here, step, detail))
    for text in (usual, span.get("max")):
        if text is not None and (quantity.parse(text) - least) % size:
            out.append(field.invalid(here, text, f"value is not a multiple of a given step ({step}) from ({low})"))
    return out


def _text(value: Decimal) -> str:
    return format(value, "f")
