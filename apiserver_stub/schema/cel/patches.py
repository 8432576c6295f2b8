"""CEL's functions for JSON patches: only expressions that make patches know them."""

from __future__ import annotations

from typing import Final

from apiserver_stub.schema.cel.functions import Table

TABLE: Final = Table()
PREFIX: Final = "jsonpatch."


def _escape_key(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


TABLE.function(f"{PREFIX}escapeKey", "string -> string", _escape_key, "traverse_same")
