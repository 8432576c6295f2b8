"""Compiled policies: as they are stored, compiled when they change."""

from collections.abc import Iterable
from typing import Any

from apiserver_stub.admission.policies.repository import Policies


class View:
    off: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.tables: dict[str, list[Any]] = {"validatingadmissionpolicies": [], "validatingadmissionpolicybindings": []}
        self.asked: list[str] = []

    def get(self, group: str, plural: str, namespace: str, name: str) -> Any:
        raise AssertionError

    def list(self, group: str, plural: str) -> Iterable[Any]:
        self.asked.append(plural)
        return self.tables[plural]


class Compiled:
    made: list[str] = []  # noqa: RUF012 - a diary of the tests

    def __init__(self, stored: Any) -> None:
        self.name = stored["metadata"]["name"]
        self.spec = stored["spec"]
        self.ignores_errors = False
        Compiled.made.append(self.name)


def obj(name: str, version: str, **spec: str) -> Any:
    return {"metadata": {"name": name, "uid": f"u-{name}", "resourceVersion": version}, "spec": spec}


def test_policies_follow_what_is_stored() -> None:
    Compiled.made.clear()
    view = View()
    found = Policies(view, "validatingadmissionpolicies", Compiled)
    assert found.current() == () and view.asked == ["validatingadmissionpolicybindings"], (
        "one look where there are none"
    )
    policies, bindings = view.tables.values()
    policies += [obj("b", "1"), obj("a", "2"), obj("unbound", "3")]
    bindings += [obj("y", "4", policyName="a"), obj("x", "5", policyName="a"), obj("z", "6", policyName="b")]
    shown = [(one.policy.name, [b["metadata"]["name"] for b in one.bindings]) for one in found.current()]
    assert shown == [("a", ["x", "y"]), ("b", ["z"])]
    assert found.current() is found.current()
    bindings.pop(0)
    assert len(found.current()) == 2 and Compiled.made == ["a", "b"], "bindings compile nothing"
    policies[1] = obj("a", "7")
    assert found.current()[0].policy.name == "a" and Compiled.made == ["a", "b", "a"]
    bindings.clear()
    assert found.current() == ()
