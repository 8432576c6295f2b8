"""The parameters that a binding gives to its policy; see "Parameter resources" of the page on admission policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from apiserver_stub.registry import selector
from apiserver_stub.schema import kinds

Object = Mapping[str, Any]

_NOT_FOUND: Final = "no params found for policy binding with `Deny` parameterNotFoundAction"
_HAS_NO_NAMESPACE: Final = "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
_NEEDS_NAMESPACE: Final = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"


class ConfigurationError(Exception):
    """A policy or a binding that can't be followed; the text is upstream's."""


class Source(Protocol):
    """Where parameters are kept."""

    def kind(self, api_version: str, kind: str) -> kinds.Resource | None: ...

    def get(self, resource: kinds.Resource, namespace: str, name: str) -> Object | None: ...

    def of_namespace(self, resource: kinds.Resource, namespace: str) -> Iterable[Object]: ...


def resource(declared: Object | None, source: Source) -> kinds.Resource | None:
    """The resource of a paramKind, None without one. Raises ConfigurationError."""
    if declared is None:
        return None
    found = source.kind(declared["apiVersion"], declared["kind"])
    if found is None:
        group, _, version = declared["apiVersion"].rpartition("/")
        shown = f"{group}/{version}, Kind={declared['kind']}"
        raise ConfigurationError(f"failed to find resource referenced by paramKind: '{shown}'")
    return found


def collect(
    of: kinds.Resource | None, ref: Object | None, namespace: str, source: Source
) -> list[Object] | tuple[None]:
    """What the policy is to be evaluated with, once for each; (None,) where it takes no parameters.

    namespace: of the request. Raises ConfigurationError.
    """
    if of is None or ref is None:
        return (None,)
    given = ref.get("namespace") or ""
    if of.namespaced:
        namespace = given or namespace
        if not namespace:
            raise ConfigurationError(_NEEDS_NAMESPACE)
    elif given:
        raise ConfigurationError(_HAS_NO_NAMESPACE)
    else:
        namespace = ""
    if name := ref.get("name"):
        one = source.get(of, namespace, name)
        found = [] if one is None else [one]
    else:
        wanted = ref.get("selector")
        found = [one for one in source.of_namespace(of, namespace) if selector.matches(wanted, _labels(one))]
        found.sort(key=lambda one: str(one["metadata"]["name"]))
    if not found and ref.get("parameterNotFoundAction") == "Deny":
        raise ConfigurationError(_NOT_FOUND)
    return found


def _labels(obj: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = obj["metadata"].get("labels") or {}
    return found
