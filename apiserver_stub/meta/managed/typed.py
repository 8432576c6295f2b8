"""Whether an object fits its schema well enough to be merged, in upstream's words."""

from __future__ import annotations

import json
from typing import Any, Final

from apiserver_stub.meta import goformat
from apiserver_stub.meta.managed import fieldset
from apiserver_stub.meta.managed import shape as shapes
from apiserver_stub.meta.managed.shape import Shape

_UNDECLARED: Final = "field not declared in schema"


def faults(shape: Shape, value: Any, *, duplicates: bool) -> str:
    """What is wrong with the value; "" if nothing is. duplicates: whether lists may hold elements more than once."""
    found: list[str] = []
    _check(shape, value, "", found, duplicates)
    if len(found) <= 1:
        return found[0] if found else ""
    return "\n".join(["errors:", *(f"  {fault}" for fault in found)])


def _check(shape: Shape, value: Any, path: str, found: list[str], duplicates: bool) -> None:
    if value is None:
        return
    if shape.kind == "any":
        shape = shapes.deduce(shape, value)
    if shape.kind == "scalar":
        fault = _scalar_fault(shape, value)
    elif shape.kind == "map":
        fault = "" if type(value) is dict else f"expected map, got {_go(value)}"
    else:
        fault = "" if type(value) is list else f"expected list, got {_go(value)}"
    if fault:
        found.append(f"{path}: {fault}" if path else fault)
    elif shape.kind == "map":
        _check_map(shape, value, path, found, duplicates)
    elif shape.kind == "list":
        _check_list(shape, value, path, found, duplicates)


def _check_map(shape: Shape, value: dict[str, Any], path: str, found: list[str], duplicates: bool) -> None:
    fields, item = shape.fields, shape.item
    for name, inner in value.items():
        below = fields.get(name) or item
        if below is None:
            found.append(f"{path}.{name}: {_UNDECLARED}")
        elif inner is not None:
            _check(below, inner, f"{path}.{name}", found, duplicates)


def _check_list(shape: Shape, value: list[Any], path: str, found: list[str], duplicates: bool) -> None:
    item = shape.item
    assert item
    seen: set[str] = set()
    for i, inner in enumerate(value):
        if shape.atomic:
            below = f"{path}[{i}]"
        else:
            try:
                step = shape.element(inner)
            except shapes.KeyFault as fault:
                found.append(f"{path}: element {i}: {fault}")
                continue
            below = path + fieldset.shown(step)
            if step in seen and not duplicates:
                found.append(f"{path}: duplicate entries for key {fieldset.shown(step)}")
            seen.add(step)
        _check(item, inner, below, found, duplicates)


def _scalar_fault(shape: Shape, value: Any) -> str:
    kind = type(value)
    if shape.scalar == "numeric":
        return "" if kind in (int, float) else f"expected numeric (int or float), got {goformat.type_name(value)}"
    if shape.scalar == "string":
        return "" if kind is str else f"expected string, got &value.valueUnstructured{{Value:{_syntax(value)}}}"
    if shape.scalar == "boolean":
        return "" if kind is bool else f"expected boolean, got {_go(value)}"
    return "" if kind not in (dict, list) else f"expected any scalar, got {_go(value)}"


def _go(value: Any) -> str:
    """Go's %v of the value that the merge wraps it in."""
    return f"&{{{goformat.text(value)}}}"


def _syntax(value: Any) -> str:
    """Go's %#v."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)}:{_syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{inner}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(_syntax, value))}}}"
    if value is None:
        return "interface {}(nil)"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else goformat.text(value)
