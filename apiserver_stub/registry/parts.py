"""Subresources that show the whole object but change only a part of it."""

from typing import Any

Object = dict[str, Any]

# Subresource -> path of the part that it changes; status has rules in the strategies.
_PARTS: dict[str, tuple[str, ...]] = {
    "finalize": ("spec", "finalizers"),
    "ephemeralcontainers": ("spec", "ephemeralContainers"),
    "approval": ("status", "conditions"),
}
_RESIZED = ("resources", "resizePolicy")


def merged(subresource: str, obj: Object, old: Object) -> Object:
    """What is to be stored: `obj`, or `old` with the part of `obj` that the subresource may change."""
    if subresource in ("", "status"):
        return obj
    for name in ("resourceVersion", "uid"):
        # So that preconditions in the body hold for subresources too.
        if given := obj.get("metadata", {}).get(name):
            old["metadata"][name] = given
    if subresource == "resize":
        return _resized(obj, old)
    *parents, last = _PARTS[subresource]
    source, into = obj, old
    for name in parents:
        source = source.get(name) or {}
        into = into.setdefault(name, {})
    if source.get(last):
        into[last] = source[last]
    else:
        into.pop(last, None)
    return old


def _resized(obj: Object, old: Object) -> Object:
    wanted = {container["name"]: container for container in obj.get("spec", {}).get("containers", [])}
    for container in old["spec"]["containers"]:
        for name in _RESIZED:
            if name in (given := wanted.get(container["name"], {})):
                container[name] = given[name]
    return old
