"""Selectors of devices: expressions (CEL) over one device."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError

if TYPE_CHECKING:
    from apiserver_stub.schema.cel.types import Type

_LONGEST: Final = 10 * 1024
_MOST_COST: Final = 1_000_000
# What a device may hold at most: attributes and capacities, characters of a domain, a name and a value.
_MOST_VALUES, _DOMAIN, _NAME, _VALUE = 32, 63, 32, 64


def validate(selector: Mapping[str, Any], path: str) -> list[FieldError]:
    """A DeviceSelector."""
    cel = selector.get("cel")
    if cel is None:
        return [field.required(f"{path}.cel")]
    expression, here = cel.get("expression", ""), f"{path}.cel.expression"
    if len(expression.encode()) > _LONGEST:
        return [field.too_long(here, _LONGEST)]
    detail, cost = _compiled(expression)
    if detail:
        return [field.invalid(here, expression, detail)]
    return [field.forbidden(here, "too complex, exceeds cost limit")] if cost > _MOST_COST else []


@functools.lru_cache(maxsize=64)
def _compiled(expression: str) -> tuple[str, int]:
    """What is wrong with an expression, else how much it may cost."""
    # Loaded with the first selector: nodes without devices pay nothing for it.
    from apiserver_stub.schema import cel

    try:
        program = cel.compile(expression, {"device": _device()})
    except cel.ResultError as error:
        return str(error), 0
    except cel.CompileError as error:
        return f"compilation failed: {error}", 0
    return "", int(program.estimate)


def _device() -> Type:
    from apiserver_stub.schema.cel import types

    name, domain = types.Type("string", size=_NAME), types.Type("string", size=_DOMAIN)
    amounts = types.map_of(name, types.QUANTITY, _MOST_VALUES)
    values = types.map_of(name, types.Type("dyn", size=_VALUE), _MOST_VALUES)
    members = {
        "driver": domain,
        "attributes": types.map_of(domain, values, _MOST_VALUES),
        "capacity": types.map_of(domain, amounts, _MOST_VALUES),
        "allowMultipleAllocations": types.BOOL,
    }
    return types.Type("object", name="kubernetes.DRADevice", fields=members)
