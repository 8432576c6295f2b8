"""CEL rules of CRD schemas (x-kubernetes-validations)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta.field import FieldError


class Rules:
    """The compiled rules of one schema."""

    def validate(self, obj: Any, old: Any = None) -> list[FieldError]:
        return []


def compile_rules(schema: Mapping[str, Any]) -> Rules:
    return Rules()


def check_rules(schema: Mapping[str, Any], path: str) -> list[FieldError]:
    return []
