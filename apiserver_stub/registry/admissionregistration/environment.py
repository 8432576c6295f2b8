"""The CEL environment of admission: types of the variables that policies and match conditions see.

Import it lazily: it brings the CEL compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from apiserver_stub.schema import cel
from apiserver_stub.schema.cel import types
from apiserver_stub.schema.cel.types import Type

_STRINGS: Final = types.list_of(types.STRING)
_TEXTS: Final = types.map_of(types.STRING, types.STRING)


def _struct(name: str, texts: str, **more: Type) -> Type:
    """texts: names of the fields that are strings."""
    return Type("object", name=f"kubernetes.{name}", fields=dict.fromkeys(texts.split(), types.STRING) | more)


_KIND: Final = _struct("GroupVersionKind", "group version kind")
_RESOURCE: Final = _struct("GroupVersionResource", "group version resource")
_USER: Final = _struct(
    "UserInfo", "username uid", groups=_STRINGS, extra=types.map_of(types.STRING, types.list_of(types.STRING))
)
_REQUEST: Final = _struct(
    "AdmissionRequest",
    "subResource requestSubResource name namespace operation",
    kind=_KIND,
    resource=_RESOURCE,
    requestKind=_KIND,
    requestResource=_RESOURCE,
    userInfo=_USER,
    dryRun=types.BOOL,
    options=types.DYN,
)
_NAMESPACE_METADATA: Final = _struct(
    "NamespaceMetadata",
    "name generateName namespace UID resourceVersion",
    labels=_TEXTS,
    annotations=_TEXTS,
    creationTimestamp=types.TIMESTAMP,
    deletionTimestamp=types.TIMESTAMP,
    deletionGracePeriodSeconds=types.INT,
    generation=types.INT,
    finalizers=_STRINGS,
)
_NAMESPACE: Final = _struct(
    "Namespace",
    "",
    metadata=_NAMESPACE_METADATA,
    spec=_struct("NamespaceSpec", "", finalizers=_STRINGS),
    status=_struct("NamespaceStatus", "phase"),
)
_BASE: Final[Mapping[str, Type]] = {
    "object": types.DYN,
    "oldObject": types.DYN,
    "request": _REQUEST,
    "namespaceObject": _NAMESPACE,
}
_AUTHORIZER: Final[Mapping[str, Type]] = {
    "authorizer": types.AUTHORIZER,
    "authorizer.requestResource": types.RESOURCE_CHECK,
}
_PATCH: Final = Type(
    "object",
    name="JSONPatch",
    fields={"op": types.STRING, "path": types.STRING, "from": types.STRING, "value": types.DYN},
)


class _Patches(Mapping[str, Type]):
    """What braces can make in a mutation: JSONPatch, and Object with any field (Object.spec, Object.spec.x …)."""

    def __getitem__(self, name: str) -> Type:
        if name == "JSONPatch":
            return _PATCH
        if name == "Object" or name.startswith("Object."):
            return Type("object", name=name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(("JSONPatch", "Object"))

    def __len__(self) -> int:
        return 2


PATCHES: Final = _Patches()


def variables(*, params: bool, authorizer: bool, composed: Mapping[str, Type] | None) -> dict[str, Type]:
    """The types of an expression's variables. composed: what `variables.` holds, None without it."""
    found = dict(_BASE)
    if params:
        found["params"] = types.DYN
    if authorizer:
        found |= _AUTHORIZER
    if composed is not None:
        found["variables"] = composition(composed)
    return found


def composition(composed: Mapping[str, Type]) -> Type:
    """The type of `variables`."""
    return Type("object", name="kubernetes.variables", fields=dict(composed))


def compile(text: str, known: Mapping[str, Type], *, patches: bool = False) -> cel.Program:
    """Raises cel.CompileError."""
    return cel.compile(text, known, None, PATCHES if patches else None)
