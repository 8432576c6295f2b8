"""JSON patches of webhooks, and what is wrong with those that can't be applied."""

from __future__ import annotations

from typing import Any, Final

import jsonpatch as patches
import orjson

from apiserver_stub.meta import jsonpatch, mergepatch, status
from apiserver_stub.schema import jsonsyntax

Object = dict[str, Any]

_OPERATIONS: Final = ("add", "remove", "replace", "move", "copy", "test")


class Failed(Exception):
    """A patch that is none, or does not apply; the text is upstream's."""


def read(patch: bytes) -> list[Any]:
    """The operations. Raises Failed."""
    try:
        found = orjson.loads(patch)
    except orjson.JSONDecodeError as problem:
        raise Failed(jsonsyntax.error(patch) or str(problem)) from None
    if found is None:
        return []
    if not isinstance(found, list):
        raise Failed(f"json: cannot unmarshal {mergepatch.json_type(found)} into Go value of type jsonpatch.Patch")
    for one in found:
        if not isinstance(one, dict):
            shown = mergepatch.json_type(one)
            raise Failed(f"json: cannot unmarshal {shown} into Go value of type jsonpatch.Operation")
    return found


def apply(obj: Object, operations: list[Any]) -> Any:
    """The object after the patch; `obj` is left alone. Raises Failed."""
    try:
        return jsonpatch.apply(obj, operations)
    except status.StatusError:
        raise Failed(_fault(obj, operations)) from None


def _fault(obj: Object, operations: list[Any]) -> str:
    """What is wrong with the first operation that can't be applied."""
    for operation in operations:
        try:
            obj = jsonpatch.apply(obj, [operation])
        except status.StatusError:
            return _told(obj, operation)
    return "the patch cannot be applied"


def _told(obj: Any, operation: Object) -> str:
    op, path = operation.get("op"), operation.get("path")
    if op not in _OPERATIONS:
        return f"Unexpected kind: {op if isinstance(op, str) else 'unknown'}"
    if not isinstance(path, str):
        return f"{op} operation failed to decode path: missing value"
    if op == "test":
        return f"testing value {path} failed: test failed"
    place = operation.get("from") if op in ("move", "copy") else path
    if not _has_parent(obj, place):
        shown = f'"{place}"' if op == "add" else place
        return f"{op} operation does not apply: doc is missing path: {shown}: missing value"
    if op == "remove":
        return f"error in remove for path: '{path}': Unable to remove nonexistent key: {_last(path)}: missing value"
    if op == "replace":
        return f"replace operation does not apply: doc is missing key: {path}: missing value"
    return f"error in {op} for path: '{path}': invalid index"


def _has_parent(obj: Any, path: Any) -> bool:
    if not isinstance(path, str):
        return False
    try:
        found = patches.JsonPointer(path.rpartition("/")[0]).resolve(obj)
    except (patches.JsonPointerException, TypeError, ValueError, LookupError):
        return False
    return isinstance(found, dict | list)


def _last(path: str) -> str:
    return path.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
