"""Whether a webhook is to be asked about a request, and in which version of the resource."""

from __future__ import annotations

from apiserver_stub.admission import conditions, criteria, review
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.webhooks import forms
from apiserver_stub.admission.webhooks.configurations import Hook
from apiserver_stub.admission.webhooks.forms import Forms, Served
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds


class Selection:
    """Chooses for one request after the other."""

    def __init__(self, view: base.View, served: Served, authorizer: Authorizer) -> None:
        self._view = view
        self._served = served
        self._authorizer = authorizer

    def may_match(self, hook: Hook, a: Attributes) -> bool:
        """Whether the rules alone let the webhook have a say."""
        return self._resource(hook, a) is not None

    async def choose(self, hook: Hook, a: Attributes, shown: Forms) -> kinds.Resource | None:
        """In terms of which resource the webhook is to be asked; None for not at all.

        Raises StatusError (403, 404, 500): a namespace that is missing counts only for a webhook that is meant.
        """
        missing = None
        try:
            if not criteria.selects_namespace(hook.namespace_selector, a, self._view):
                return None
        except status.StatusError as error:
            missing = error
        if not criteria.selects_object(hook.object_selector, a):
            return None
        resource = self._resource(hook, a)
        if resource is None:
            return None
        if missing is not None:
            raise missing
        if hook.conditions is not None and not await self._holds(hook, hook.conditions, a, resource, shown):
            return None
        return resource

    def _resource(self, hook: Hook, a: Attributes) -> kinds.Resource | None:
        own = criteria.name_of(a)
        if any(criteria.rule_matches(rule, own, a) for rule in hook.rules):
            return a.resource
        if not hook.equivalent:
            return None
        found = forms.others(self._served, a)
        for rule in hook.rules:
            for other in found:
                if criteria.rule_matches(rule, (other.group, other.version, other.name), a):
                    return other
        return None

    async def _holds(
        self, hook: Hook, wanted: conditions.Conditions, a: Attributes, resource: kinds.Resource, shown: Forms
    ) -> bool:
        known = conditions.variables(
            a,
            self._authorizer,
            obj=await shown.new(resource),
            old=await shown.old(resource),
            request=review.request(a, kind=kind_in(a, resource)),
        )
        try:
            return wanted.hold(known)
        except conditions.Undecided as problem:
            if hook.ignores_failures:
                return False
            raise status.forbidden(a.resource, a.name, str(problem)) from None


def kind_in(a: Attributes, resource: kinds.Resource) -> tuple[str, str, str]:
    """Group, version and kind of the request's object in terms of a resource."""
    part = resource.subresources.get(a.subresource)
    if part is not None and part.kind:
        return part.group, part.version, part.kind
    return resource.group, resource.version, resource.kind
