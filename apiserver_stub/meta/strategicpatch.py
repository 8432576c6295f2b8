"""Strategic merge patch: merges lists by key and obeys $patch directives; see kubectl's "strategic merge patch"."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from apiserver_stub.meta import goformat, mergepatch, restorable, status
from apiserver_stub.meta import listmerge as lists
from apiserver_stub.schema.openapi import Node

PATCH: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_FROM: Final = "$deleteFromPrimitiveList"
SET_ORDER: Final = "$setElementOrder"

JSON = dict[str, Any]


def apply(doc: JSON, patch: Any, node: Node) -> JSON:
    """The document after the patch; merge keys and strategies come from `node`, the document's schema.

    `doc` and `patch` are left alone. Raises BadRequest (400) for malformed directives, Invalid (422) when a result's
    type can't be the field's, and 500 without a reason for what Kubernetes answers so (unknown directives, elements
    without their merge key, an order that contradicts the list).
    """
    if not isinstance(patch, dict):
        raise status.bad_request(mergepatch.not_an_object(patch))
    try:
        # Both are taken apart while merging.
        original, changes = orjson.loads(orjson.dumps(doc)), orjson.loads(orjson.dumps(patch))
        merged = _merge_map(original, changes, node)
        problem = restorable.problem(merged, node)
    except (RecursionError, orjson.JSONEncodeError):
        raise mergepatch.too_deep() from None
    if problem:
        raise _invalid(patch, problem)
    return merged


def _invalid(patch: JSON, problem: str) -> status.StatusError:
    """Kubernetes names neither kind nor object here."""
    detail = f'Invalid value: "{goformat.text(patch)}": {problem}'
    causes = [{"reason": "FieldValueInvalid", "message": detail, "field": "patch"}]
    return status.StatusError(422, "Invalid", f' "" is invalid: patch: {detail}', {"causes": causes})


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field is patched."""

    node: Node | None
    merge: bool = False
    replace: bool = False
    key: str = ""

    @property
    def element(self) -> Node | None:
        return self.node.items if self.node is not None else None


def _field(node: Node | None, name: str) -> _Field:
    if node is None or node.type == "any":
        return _Field(None)
    if node.type == "map":
        return _Field(node.values)
    found = node.field(name)
    if found is None:
        kind = node.name.rsplit(".", 1)[-1]
        raise status.unknown(f'unable to find api field in struct {kind} for the json field "{name}"')
    strategies = found.patch_strategies
    return _Field(found, "merge" in strategies, "replace" in strategies, found.merge_key or "")


def _merge_map(original: JSON, patch: JSON, node: Node | None) -> JSON:
    if PATCH in patch:
        return _whole_map(patch)
    _retain_keys(original, patch)
    _ordered_lists(original, patch, node)
    for key, value in patch.items():
        name, deleting = _without_prefix(key)
        if value is None:
            original.pop(name, None)
        elif name not in original:
            if not deleting and (kept := _plain(value)) is not None:
                original[name] = kept
        elif deleting or type(original[name]) is type(value):
            original[name] = _merge_value(original[name], value, node, name, deleting)
        elif (kept := _plain(value)) is not None:
            original[name] = kept
    return original


def _merge_value(old: Any, new: Any, node: Node | None, name: str, deleting: bool) -> Any:
    if isinstance(new, dict) and isinstance(old, dict):
        field = _field(node, name)
        return new if field.replace else _merge_map(old, new, field.node)
    if isinstance(new, list):
        if not isinstance(old, list):
            raise _bad_type(old, [])
        field = _field(node, name)
        return _merge_list(old, new, field, deleting) if field.merge else new
    return new


def _whole_map(patch: JSON) -> JSON:
    """$patch: replace or delete speaks for the whole object."""
    directive = patch[PATCH]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != PATCH}
    if directive == "delete":
        return {}
    raise _unknown_directive(patch)


def _retain_keys(original: JSON, patch: JSON) -> None:
    """$retainKeys lists the only keys that may stay (for unions, like a volume's source)."""
    if RETAIN_KEYS not in patch:
        return
    keys = patch.pop(RETAIN_KEYS)
    malformed = status.bad_request("invalid patch format of retainKeys")
    if not isinstance(keys, list):
        raise malformed
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_FROM, SET_ORDER)) and key not in keys:
            raise malformed
    for key in [key for key in original if key not in keys]:
        del original[key]


def _ordered_lists(original: JSON, patch: JSON, node: Node | None) -> None:
    """Merges the lists that come with a $setElementOrder and takes them out of the patch."""
    for directive in [key for key in patch if key.startswith(SET_ORDER)]:
        order = patch.pop(directive)
        if not isinstance(order, list):
            raise _bad_type([], order)
        name = _after_slash(directive, "invalid patch format of setElementOrder list")
        old, new = _list_or_none(original, name), _list_or_none(patch, name)
        field = _field(node, name)
        _check_order(new or [], order, field.key)
        patch.pop(name, None)
        if old is None and new is None:
            continue
        if old is None:
            merged = _plain(new)
        elif new is None:
            merged = old
        else:
            merged = _merge_list(old, new, field, deleting=False) if field.merge else new
        wanted, rest = _partition(merged, order, field.key)
        original[name] = lists.in_order(wanted, rest, order, old or [], lists.of_key(field.key))


