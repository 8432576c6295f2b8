"""Match conditions: CEL expressions that all must hold for a webhook or policy to be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from apiserver_stub.admission import criteria, review
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth import rbac
from apiserver_stub.auth.authenticate import AUTHENTICATED, User
from apiserver_stub.auth.authorize import Authorizer

if TYPE_CHECKING:
    from apiserver_stub.schema import cel
    from apiserver_stub.schema.cel import authorizer as checks

Object = Mapping[str, Any]

# Cost units that the conditions of one webhook may spend on one request.
BUDGET: Final = 2_500_000
_OUT_OF_BUDGET: Final = "validation failed due to running out of cost budget, no further validation rules will be run"


class Undecided(Exception):
    """Some condition failed to run and none is false; the text is upstream's."""


class Conditions:
    """declared: matchConditions. Compiled when first asked for. params: whether they may speak of params."""

    def __init__(self, declared: Iterable[Object], *, params: bool = False) -> None:
        self._texts = [str(one.get("expression", "")).strip() for one in declared]
        self._params = params
        self._programs: list[cel.Program | None] | None = None

    def hold(self, variables: Mapping[str, Any]) -> bool:
        """Raises Undecided."""
        from apiserver_stub.schema import cel

        left, problems = BUDGET, []
        if self._programs is None:
            self._programs = [self._compiled(text) for text in self._texts]
        for text, program in zip(self._texts, self._programs, strict=True):
            if program is None:
                problems.append(f"expression '{text}' resulted in error: compilation failed")
                continue
            try:
                value, spent = program.evaluate(variables, min(left, cel.PER_CALL_LIMIT))
            except cel.CostError:
                raise Undecided(_OUT_OF_BUDGET) from None
            except cel.EvalError as problem:
                problems.append(f"expression '{text}' resulted in error: {problem}")
                continue
            left -= spent
            if value is False:
                return False
        if problems:
            raise Undecided(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
        return True

    def _compiled(self, text: str) -> cel.Program | None:
        """None for what this version no longer takes."""
        from apiserver_stub.registry.admissionregistration import environment
        from apiserver_stub.schema import cel

        known = environment.variables(params=self._params, authorizer=True, composed=None)
        try:
            return environment.compile(text, known)
        except cel.CompileError:
            return None


def variables(
    a: Attributes,
    authorizer: Authorizer,
    *,
    obj: Object | None,
    old: Object | None,
    request: Object | None = None,
    namespace: Object | None = None,
) -> dict[str, Any]:
    """What expressions may speak of, but for params. obj, old: the objects in the version that is asked about."""
    from apiserver_stub.schema.cel import authorizer as checks
    from apiserver_stub.schema.cel.values import Opaque

    def decide(wanted: checks.Request) -> tuple[bool, str, str]:
        return _decision(authorizer, a.user, wanted)

    resource = checks.Request(
        decide,
        group=a.resource.group,
        resource=a.resource.name,
        subresource=a.subresource,
        namespace=criteria.namespace_of(a),
        name=a.name,
    )
    return {
        "object": obj,
        "oldObject": old,
        "request": {"uid": "", **(request or review.request(a))},
        "namespaceObject": namespace,
        "authorizer": checks.authorizer(decide),
        "authorizer.requestResource": Opaque("kubernetes.authorization.ResourceCheck", resource),
    }


def _decision(authorizer: Authorizer, user: User, wanted: checks.Request) -> tuple[bool, str, str]:
    if wanted.service_account is not None:
        namespace, name = wanted.service_account
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
        user = User(f"system:serviceaccount:{namespace}:{name}", groups)
    asked = rbac.Attributes(
        wanted.verb,
        wanted.path,
        wanted.group,
        wanted.resource,
        wanted.subresource,
        wanted.namespace,
        wanted.name,
    )
    found = authorizer.decide(user, asked)
    return found.allowed, found.reason, ""
