"""The two security contexts of a container: its own, and the Pod's behind it (pure)."""

from typing import Any

from operators.pod.sources import Object


def whole(pod: Object) -> Object:
    """The Pod's security context; {} when it says nothing."""
    found: Object = pod["spec"].get("securityContext") or {}
    return found


def own(spec: Object) -> Object:
    """The container's."""
    found: Object = spec.get("securityContext") or {}
    return found


def effective(pod: Object, spec: Object, field: str) -> Any:
    """A field that both may have; the container's wins. None: neither says anything."""
    value = own(spec).get(field)
    return whole(pod).get(field) if value is None else value


def is_privileged(spec: Object) -> bool:
    return own(spec).get("privileged") is True


def has_own_users(pod: Object) -> bool:
    """Whether the Pod asks for a user namespace (`hostUsers: false`)."""
    return pod["spec"].get("hostUsers") is False
