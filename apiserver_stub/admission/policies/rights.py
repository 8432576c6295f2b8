"""Who makes a policy look at parameters must be allowed to read them himself: their content shows in its answers.

Upstream does this in the validation of these kinds. See KEP-3488, "Parameter resources".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.policies.parameters import Source
from apiserver_stub.admission.policies.repository import GROUP
from apiserver_stub.auth import rbac
from apiserver_stub.auth.authenticate import MASTERS, User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.meta import field, goformat, status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

Object = Mapping[str, Any]

_POLICIES: Final = ("validatingadmissionpolicies", "mutatingadmissionpolicies")
_BINDINGS: Final = ("validatingadmissionpolicybindings", "mutatingadmissionpolicybindings")


class ParameterRights:
    def __init__(self, view: base.View, authorizer: Authorizer, source: Source) -> None:
        self._view = view
        self._authorizer = authorizer
        self._source = source

    def handles(self, resource: kinds.Resource) -> bool:
        return resource.group == GROUP and resource.name in (*_POLICIES, *_BINDINGS)

    def validate(self, a: Attributes) -> None:
        """Raises StatusError (422)."""
        if a.obj is None or a.subresource or MASTERS in a.user.groups:
            return
        spec, old = a.obj["spec"], (a.old or {}).get("spec") or {}
        if a.resource.name in _POLICIES:
            kind = spec.get("paramKind")
            if kind is not None and kind != old.get("paramKind"):
                self._refuse(a, "spec.paramKind", self._policy_fault(a.user, kind))
        elif spec.get("paramRef") is not None and any(spec.get(k) != old.get(k) for k in ("paramRef", "policyName")):
            self._refuse(a, "spec.paramRef", self._binding_fault(a, spec["policyName"], spec["paramRef"]))

    def _refuse(self, a: Attributes, path: str, fault: str) -> None:
        assert a.obj is not None
        if fault:
            name = a.obj["metadata"].get("name", "")
            raise status.invalid(GROUP, a.resource.kind, name, [field.forbidden(path, fault)])

    def _policy_fault(self, user: User, kind: Object) -> str:
        group = kind["apiVersion"].rpartition("/")[0]
        found = self._source.kind(kind["apiVersion"], kind["kind"])
        wanted = rbac.Attributes("get", "", group, found.name if found else "*", "", "*", "*")
        if self._authorizer.decide(user, wanted).allowed:
            return ""
        shown = f"(kind={kind['kind']}, apiVersion={kind['apiVersion']})"
        return f'user {_go(user)} must have "get" permission on all objects of the referenced paramKind {shown}'

    def _binding_fault(self, a: Attributes, policy_name: str, ref: Object) -> str:
        policy = self._view.get(GROUP, a.resource.name.removesuffix("ybindings") + "ies", "", policy_name)
        kind = policy["spec"].get("paramKind") if policy is not None else None
        found = self._source.kind(kind["apiVersion"], kind["kind"]) if kind else None
        group = kind["apiVersion"].rpartition("/")[0] if kind else "*"
        name = ref.get("name") or ""
        verb = "get" if name else "list"
        wanted = rbac.Attributes(verb, "", group, found.name if found else "*", "", ref.get("namespace") or "", name)
        if self._authorizer.decide(a.user, wanted).allowed:
            return ""
        if a.resource.name.startswith("mutating"):
            # Upstream's mistake: the words are the other way round.
            return f'user {verb} does not have "{_go(a.user)}" permission on the object referenced by paramRef'
        everywhere = f'user {_go(a.user)} does not have "{verb}" permission for all groups, versions and resources'
        if policy is None:
            return f"unable to get policy {policy_name} to determine minimum required permissions and {everywhere}"
        if kind and found is None:
            shown = f"&{{{kind['apiVersion']} {kind['kind']}}}"
            return f"unable to resolve paramKind {shown} to determine minimum required permissions and {everywhere}"
        return f'user {_go(a.user)} does not have "{verb}" permission on the object referenced by paramRef'


def _go(user: User) -> str:
    """As Go prints the user."""
    extra = {key: list(values) for key, values in user.extra.items()}
    return f"&{{{user.name} {user.uid} {goformat.text(list(user.groups))} {goformat.text(extra)}}}"
