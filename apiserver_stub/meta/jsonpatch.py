"""JSON patch (RFC 6902), media type application/json-patch+json, with the API server's limits and leniences."""

from __future__ import annotations

import copy
import types
from typing import Any, Final

import jsonpatch
import orjson

from apiserver_stub.meta import mergepatch, status

MAX_OPERATIONS: Final = 10_000
# All that "copy" operations of one patch may add, in bytes of JSON: copying into itself doubles a document each time.
MAX_COPIED: Final = 3 * 1024 * 1024

_TEXT_MEMBERS: Final = ("op", "path", "from")


def apply(doc: dict[str, Any], patch: Any) -> Any:
    """The document after all operations of the patch; `doc` is left alone.

    Raises BadRequest (400) when the patch is not a list of operations, RequestEntityTooLarge (413) above 10,000
    operations, Invalid (422) when an operation can't be applied. The result need not be an object any more.
    """
    _check_shape(patch)
    if len(patch) > MAX_OPERATIONS:
        raise status.too_large(f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(patch)}")
    result: Any = orjson.loads(orjson.dumps(doc))
    copied = 0
    try:
        for operation in patch:
            if operation is None:
                raise _rejected()
            if operation.get("op") == "copy":
                copied += _size_of_copy(result, operation)
                if copied > MAX_COPIED:
                    raise _rejected()
            result = _Patch([operation]).apply(result, in_place=True)
    except (
        jsonpatch.JsonPatchException,
        jsonpatch.JsonPointerException,
        TypeError,
        LookupError,
        ValueError,
        RecursionError,
    ):
        raise _rejected() from None
    return result


def _rejected() -> status.StatusError:
    """Kubernetes says no more than this of an operation that fails."""
    return status.StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def _check_shape(patch: Any) -> None:
    prefix = "error decoding patch: json: cannot unmarshal"
    if not isinstance(patch, list):
        raise status.bad_request(f"{prefix} {mergepatch.json_type(patch)} into Go value of type []handlers.jsonPatchOp")
    for operation in patch:
        if operation is None:
            continue
        if not isinstance(operation, dict):
            kind = mergepatch.json_type(operation)
            raise status.bad_request(f"{prefix} {kind} into Go value of type handlers.jsonPatchOp")
        for member in _TEXT_MEMBERS:
            value = operation.get(member)
            if value is not None and not isinstance(value, str):
                kind = mergepatch.json_type(value)
                raise status.bad_request(f"{prefix} {kind} into Go struct field jsonPatchOp.{member} of type string")


def _size_of_copy(doc: Any, operation: dict[str, Any]) -> int:
    return len(orjson.dumps(jsonpatch.JsonPointer(operation["from"]).resolve(doc)))


class _Replace(jsonpatch.ReplaceOperation):
    """Replaces; unlike in the RFC, a member that is not there yet is added."""

    def apply(self, obj: Any) -> Any:
        parent, key = self.pointer.to_last(obj)
        if key is not None and isinstance(parent, dict):
            parent[key] = copy.deepcopy(self.operation["value"])
            return obj
        return super().apply(obj)


class _Test(jsonpatch.TestOperation):
    """Compares as JSON does (true is not 1); a missing member equals null."""

    def apply(self, obj: Any) -> Any:
        parent, key = self.pointer.to_last(obj)
        if isinstance(parent, dict) and key is not None:
            found = parent.get(key)
        else:
            found = parent if key is None else self.pointer.walk(parent, key)
        if not same(found, self.operation.get("value")):
            raise jsonpatch.JsonPatchTestFailed
        return obj


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; Python alone takes True for 1."""
    if isinstance(left, dict):
        return isinstance(right, dict) and left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


class _Patch(jsonpatch.JsonPatch):
    operations = types.MappingProxyType({**jsonpatch.JsonPatch.operations, "replace": _Replace, "test": _Test})
