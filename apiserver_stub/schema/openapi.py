"""Lazy view of the OpenAPI definitions: a Node says what may stand at one place of an object."""

from __future__ import annotations

import functools
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from apiserver_stub.schema import kinds

_DATA = Path(__file__).with_name("data")
_EMPTY: Final[Mapping[str, Any]] = {}
MISSING: Final = object()

# The words of the compact data (see schema/generate.py) and what they mean: (type, format).
_SCALARS: Final = {
    "string": ("string", ""),
    "byte": ("string", "byte"),
    "int32": ("integer", "int32"),
    "int64": ("integer", "int64"),
    "double": ("number", "double"),
    "boolean": ("boolean", ""),
    "quantity": ("quantity", ""),
    "time": ("time", "date-time"),
    "microtime": ("time", "micro"),
    "int-or-string": ("int-or-string", "int-or-string"),
    "any": ("any", ""),
}

GVK = tuple[str, str, str]


class Definitions:
    """The packaged definitions; each is parsed when it is first asked for."""

    def __init__(self, data: bytes) -> None:
        self._raw: dict[str, bytes] = {}
        self._nodes: dict[str, Node] = {}
        for line in data.splitlines()[1:-1]:
            name, _, body = line.partition(b'":')
            self._raw[name[1:].decode()] = body.removesuffix(b",")

    def __contains__(self, name: str) -> bool:
        return name in self._raw or name in self._nodes

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._raw, *self._nodes)))

    def node(self, name: str) -> Node:
        """The node of a definition; raises KeyError when there is none."""
        found = self._nodes.get(name)
        if found is None:
            found = self._nodes[name] = Node(self, orjson.loads(self._raw[name]), name)
            del self._raw[name]
        return found


class Node:
    """What a schema says about one place: its type, fields and list semantics.

    `type` is one of object, map, array, string, integer, number, boolean, int-or-string, quantity, time, any.
    `format` is "int32", "int64", "double", "byte", "date-time", "micro", "int-or-string" or "".
    `name` is the definition's name where the node is a reference, else "".
    The patch and list attributes are those of the field, see the Kubernetes page "API conventions".
    `memo` is for whoever works something out from the node and wants to keep it as long as the node lives.
    """

    __slots__ = ("_definitions", "_fields", "_raw", "_sub", "_target", "format", "memo", "name", "type")

    def __init__(self, definitions: Definitions, raw: Any, name: str = "") -> None:
        self._definitions = definitions
        self._raw: Mapping[str, Any] = raw if isinstance(raw, dict) else _EMPTY
        self._fields: dict[str, Node] | None = None
        self._sub: Node | None = None
        self._target: Node | None = None
        self.memo: Any = None
        word = raw if isinstance(raw, str) else raw.get("t", "object")
        self.name = name
        if word.startswith("#"):
            # Field attributes come from the field itself, everything else from the definition.
            self.name = word[1:]
            self._target = definitions.node(self.name)
            self.type: str = self._target.type
            self.format: str = self._target.format
        else:
            self.type, self.format = _SCALARS.get(word, (word, ""))

    @property
    def fields(self) -> Mapping[str, Node]:
        """Fields of an object by name; empty for everything else."""
        if self._target is not None:
            return self._target.fields
        if self._fields is None:
            raw = self._raw.get("f", _EMPTY)
            self._fields = {name: Node(self._definitions, value) for name, value in raw.items()}
        return self._fields

    def field(self, name: str) -> Node | None:
        return self.fields.get(name)

    @property
    def items(self) -> Node | None:
        """What an array holds."""
        return self._inner("i")

    @property
    def values(self) -> Node | None:
        """What a map holds."""
        return self._inner("v")

    def _inner(self, key: str) -> Node | None:
        if self._sub is None and key in self._raw:
            self._sub = Node(self._definitions, self._raw[key])
        return self._sub if key in self._raw else None

    @property
    def required(self) -> tuple[str, ...]:
        return self._target.required if self._target is not None else tuple(self._raw.get("r", ()))

    @property
    def enum(self) -> tuple[str, ...]:
        return tuple(self._raw.get("e", ()))

    @property
    def default(self) -> Any:
        """The default that the schema itself names (custom resources); MISSING if it names none."""
        return self._raw.get("d", MISSING)

    @property
    def merge_key(self) -> str | None:
        return self._raw.get("mk")

    @property
    def patch_strategies(self) -> frozenset[str]:
        """Of "merge", "replace", "retainKeys"; empty means replace."""
        return frozenset(self._raw.get("ps", ()))

    @property
    def list_type(self) -> str | None:
        """ "atomic", "set", "map" or None (atomic)."""
        return self._raw.get("lt")

    @property
    def list_map_keys(self) -> tuple[str, ...]:
        return tuple(self._raw.get("lk", ()))

    @property
    def map_type(self) -> str | None:
        """ "atomic", "granular" or None (granular)."""
        own = self._raw.get("mt")
        return own if own is not None or self._target is None else self._target.map_type

    def __repr__(self) -> str:
        return f"<Node {self.type} {self.name}>"


@functools.cache
def definitions() -> Definitions:
    """The definitions of the built-in kinds, without descriptions."""
    return Definitions((_DATA / "definitions.json").read_bytes())


@functools.cache
def anything() -> Node:
    """A node that allows everything: for kinds without a schema."""
    return Node(definitions(), "any")


@functools.cache
def _definition_names() -> Mapping[GVK, str]:
    found = {(r.group, r.version, r.kind): r.definition for r in kinds.builtin() if r.definition}
    # Kinds that are only read or written through a subresource.
    found["autoscaling", "v1", "Scale"] = "io.k8s.api.autoscaling.v1.Scale"
    found["policy", "v1", "Eviction"] = "io.k8s.api.policy.v1.Eviction"
    found["authentication.k8s.io", "v1", "TokenRequest"] = "io.k8s.api.authentication.v1.TokenRequest"
    found["", "v1", "DeleteOptions"] = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
    return found


def node_for(kind: kinds.Resource | kinds.Subresource | GVK) -> Node:
    """The node of a kind; the free-form node where the kind has no schema."""
    gvk = kind if isinstance(kind, tuple) else (kind.group, kind.version, kind.kind)
    name = getattr(kind, "definition", "") or _definition_names().get(gvk, "")
    return definitions().node(name) if name in definitions() else anything()


def full_definitions() -> dict[str, bytes]:
    """All definitions with descriptions, as published in OpenAPI v2: name -> JSON text.

    References read "#/definitions/NAME". About 1.6 MB: don't keep the result.
    """
    data = gzip.decompress((_DATA / "definitions.full.json.gz").read_bytes())
    out = {}
    for line in data.splitlines()[1:-1]:
        name, _, body = line.partition(b'":')
        out[name[1:].decode()] = body.removesuffix(b",")
    return out