def _list_or_none(holder: JSON, name: str) -> list[Any] | None:
    found = holder.get(name)
    if found is not None and not isinstance(found, list):
        raise _bad_type([], found)
    return found


def _check_order(patch: list[Any], order: list[Any], key: str) -> None:
    """The order directive has to name every element of the patch, in the same sequence."""
    stays = [item for item in patch if not (isinstance(item, dict) and item.get(PATCH) in ("delete", "replace"))]
    for item in stays if key else []:
        _key_of(item, key)
    if not lists.is_subsequence(stays, order, lists.of_key(key)):
        shown, wanted = goformat.text(patch), goformat.text(order)
        raise status.unknown(f"The order in patch list:\n{shown}\n doesn't match {SET_ORDER} list:\n{wanted}\n")


def _merge_list(original: list[Any], patch: list[Any], field: _Field, deleting: bool) -> list[Any]:
    if not original and not patch:
        return original
    if not _holds_maps(original, patch):
        if deleting:
            return lists.partition(original, patch, lists.of_value)[1]
        merged = lists.unique([*original, *patch], lists.of_value)
        wanted, rest = lists.partition(merged, patch, lists.of_value)
        return lists.in_order(wanted, rest, patch, original, lists.of_value)
    if not field.key:
        kind = "map" if field.element is None or field.element.type == "map" else "struct"
        raise status.unknown(f"cannot merge lists without merge key for type {kind}")
    original, patch = _special_elements(original, patch, field.key)
    merged = _merge_elements(original, patch, field)
    wanted, rest = _partition(merged, patch, field.key)
    return lists.in_order(wanted, rest, patch, original, lists.of_key(field.key))


def _holds_maps(*found: list[Any]) -> bool:
    """Whether the lists hold objects; all elements have to be of one type, and no lists."""
    items = [item for one in found for item in one]
    if any(isinstance(item, list) for item in items):
        raise status.StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {})
    if len({goformat.type_name(item) for item in items}) > 1:
        raise status.unknown(f"list element types are not identical: {goformat.text(list(found))}")
    return isinstance(items[0], dict)


def _special_elements(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Obeys the elements that are directives; returns what is to be merged."""
    plain: list[Any] = []
    deleted: list[Any] = []
    replace = False
    for item in patch:
        directive = item.get(PATCH)
        if PATCH not in item:
            plain.append(item)
        elif directive == "delete":
            _key_of(item, key)
            deleted.append(item)
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise status.unknown("merging lists cannot yet be specified in the patch")
        else:
            raise _unknown_directive(item)
    if replace:
        return plain, []
    return lists.partition(original, deleted, lists.of_key(key))[1], plain


def _merge_elements(original: list[Any], patch: list[Any], field: _Field) -> list[Any]:
    identity = lists.of_key(field.key)
    merged = list(original)
    places: dict[Hashable, int] = {}
    for at, item in enumerate(merged):
        places.setdefault(identity(item), at)
    for item in patch:
        _key_of(item, field.key)
        at = places.setdefault(identity(item), len(merged))
        if at < len(merged):
            merged[at] = _merge_map(merged[at], item, field.element)
        else:
            merged.append(_plain(item))
    return merged


def _partition(items: list[Any], by: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    for item in items if key else []:
        _key_of(item, key)
    return lists.partition(items, by, lists.of_key(key))


def _key_of(item: Any, key: str) -> Any:
    if not isinstance(item, dict):
        raise _bad_type({}, item)
    if key not in item:
        raise status.unknown(f"map: {goformat.text(item)} does not contain declared merge key: {key}")
    return item[key]


def _plain(value: Any) -> Any:
    """A value taken over whole: without nulls, directives and what is marked with one; None if nothing stays."""
    if isinstance(value, dict):
        if PATCH in value:
            return None
        members = ((key, _plain(item)) for key, item in value.items() if not _is_directive(key))
        return {key: item for key, item in members if item is not None}
    if isinstance(value, list):
        return [kept for item in value if (kept := _plain(item)) is not None]
    return value


def _is_directive(key: str) -> bool:
    return key == RETAIN_KEYS or key.startswith((f"{DELETE_FROM}/", f"{SET_ORDER}/"))


def _without_prefix(key: str) -> tuple[str, bool]:
    """The field a key speaks of, and whether it lists what to delete from it."""
    if not key.startswith(DELETE_FROM):
        return key, False
    return _after_slash(key, "invalid patch format of primitive list"), True


def _after_slash(directive: str, message: str) -> str:
    _, slash, name = directive.partition("/")
    if not slash or not name:
        raise status.bad_request(message)
    return name


def _bad_type(expected: Any, got: Any) -> status.StatusError:
    return status.unknown(f"expected a {goformat.type_name(expected)}, but received a {goformat.type_name(got)}")


def _unknown_directive(item: JSON) -> status.StatusError:
    return status.unknown(f"unknown patch type: {goformat.text(item[PATCH])} in map: {goformat.text(item)}")
