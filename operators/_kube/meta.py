"""What every object carries: names, owners, deletion, times (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

#: A Kubernetes object, status or any part of one, as parsed from JSON. Objects that come from a cache are shared:
#: never change them in place.
Object = dict[str, Any]
Objects = list[Object]


class Key(NamedTuple):
    """Where an object is found within its kind. `namespace` is "" for cluster-scoped kinds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj.get("metadata") or {}


def key_of(obj: Mapping[str, Any]) -> Key:
    meta = metadata(obj)
    return Key(meta.get("namespace") or "", meta.get("name") or "")


def name_of(obj: Mapping[str, Any]) -> str:
    return metadata(obj).get("name") or ""


def namespace_of(obj: Mapping[str, Any]) -> str:
    return metadata(obj).get("namespace") or ""


def uid_of(obj: Mapping[str, Any]) -> str:
    return metadata(obj).get("uid") or ""


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return metadata(obj).get("labels") or {}


def annotations_of(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return metadata(obj).get("annotations") or {}


def generation_of(obj: Mapping[str, Any]) -> int:
    return metadata(obj).get("generation") or 0


def version_of(obj: Mapping[str, Any]) -> int:
    """`metadata.resourceVersion` as a number; 0 where there is none.

    They can be compared as numbers: see the Kubernetes API concepts page, "Resource versions".
    """
    text = metadata(obj).get("resourceVersion") or ""
    return int(text) if text.isdecimal() else 0


def is_deleting(obj: Mapping[str, Any]) -> bool:
    """Whether deletion was asked for (the object may still wait for finalizers or a grace period)."""
    return metadata(obj).get("deletionTimestamp") is not None


def has_finalizer(obj: Mapping[str, Any], finalizer: str) -> bool:
    return finalizer in (metadata(obj).get("finalizers") or ())


def owners_of(obj: Mapping[str, Any]) -> list[Object]:
    return metadata(obj).get("ownerReferences") or []


def controller_of(obj: Mapping[str, Any]) -> Object | None:
    """The owner reference with `controller: true`; an object has at most one."""
    return next((ref for ref in owners_of(obj) if ref.get("controller")), None)


def is_controlled_by(obj: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    ref = controller_of(obj)
    return ref is not None and ref.get("uid") == uid_of(owner)


def owner_reference(owner: Mapping[str, Any]) -> Object:
    """The reference by which `owner` becomes the controller of a dependant."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def object_reference(obj: Mapping[str, Any], field_path: str | None = None) -> Object:
    """A core/v1 ObjectReference, as Events carry it. `field_path`: "spec.containers{NAME}" for a container's event."""
    meta = metadata(obj)
    reference = {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "namespace": meta.get("namespace"),
        "name": meta.get("name"),
        "uid": meta.get("uid"),
        "resourceVersion": meta.get("resourceVersion"),
        "fieldPath": field_path,
    }
    return {name: value for name, value in reference.items() if value}


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; "" for the core group."""
    group, slash, _ = api_version.partition("/")
    return group if slash else ""


def parse_time(text: str) -> datetime:
    """A `Time` or `MicroTime` (RFC 3339). Raises ValueError when it is neither."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed


def format_time(moment: datetime) -> str:
    """As metav1.Time: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_micro_time(moment: datetime) -> str:
    """As metav1.MicroTime: UTC, six digits."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
