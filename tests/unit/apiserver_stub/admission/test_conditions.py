"""Match conditions: all must hold; what fails to run decides only where nothing is false."""

from typing import Any

import pytest

from apiserver_stub.admission import conditions
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth.authenticate import SYSTEM, User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.schema import kinds
from apiserver_stub.storage.memory import MemoryLog

Object = dict[str, Any]
POD = {"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}}


def variables(user: User = SYSTEM) -> Object:
    resource = kinds.builtin().get("", "v1", "pods")
    assert resource
    a = Attributes("CREATE", resource, "ns", "p", POD, user=user)
    return conditions.variables(a, Authorizer(MemoryLog()), obj=POD, old=None)


def hold(*texts: str, user: User = SYSTEM) -> bool:
    return conditions.Conditions([{"name": "c", "expression": text} for text in texts]).hold(variables(user))


@pytest.mark.parametrize(
    ("texts", "holds"),
    [
        (["true"], True),
        (["true", "false"], False),
        (["object.metadata.labels.a == 'b'", "oldObject == null"], True),
        (["request.operation == 'CREATE' && request.resource.resource == 'pods'"], True),
        (["request.kind.kind == 'Pod' && request.namespace == 'ns'"], True),
        (["!has(request.subResource)"], True),
        (["object.spec.none == 1", "false"], False),
        (["authorizer.group('').resource('pods').namespace('ns').check('create').allowed()"], True),
        (["authorizer.requestResource.check('create').allowed()"], True),
        (["authorizer.serviceAccount('ns', 'x').path('/metrics').check('get').allowed()"], False),
    ],
)
def test_conditions(texts: list[str], holds: bool) -> None:
    assert hold(*texts) is holds


def test_users_are_asked_about() -> None:
    assert not hold("authorizer.requestResource.check('create').allowed()", user=User("nobody"))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["object.none"], "expression 'object.none' resulted in error: no such key: none"),
        (
            ["object.a == 1", "true", "object.b == 1"],
            "[expression 'object.a == 1' resulted in error: no such key: a, "
            "expression 'object.b == 1' resulted in error: no such key: b]",
        ),
        (["no such thing"], "expression 'no such thing' resulted in error: compilation failed"),
    ],
)
def test_conditions_that_fail(texts: list[str], message: str) -> None:
    with pytest.raises(conditions.Undecided) as raised:
        hold(*texts)
    assert str(raised.value) == message


def test_the_budget() -> None:
    many = "[1,2,3,4,5,6,7,8,9,10]"
    text = f"{many}.all(a, {many}.all(b, {many}.all(c, {many}.all(d, {many}.all(e, {many}.all(f, f > 0))))))"
    with pytest.raises(conditions.Undecided, match="running out of cost budget"):
        hold(*[text] * 5)
