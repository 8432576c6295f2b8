"""The policies that are bound, compiled; as they are stored at this moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from apiserver_stub.registry import base

Object = Mapping[str, Any]

GROUP: Final = "admissionregistration.k8s.io"


class Compiled(Protocol):
    """What both kinds of policies have in common."""

    name: str
    spec: Object
    ignores_errors: bool


P = TypeVar("P", bound=Compiled)


@dataclass(frozen=True, slots=True)
class Bound(Generic[P]):
    """A policy and its bindings by name."""

    policy: P
    bindings: Sequence[Object]


class Policies(Generic[P]):
    """plural: of the policies; their bindings' is the singular with `bindings`."""

    def __init__(self, view: base.View, plural: str, compile: Callable[[Object], P]) -> None:
        self._view = view
        self._plural = plural
        self._bindings = plural.removesuffix("ies") + "ybindings"
        self._compile = compile
        # By uid: resourceVersion and the policy made of it.
        self._compiled: dict[str, tuple[str, P]] = {}
        self._key: tuple[tuple[str, str], ...] = ()
        self._bound: Sequence[Bound[P]] = ()

    def current(self) -> Sequence[Bound[P]]:
        """By the policies' names; policies without bindings do nothing."""
        bindings = list(self._view.list(GROUP, self._bindings))
        if not bindings:
            # Nothing else is paid where there are no policies.
            return ()
        policies = list(self._view.list(GROUP, self._plural))
        key = tuple(_version(obj) for obj in (*policies, *bindings))
        if key != self._key:
            self._bound = self._join(policies, bindings)
            self._key = key
        return self._bound

    def _join(self, policies: Sequence[Object], bindings: Sequence[Object]) -> list[Bound[P]]:
        by_policy: dict[str, list[Object]] = {}
        for binding in sorted(bindings, key=_name):
            by_policy.setdefault(binding["spec"]["policyName"], []).append(binding)
        found = []
        kept = {}
        for stored in sorted(policies, key=_name):
            bound = by_policy.get(_name(stored))
            if bound:
                uid, version = _version(stored)
                known = self._compiled.get(uid)
                if known is None or known[0] != version:
                    known = version, self._compile(stored)
                kept[uid] = known
                found.append(Bound(known[1], bound))
        self._compiled = kept
        return found


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _version(obj: Object) -> tuple[str, str]:
    meta = obj["metadata"]
    return meta["uid"], meta["resourceVersion"]
