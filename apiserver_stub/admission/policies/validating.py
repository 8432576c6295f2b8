"""ValidatingAdmissionPolicy: the plug-in that refuses, warns and tells the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.policies import dispatch, matching
from apiserver_stub.admission.policies.dispatch import Call, Problem, Request
from apiserver_stub.admission.policies.repository import Bound, Policies
from apiserver_stub.admission.policies.world import World
from apiserver_stub.auth.authenticate import SYSTEM
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

if TYPE_CHECKING:
    from apiserver_stub.admission.policies.validation import Denial, Policy

Object = Mapping[str, Any]

_FAILURE: Final = "validation.policy.admission.k8s.io/validation_failure"
_CODES: Final = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
# Bytes of one value in the audit log.
_MAX_ANNOTATION: Final = 10 * 1024


def _compile(stored: Object) -> Policy:
    from apiserver_stub.admission.policies import validation

    return validation.Policy(stored)


class ValidatingAdmissionPolicy:
    """See the Kubernetes page "Validating Admission Policy"."""

    def __init__(self, view: base.View, authorizer: Authorizer, world: World) -> None:
        self._view = view
        self._authorizer = authorizer
        self._world = world
        self._policies: Policies[Policy] = Policies(view, "validatingadmissionpolicies", _compile)

    def handles(self, resource: kinds.Resource) -> bool:
        return not matching.is_excluded(resource.group, resource.version, resource.name)

    def validate(self, a: Attributes) -> None:
        """Raises StatusError (403, 413, 422). What the server itself writes is nobody's policy's business."""
        bound = self._policies.current()
        if bound and a.user is not SYSTEM:
            _judge(Request(a, self._view, self._authorizer, self._world), bound)


def _judge(request: Request, bound: Sequence[Bound[Policy]]) -> None:
    a = request.attributes
    refused: list[tuple[Policy, Object | None, Denial]] = []
    notes: dict[str, list[str]] = {}
    for found in request.calls(bound):
        if isinstance(found, Problem):
            if not found.policy.ignores_errors:
                refused.append((found.policy, found.binding, _denial(found.message)))
        else:
            refused += [(found.policy, found.binding, denial) for denial in _ask(request, found, notes)]
    for key, values in notes.items():
        a.annotations.setdefault(key, ", ".join(dict.fromkeys(values)))
    if refused:
        error = _refusal(a, *refused[0])
        error.warnings += a.warnings
        raise error


def _denial(message: str) -> Denial:
    from apiserver_stub.admission.policies.validation import Denial

    return Denial(0, message)


def _ask(request: Request, call: Call[Policy], notes: dict[str, list[str]]) -> list[Denial]:
    """What a policy refuses, by the actions of its binding. notes: what it adds to the audit log."""
    a, name, binding = request.attributes, call.policy.name, call.binding
    verdict = call.policy.judge(request.scope(call))
    actions = binding["spec"].get("validationActions") or ()
    for denial in verdict.denials:
        if "Warn" in actions:
            shown = f"ValidatingAdmissionPolicy '{name}' with binding '{binding['metadata']['name']}'"
            a.warnings.append(f"Validation failed for {shown}: {denial.message}")
        if "Audit" in actions:
            a.annotations.setdefault(_FAILURE, _failure(name, binding, denial))
    for key, value in verdict.annotations:
        text = value.encode()[:_MAX_ANNOTATION].decode(errors="ignore")
        notes.setdefault(f"{name}/{key}", []).append(text)
    out = list(verdict.denials) if "Deny" in actions else []
    return out + [_denial(fault) for fault in verdict.faults]


def _failure(policy: str, binding: Object, denial: Denial) -> str:
    value = {
        "message": denial.message,
        "policy": policy,
        "binding": binding["metadata"]["name"],
        "expressionIndex": denial.index,
        "validationActions": binding["spec"]["validationActions"],
    }
    return orjson.dumps([value]).decode()


def _refusal(a: Attributes, policy: Policy, binding: Object | None, denial: Denial) -> status.StatusError:
    with_binding = f" with binding '{binding['metadata']['name']}'" if binding is not None else ""
    message = f"ValidatingAdmissionPolicy '{policy.name}'{with_binding} denied request: {denial.message}"
    error = status.forbidden(a.resource, dispatch.name_of(a), message, [{"message": message}])
    error.code = error.body["code"] = _CODES.get(denial.reason, 422)
    error.body["reason"] = denial.reason
    return error
