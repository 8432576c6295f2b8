"""CEL's authorizer: checks of permissions in admission policies; who decides is given with the variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.values import Opaque

TABLE: Final = Table()
_PREFIX: Final = "kubernetes.authorization."


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; `decide` gives (allowed, reason, error)."""

    decide: Callable[[Request], tuple[bool, str, str]]
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    verb: str = ""
    service_account: tuple[str, str] | None = None
    field_selector: str = ""
    label_selector: str = ""


def authorizer(decide: Callable[[Request], tuple[bool, str, str]]) -> Opaque:
    """The value of the variable `authorizer`."""
    return Opaque(f"{_PREFIX}Authorizer", Request(decide))


def _with(kind: str, attribute: str) -> Callable[[Opaque, Any], Opaque]:
    return lambda value, given: Opaque(_PREFIX + kind, replace(value.value, **{attribute: given}))


def _service_account(value: Opaque, namespace: str, name: str) -> Opaque:
    return Opaque(f"{_PREFIX}Authorizer", replace(value.value, service_account=(namespace, name)))


def _check(value: Opaque, verb: str) -> Opaque:
    request = replace(value.value, verb=verb)
    return Opaque(f"{_PREFIX}Decision", request.decide(request))


def _declare() -> None:
    method = TABLE.method
    method("path", "Authorizer; string -> PathCheck", _with("PathCheck", "path"), "scalar")
    method("group", "Authorizer; string -> GroupCheck", _with("GroupCheck", "group"), "scalar")
    method("serviceAccount", "Authorizer; string; string -> Authorizer", _service_account, "scalar")
    method("resource", "GroupCheck; string -> ResourceCheck", _with("ResourceCheck", "resource"), "scalar")
    for name, attribute in (
        ("subresource", "subresource"),
        ("namespace", "namespace"),
        ("name", "name"),
        ("fieldSelector", "field_selector"),
        ("labelSelector", "label_selector"),
    ):
        method(name, "ResourceCheck; string -> ResourceCheck", _with("ResourceCheck", attribute), "scalar")
    method("check", "PathCheck; string -> Decision", _check, "check")
    method("check", "ResourceCheck; string -> Decision", _check, "check")
    method("allowed", "Decision -> bool", lambda decision: decision.value[0], "scalar")
    method("reason", "Decision -> string", lambda decision: decision.value[1], "scalar")
    method("error", "Decision -> string", lambda decision: decision.value[2], "scalar")
    method("errored", "Decision -> bool", lambda decision: bool(decision.value[2]), "scalar")


_declare()
