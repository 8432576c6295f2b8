"""JSON merge patch (RFC 7386), media type application/merge-patch+json."""

from __future__ import annotations

from typing import Any

from apiserver_stub.meta import goformat, status


def apply(doc: dict[str, Any], patch: Any) -> dict[str, Any]:
    """The document after the patch: null removes a member, objects merge, everything else replaces.

    `doc` is left alone; the result may share parts with both. Raises BadRequest (400) when the patch is no object.
    """
    if not isinstance(patch, dict):
        raise status.bad_request(f"error decoding patch: {not_an_object(patch)}")
    try:
        return _merge(doc, patch)
    except RecursionError:
        raise too_deep() from None


def too_deep() -> status.StatusError:
    return status.bad_request("error decoding patch: exceeded max depth")


def not_an_object(patch: Any) -> str:
    """Go's words for a patch that should have been an object."""
    return f"json: cannot unmarshal {json_type(patch)} into Go value of type map[string]interface {{}}"


def json_type(value: Any) -> str:
    """The JSON type of a value as encoding/json names it."""
    if isinstance(value, list):
        return "array"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else "number" if value is not None else goformat.text(None)


def _merge(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _merge(merged.get(key), value)
        else:
            merged[key] = value
    return merged
