"""Defaults of rbac.authorization.k8s.io."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Object = dict[str, Any]

GROUP: Final = "rbac.authorization.k8s.io"


def _reference(reference: Object) -> None:
    if not reference.get("apiGroup"):
        reference["apiGroup"] = GROUP


def _subject(subject: Object) -> None:
    if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
        subject["apiGroup"] = GROUP


TABLE: Final[Mapping[str, Callable[[Object], None]]] = {
    "rbac.v1.RoleRef": _reference,
    "rbac.v1.Subject": _subject,
}
