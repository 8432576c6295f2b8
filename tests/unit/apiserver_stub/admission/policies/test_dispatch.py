"""Which policies a request has to pass, where objects are served in several versions."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.policies.dispatch import Call, Problem, Request
from apiserver_stub.admission.policies.repository import Bound
from apiserver_stub.admission.policies.world import World
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

OWN, OTHER = ("e.com", "v2", "ws"), ("e.com", "v1", "ws")


class Fake:
    def __init__(self, *, remotely: bool) -> None:
        self.remotely = remotely

    def equivalents(self, resource: kinds.Resource, subresource: str) -> list[tuple[str, str, str]]:
        return [OTHER]

    def registry(self, name: tuple[str, str, str]) -> Any:
        return SimpleNamespace(converts_remotely=self.remotely)


def found(version: str, *, remotely: bool = False, match: str = "Equivalent") -> list[Any]:
    resource = kinds.Resource("e.com", "v2", "ws", "W", "WList", "w", False, frozenset(), (), (), {}, "x", "v1")
    a = Attributes("CREATE", resource, "", "a", {"metadata": {"name": "a"}})
    rules = [{"apiGroups": ["e.com"], "apiVersions": [version], "operations": ["*"], "resources": ["ws"]}]
    spec = {"matchConstraints": {"matchPolicy": match, "resourceRules": rules}}
    policy: Any = SimpleNamespace(name="p", spec=spec, ignores_errors=False)
    request = Request(a, base.NoView(), cast(Authorizer, None), cast(World, Fake(remotely=remotely)))
    return list(request.calls([Bound(policy, [{"metadata": {"name": "b"}, "spec": {}}])]))


@pytest.mark.parametrize(
    ("version", "match", "expected"),
    [("v2", "Equivalent", [OWN]), ("v1", "Equivalent", [OTHER]), ("v1", "Exact", []), ("v3", "Equivalent", [])],
)
def test_the_version_that_a_policy_sees(version: str, match: str, expected: list[Any]) -> None:
    calls = found(version, match=match)
    assert all(isinstance(call, Call) for call in calls)
    assert [call.resource for call in calls] == expected


def test_what_only_a_webhook_can_convert_is_refused() -> None:
    assert [type(one) for one in found("v2", remotely=True)] == [Call]
    (problem,) = found("v1", remotely=True)
    assert isinstance(problem, Problem) and problem.binding is None
    assert problem.message.startswith("failed to configure policy: failed to convert object version: e.com/v1, Kind=W")
