"""MutatingAdmissionPolicy: the plug-in that changes objects as policies say."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.policies import dispatch, matching
from apiserver_stub.admission.policies.dispatch import Call, Problem, Request
from apiserver_stub.admission.policies.repository import Policies
from apiserver_stub.admission.policies.world import World
from apiserver_stub.auth.authenticate import SYSTEM
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

if TYPE_CHECKING:
    from apiserver_stub.admission.policies.mutation import Policy

Object = dict[str, Any]

_NAME: Final = "MutatingAdmissionPolicy"


def _compile(stored: Mapping[str, Any]) -> Policy:
    from apiserver_stub.admission.policies import mutation

    return mutation.Policy(stored)


@dataclass(slots=True)
class _Rounds:
    """What is remembered for the second time round; see "Reinvocation policy" of the page on these policies.

    invoked: policies that may be asked again; due: those that are to be; output: the object as they left it.
    """

    invoked: set[tuple[str, ...]] = field(default_factory=set)
    due: set[tuple[str, ...]] = field(default_factory=set)
    output: Object | None = None

    def changed(self) -> None:
        self.due |= self.invoked
        self.invoked = set()


class MutatingAdmissionPolicy:
    """See the Kubernetes page "Mutating Admission Policy"."""

    def __init__(self, view: base.View, authorizer: Authorizer, world: World) -> None:
        self._view = view
        self._authorizer = authorizer
        self._world = world
        self._policies: Policies[Policy] = Policies(view, "mutatingadmissionpolicies", _compile)

    def handles(self, resource: kinds.Resource) -> bool:
        return not matching.is_excluded(resource.group, resource.version, resource.name)

    def admit(self, a: Attributes) -> None:
        """Changes a.obj in place. Raises StatusError (403). What the server itself writes is left alone."""
        bound = self._policies.current()
        if not bound or a.obj is None or a.user is SYSTEM:
            return
        request = Request(a, self._view, self._authorizer, self._world)
        found = list(request.calls(bound))
        problems = [one for one in found if isinstance(one, Problem)]
        calls = [one for one in found if isinstance(one, Call)]
        if calls:
            problems += _Mutating(request, self._world).run(calls)
        fatal = [problem for problem in problems if not problem.policy.ignores_errors]
        if fatal:
            raise _refusal(a, fatal)


class _Mutating:
    """One round of policies over one request."""

    def __init__(self, request: Request, world: World) -> None:
        self._request = request
        self._world = world
        self._rounds: _Rounds = request.attributes.memory.setdefault(_NAME, _Rounds())

    def run(self, calls: Sequence[Call[Policy]]) -> list[Problem[Policy]]:
        """What failed. Raises StatusError."""
        a, rounds = self._request.attributes, self._rounds
        if a.again and rounds.output != a.obj:
            rounds.changed()
        problems = []
        for call in calls:
            problems += self._call(call)
        if a.reinvoke:
            rounds.changed()
        rounds.output = copy.deepcopy(a.obj)
        return problems

    def _call(self, call: Call[Policy]) -> list[Problem[Policy]]:
        from apiserver_stub.admission.policies.mutation import Failed

        a, policy = self._request.attributes, call.policy
        scope = self._request.scope(call)
        try:
            if not policy.matches(scope):
                return []
        except Failed as problem:
            return [_failure(call, problem)]
        key = _key(call)
        if a.again and key not in self._rounds.due:
            return []
        problems = []
        before = obj = scope["object"]
        target = self._world.target(a, call.resource)
        for mutation in policy.mutations:
            try:
                obj = target.renewed(policy.mutate(mutation, obj, {**scope, "object": obj}, target.shape))
            except Failed as problem:
                problems.append(_failure(call, problem))
            except status.StatusError as error:
                problems.append(Problem(policy, call.binding, error.message, "Invalid"))
        if obj != before:
            self._request.put(obj, call.resource)
            a.reinvoke = True
            self._rounds.changed()
        if policy.is_reinvocable:
            self._rounds.invoked.add(key)
        return problems


def _failure(call: Call[Policy], problem: Exception) -> Problem[Policy]:
    return Problem(call.policy, call.binding, str(problem), "Invalid")


def _key(call: Call[Policy]) -> tuple[str, ...]:
    meta = (call.params or {}).get("metadata") or {}
    return call.policy.name, call.binding["metadata"]["name"], meta.get("namespace", ""), meta.get("name", "")


def _message(problem: Problem[Policy]) -> str:
    if problem.binding is None:
        return f'policy "{problem.policy.name}" denied request: {problem.message}'
    binding = problem.binding["metadata"]["name"]
    return f"policy '{problem.policy.name}' with binding '{binding}' denied request: {problem.message}"


def _refusal(a: Attributes, problems: Sequence[Problem[Policy]]) -> status.StatusError:
    causes = [{"message": _message(problem)} for problem in problems]
    error = status.forbidden(a.resource, dispatch.name_of(a), "", causes)
    error.body["message"] = causes[0]["message"]
    error.body["reason"] = problems[0].reason or "Forbidden"
    error.warnings += a.warnings
    return error
