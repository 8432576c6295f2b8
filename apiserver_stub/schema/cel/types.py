"""CEL's types: what the checker knows of a value, and how error messages write it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Final


class Type:
    """A type; `size` is how long a value may get at most (elements or characters), None if nothing is known.

    `kind` is one of bool int uint double string bytes null_type dyn timestamp duration type list map object opaque
    param error. `fields` are those of an object, `names` their names in JSON where CEL's differ (escaped ones).
    """

    __slots__ = ("adapts", "fields", "kind", "list_keys", "list_type", "min_size", "name", "names", "params", "size")

    def __init__(
        self,
        kind: str,
        params: tuple[Type, ...] = (),
        *,
        name: str = "",
        fields: Mapping[str, Type] | None = None,
        names: Mapping[str, str] | None = None,
        size: int | None = None,
        min_size: int = 1,
    ) -> None:
        self.kind = kind
        self.params = params
        self.name = name or kind
        self.fields: Mapping[str, Type] = fields or {}
        self.names: Mapping[str, str] = names or {}
        self.size = 1 if size is None and kind in ("type", "opaque") else size
        # The least number of bytes a value takes in JSON.
        self.min_size = min_size
        # Of lists from a schema: set or map, and the keys of the latter.
        self.list_type = ""
        self.list_keys: tuple[str, ...] = ()
        # Whether values from JSON must be converted before CEL sees them.
        self.adapts: bool = kind in ("timestamp", "duration", "bytes", "double") or any(
            part.adapts for part in (*params, *self.fields.values())
        )

    def __str__(self) -> str:
        if self.kind == "param":
            return self.name
        if not self.params:
            return self.name
        return f"{self.name}({', '.join(map(str, self.params))})"

    __repr__ = __str__

    def same(self, other: Type) -> bool:
        """Whether two types are one, whatever their sizes."""
        if self is other:
            return True
        return (
            self.kind == other.kind
            and self.name == other.name
            and len(self.params) == len(other.params)
            and all(mine.same(theirs) for mine, theirs in zip(self.params, other.params, strict=True))
        )


BOOL: Final = Type("bool", size=1)
INT: Final = Type("int", size=1)
UINT: Final = Type("uint", size=1)
DOUBLE: Final = Type("double", size=1)
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
NULL: Final = Type("null_type", name="null", size=1)
DYN: Final = Type("dyn")
ERROR: Final = Type("error", name="!error!")
TIMESTAMP: Final = Type("timestamp", size=1)
DURATION: Final = Type("duration", size=1)
QUANTITY: Final = Type("opaque", name="kubernetes.Quantity")
URL: Final = Type("opaque", name="kubernetes.URL")
IP: Final = Type("opaque", name="net.IP")
CIDR: Final = Type("opaque", name="net.CIDR")
SEMVER: Final = Type("opaque", name="kubernetes.Semver")
FORMAT: Final = Type("opaque", name="kubernetes.NamedFormat")
AUTHORIZER: Final = Type("opaque", name="kubernetes.authorization.Authorizer")
PATH_CHECK: Final = Type("opaque", name="kubernetes.authorization.PathCheck")
GROUP_CHECK: Final = Type("opaque", name="kubernetes.authorization.GroupCheck")
RESOURCE_CHECK: Final = Type("opaque", name="kubernetes.authorization.ResourceCheck")
DECISION: Final = Type("opaque", name="kubernetes.authorization.Decision")

_NAMED: Final[Mapping[str, Type]] = {
    "bool": BOOL,
    "int": INT,
    "uint": UINT,
    "double": DOUBLE,
    "string": STRING,
    "bytes": BYTES,
    "null": NULL,
    "dyn": DYN,
    "timestamp": TIMESTAMP,
    "duration": DURATION,
    "Quantity": QUANTITY,
    "URL": URL,
    "IP": IP,
    "CIDR": CIDR,
    "Semver": SEMVER,
    "NamedFormat": FORMAT,
    "Authorizer": AUTHORIZER,
    "PathCheck": PATH_CHECK,
    "GroupCheck": GROUP_CHECK,
    "ResourceCheck": RESOURCE_CHECK,
    "Decision": DECISION,
}
_TOKEN: Final = re.compile(r"[A-Za-z_]+|[(),]")


def list_of(item: Type, size: int | None = None) -> Type:
    return Type("list", (item,), size=size, min_size=2)


def map_of(key: Type, value: Type, size: int | None = None) -> Type:
    return Type("map", (key, value), size=size, min_size=2)


def optional_of(item: Type) -> Type:
    return Type("opaque", (item,), name="optional_type")


def type_of(item: Type) -> Type:
    return Type("type", (item,))


@functools.cache
def param(name: str) -> Type:
    """A type that stands for any other within one signature."""
    return Type("param", name=name)


def parse(text: str) -> Type:
    """A type from its text: "map(string, list(A))"; single capitals are type parameters."""
    tokens = _TOKEN.findall(text)
    found, rest = _parse(tokens)
    assert not rest, text
    return found


def _parse(tokens: list[str]) -> tuple[Type, list[str]]:
    word, rest = tokens[0], tokens[1:]
    if rest and rest[0] == "(":
        params = []
        while rest[0] != ")":
            inner, rest = _parse(rest[1:])
            params.append(inner)
        rest = rest[1:]
        makers = {"list": list_of, "map": map_of, "optional": optional_of, "type": type_of}
        return makers[word](*params), rest  # type: ignore[operator]
    if len(word) == 1:
        return param(word), rest
    return _NAMED[word], rest
