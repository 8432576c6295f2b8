"""Which policies, with which parameters, a request has to pass; and what expressions see of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from apiserver_stub.admission import conditions, criteria, review
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.criteria import ResourceName
from apiserver_stub.admission.policies import matching, parameters
from apiserver_stub.admission.policies.repository import Bound, P
from apiserver_stub.admission.policies.world import World
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.meta import status
from apiserver_stub.registry import base

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[P]):
    """A policy that is to be asked. resource: in whose terms; params: one of the binding's, None without any."""

    policy: P
    binding: Object
    resource: ResourceName
    params: Object | None


@dataclass(frozen=True, slots=True)
class Problem(Generic[P]):
    """Why a policy can't be asked, or failed; binding: None if it is the policy's own fault."""

    policy: P
    binding: Object | None
    message: str
    reason: str = ""


class Request:
    """One request as policies see it."""

    def __init__(self, a: Attributes, view: base.View, authorizer: Authorizer, world: World) -> None:
        self.attributes = a
        self._view = view
        self._authorizer = authorizer
        self._world = world
        self._scopes: dict[ResourceName, dict[str, Any]] = {}

    def calls(self, bound: Sequence[Bound[P]]) -> Iterator[Call[P] | Problem[P]]:
        for one in bound:
            yield from self._of_policy(one)

    def _of_policy(self, bound: Bound[P]) -> Iterator[Call[P] | Problem[P]]:
        policy = bound.policy
        namespace = criteria.namespace_of(self.attributes)
        try:
            resource = self._matched(policy.spec.get("matchConstraints"))
            if resource is None:
                return
            self._check_form(resource)
            kind = parameters.resource(policy.spec.get("paramKind"), self._world)
        except (status.StatusError, parameters.ConfigurationError) as problem:
            yield Problem(policy, None, f"failed to configure policy: {_text(problem)}")
            return
        for binding in bound.bindings:
            spec = binding["spec"]
            try:
                if self._matched(spec.get("matchResources")) is None:
                    continue
                found = parameters.collect(kind, spec.get("paramRef"), namespace, self._world)
            except (status.StatusError, parameters.ConfigurationError) as problem:
                yield Problem(policy, binding, f"failed to configure binding: {_text(problem)}")
                continue
            for params in found:
                yield Call(policy, binding, resource, params)

    def _matched(self, declared: Object | None) -> ResourceName | None:
        a = self.attributes
        return matching.matched(declared, a, self._view, lambda: self._world.equivalents(a.resource, a.subresource))

    def scope(self, call: Call[P]) -> dict[str, Any]:
        """The variables of the policy's expressions. Raises StatusError (404) without the request's namespace."""
        found = self._scopes.get(call.resource)
        if found is None:
            found = self._scopes[call.resource] = self._scope(call.resource)
        return {**found, "params": call.params} if call.policy.spec.get("paramKind") is not None else found

    def _scope(self, resource: ResourceName) -> dict[str, Any]:
        a = self.attributes
        own = criteria.name_of(a)
        obj, old, kind = a.obj, a.old, None
        if self._is_foreign(resource):
            obj, old = (None if one is None else self._world.converted(one, own, resource) for one in (obj, old))
            kind = resource[0], resource[1], a.resource.kind
        request = review.request(a, resource, kind)
        return conditions.variables(
            a, self._authorizer, obj=obj, old=old, request=request, namespace=self._namespace(a)
        )

    def put(self, obj: dict[str, Any], resource: ResourceName) -> None:
        """Takes over what became of the object, in the terms of a resource. Changes the request's object in place."""
        a = self.attributes
        assert a.obj is not None
        own = criteria.name_of(a)
        if self._is_foreign(resource):
            obj = self._world.converted(obj, resource, own)
        a.obj.clear()
        a.obj.update(obj)
        self._scopes.clear()

    def _check_form(self, resource: ResourceName) -> None:
        """Raises ConfigurationError where the objects' form in other versions is known to a webhook only."""
        if self._is_foreign(resource) and self._world.registry(resource).converts_remotely:
            shown = f"{resource[0]}/{resource[1]}, Kind={self.attributes.resource.kind}"
            raise parameters.ConfigurationError(f"failed to convert object version: {shown} is made by a webhook")

    def _is_foreign(self, resource: ResourceName) -> bool:
        """Whether the objects have another form there; those of subresources have but one."""
        a = self.attributes
        own_kind = a.resource.group, a.resource.version, a.resource.kind
        return resource != criteria.name_of(a) and a.kind == own_kind

    def _namespace(self, a: Attributes) -> Any:
        """What `namespaceObject` holds: None for what is in no namespace, and for Namespaces themselves."""
        from apiserver_stub.registry.admissionregistration import environment
        from apiserver_stub.schema.cel import values

        if not a.namespace or criteria.name_of(a) == criteria.NAMESPACES:
            return None
        found = self._view.get("", "namespaces", "", a.namespace)
        if found is None:
            raise status.not_found(("", "namespaces"), a.namespace)
        kind = environment.variables(params=False, authorizer=False, composed=None)["namespaceObject"]
        return values.adapter(kind)(found)


def _text(problem: Exception) -> str:
    return problem.message if isinstance(problem, status.StatusError) else str(problem)


def name_of(a: Attributes) -> str:
    """How messages call the object of a request."""
    if a.name or a.obj is None:
        return a.name or "Unknown"
    meta = a.obj.get("metadata") or {}
    return meta.get("name") or meta.get("generateName") or "Unknown"
