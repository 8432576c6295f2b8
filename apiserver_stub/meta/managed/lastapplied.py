"""kubectl's own annotation: fields that client-side apply set are kubectl's to apply, and it stays up to date."""

from __future__ import annotations

from typing import Any, Final

import orjson

from apiserver_stub.meta.managed import compare, conflicts, fieldset, typed
from apiserver_stub.meta.managed.entries import Manager
from apiserver_stub.meta.managed.fieldset import Set
from apiserver_stub.meta.managed.shape import KeyFault, Shape

Object = dict[str, Any]

MANAGER: Final = "kubectl"
ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
_LIMIT: Final = 256 * 1024


def not_from_client(found: conflicts.Conflicts, shape: Shape, live: Object) -> dict[Manager, Set]:
    """The conflicts that are not about fields which client-side apply set and nobody changed since."""
    allowed = _allowed(shape, live)
    left = {manager: fieldset.difference(fields, allowed) for manager, fields in found.found.items()}
    return {manager: fields for manager, fields in left.items() if fields}


def _allowed(shape: Shape, live: Object) -> Set:
    config = of(live)
    if config is None or typed.faults(shape, config, duplicates=False):
        return {}
    try:
        fields = compare.applied(shape, config)
        changed, removed = compare.changes(shape, live, config)
    except (compare.Undeclared, KeyFault):
        return {}
    return fieldset.difference(fieldset.difference(fields, changed), removed)


def of(live: Object) -> Object | None:
    """The configuration in the annotation."""
    text = (live.get("metadata") or {}).get("annotations", {}).get(ANNOTATION)
    try:
        config = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    return config if isinstance(config, dict) and isinstance(config.get("metadata", {}), dict) else None


def renewed(obj: Object, config: Object) -> Object:
    """`obj` with the annotation, if it has one, telling of the configuration that was applied."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    if ANNOTATION not in annotations:
        return obj
    metadata = dict(config.get("metadata") or {})
    metadata.pop("managedFields", None)
    if metadata.get("annotations"):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != ANNOTATION}
    text = orjson.dumps({**config, "metadata": metadata}, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    rest = {key: value for key, value in annotations.items() if key != ANNOTATION}
    if sum(len(key.encode()) + len(str(value).encode()) for key, value in rest.items()) + len(text) <= _LIMIT:
        rest[ANNOTATION] = text
    return {**obj, "metadata": {**obj["metadata"], "annotations": rest}}
