"""Roles and bindings: nobody may grant what he does not have, unless he may `escalate` or `bind`.

Upstream does this in the storage of these kinds, after admission has changed the object. See the Kubernetes page
"Using RBAC Authorization", "Privilege escalation prevention and bootstrapping".
"""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth import escalation, rbac
from apiserver_stub.auth.authenticate import MASTERS
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.rbac import GROUP, Rule
from apiserver_stub.meta import status
from apiserver_stub.schema import kinds

Object = dict[str, Any]

_ROLES: Final = ("roles", "clusterroles")
_BINDINGS: Final = ("rolebindings", "clusterrolebindings")
_AGGREGATION: Final = "must have cluster-admin privileges to use the aggregationRule"
# What the garbage collector may change of what it has no rights to.
_COLLECTED: Final = frozenset({"ownerReferences", "finalizers", "managedFields", "resourceVersion"})


class RoleEscalation:
    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def handles(self, resource: kinds.Resource) -> bool:
        return resource.group == GROUP and resource.name in (*_ROLES, *_BINDINGS)

    def admit(self, a: Attributes) -> None:
        """Raises StatusError (403, 404)."""
        if a.obj is None or MASTERS in a.user.groups or (a.old is not None and _is_collecting(a.obj, a.old)):
            return
        if a.resource.name in _ROLES:
            self._role(a, a.obj)
        else:
            self._binding(a, a.obj)

    def _role(self, a: Attributes, obj: Object) -> None:
        name = a.name if a.old is not None else ""
        if self._may(a, "escalate", a.resource.name, a.namespace, name):
            return
        self._confirm(a, [Rule.of(rule) for rule in obj.get("rules") or ()])
        aggregation = obj.get("aggregationRule")
        if aggregation and aggregation != (a.old or {}).get("aggregationRule"):
            own, _ = self._authorizer.policies.rules(a.user, a.namespace)
            if escalation.missing(own, escalation.FULL_AUTHORITY):
                raise status.forbidden(a.resource, a.name, _AGGREGATION)

    def _binding(self, a: Attributes, obj: Object) -> None:
        role = obj.get("roleRef") or {}
        resource = "roles" if role.get("kind") == "Role" else "clusterroles"
        name, namespace = role.get("name", ""), a.namespace
        if self._may(a, "bind", resource, namespace, name):
            return
        rules = self._authorizer.policies.role_rules(namespace if resource == "roles" else "", name)
        if rules is None:
            raise status.not_found((GROUP, resource), name)
        self._confirm(a, rules)

    def _confirm(self, a: Attributes, rules: list[Rule] | tuple[Rule, ...]) -> None:
        own, problem = self._authorizer.policies.rules(a.user, a.namespace)
        if missing := escalation.missing(own, rules):
            raise status.forbidden(a.resource, a.name, escalation.message(a.user, missing, problem))

    def _may(self, a: Attributes, verb: str, resource: str, namespace: str, name: str) -> bool:
        wanted = rbac.Attributes(verb, "", GROUP, resource, "", namespace, name)
        return self._authorizer.decide(a.user, wanted).allowed


def _is_collecting(obj: Object, old: Object) -> bool:
    return _rest(obj) == _rest(old)


def _rest(obj: Object) -> Object:
    return obj | {"metadata": {name: value for name, value in obj["metadata"].items() if name not in _COLLECTED}}
