"""The structured merge: an applied configuration into the live object, and fields taken out of it again."""

from __future__ import annotations

from typing import Any

from apiserver_stub.meta.managed import fieldset
from apiserver_stub.meta.managed import shape as shapes
from apiserver_stub.meta.managed.fieldset import Set
from apiserver_stub.meta.managed.shape import Shape

Object = dict[str, Any]

_GONE = object()


def merged(shape: Shape, live: Any, config: Any) -> Any:
    """`live` with what `config` says. Neither is changed; the result may share parts with both."""
    if shape.kind == "any":
        mine, theirs = shapes.deduce(shape, live), shapes.deduce(shape, config)
        if mine is not theirs and live is not None and config is not None:
            return config
        shape = mine if config is None else theirs
    if shape.kind == "scalar" or shape.atomic or not (live or config):
        return config
    if shape.kind == "list":
        return _lists(shape, live or [], config or [])
    out = dict(live or {})
    fields, item = shape.fields, shape.item
    for name, value in (config or {}).items():
        below = fields.get(name) or item or shapes.ANY
        out[name] = merged(below, out[name], value) if name in out else value
    return out


def _lists(shape: Shape, live: list[Any], config: list[Any]) -> list[Any]:
    """Elements that only one side has stay near their neighbours; those of both come in the configuration's order."""
    item = shape.item
    assert item
    mine = [(shape.element(value), value) for value in live]
    theirs = [(shape.element(value), value) for value in config]
    single = _singles(mine)
    wanted = dict(theirs)
    known = {step for step, _ in mine}
    shared = [step for step, _ in theirs if step in known]
    out: list[Any] = []
    done: set[str] = set()
    left = right = 0

    def take() -> None:
        nonlocal right
        step, value = theirs[right]
        done.add(step)
        out.append(merged(item, single[step], value) if step in single else value)
        right += 1
        if shared and shared[0] == step:
            shared.pop(0)

    while left < len(mine) or right < len(theirs):
        if left < len(mine):
            step, value = mine[left]
            if right < len(theirs) and step == theirs[right][0]:
                left += 1
                take()
                continue
            if right < len(theirs) and step in wanted and shared and shared[0] != step:
                left += 1  # its turn comes where the configuration has it
                continue
            if step not in wanted:
                left += 1
                out.append(value)
                continue
            if step in done:
                left += 1
        if right < len(theirs):
            take()
    return out


def _singles(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Elements by their step, without those that are there more than once."""
    out: dict[str, Any] = {}
    twice: set[str] = set()
    for step, value in items:
        if step in out:
            twice.add(step)
        out[step] = value
    return {step: value for step, value in out.items() if step not in twice}


def pruned(shape: Shape, obj: Object, last: Set, owned: Set) -> Object:
    """Without what the manager set the last time (`last`) and nobody owns any more (`owned`: of all, this time)."""
    if not last:
        return obj
    return _prune_map(shape, obj, last, owned)


def _prune_map(shape: Shape, obj: Object, last: Set, owned: Set) -> Object:
    out = dict(obj)
    fields, item = shape.fields, shape.item
    for step, before in last.items():
        name = step[2:]
        if step[:2] != "f:" or name not in out:
            continue
        declared = name in fields
        below = fields.get(name) or item or shapes.ANY
        kept = _pruned(below, out[name], before, owned.get(step), declared)
        if kept is _GONE:
            del out[name]
        else:
            out[name] = kept
    return out


def _pruned(shape: Shape, value: Any, last: Set, owned: Set | None, declared: bool) -> Any:
    """declared: a named field counts as owned by whoever owns something below it."""
    if (declared or fieldset.is_member(last)) and (owned is None or not (declared or fieldset.is_member(owned))):
        return _GONE
    shape = shapes.deduce(shape, value)
    if shape.atomic or shape.kind == "scalar" or not value or not last:
        return value
    # What is emptied but owned stays, empty (upstream leaves null there, which goes, and an owner of nothing).
    if shape.kind == "map":
        return _prune_map(shape, value, last, owned or {}) if type(value) is dict else value
    return _prune_list(shape, value, last, owned or {})


def _prune_list(shape: Shape, items: list[Any], last: Set, owned: Set) -> list[Any]:
    item = shape.item
    assert item
    out = []
    for value in items:
        step = shape.element(value)
        before = last.get(step)
        kept = value if before is None else _pruned(item, value, before, owned.get(step), False)
        if kept is not _GONE:
            out.append(kept)
    return out


def reconciled(shape: Shape, found: Set) -> Set:
    """A set made under an older schema: what has become atomic since is owned as a whole."""
    out = found
    for step, node in found.items():
        if not node or step == fieldset.SELF:
            continue
        below = _place(shape, step)
        if below is None or below.kind in ("any", "scalar"):
            continue
        done = fieldset.LEAF if below.atomic else reconciled(below, node)
        if done is not node:
            out = {**out, step: done}
    return out


def _place(shape: Shape, step: str) -> Shape | None:
    if shape.kind == "map":
        return shape.fields.get(step[2:]) or shape.item if step[:2] == "f:" else None
    return shape.item
