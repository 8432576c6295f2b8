"""Conversion of custom objects between versions by another program; see webhookconversion.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

Object = dict[str, Any]


class Remote(Protocol):
    """What converts objects."""

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """The objects in another version. Raises StatusError (500)."""
