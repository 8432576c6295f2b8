"""Names of definitions: what is accepted, what is in use, when a definition is established."""

from typing import Any

import pytest

from apiserver_stub.registry.apiextensions import approval, conditions, naming

Object = dict[str, Any]
NOW = "2026-01-01T00:00:00Z"
WANTED = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["w"]}


def crd(names: Object | None = None, **status: Any) -> Object:
    return {"metadata": {}, "spec": {"group": "a.b", "names": names or WANTED}, "status": dict(status)}


@pytest.mark.parametrize(
    ("used", "reason", "message", "accepted"),
    [
        ({}, "NoConflicts", "no conflicts found", WANTED),
        ({"plural": "widgets"}, "PluralConflict", '"widgets" is already in use', WANTED | {"plural": ""}),
        ({"shortNames": ["w"]}, "ShortNamesConflict", '"w" is already in use', {**WANTED, "shortNames": None}),
        (
            {"kind": "Widget", "listKind": "WidgetList"},
            "ListKindConflict",
            '"WidgetList" is already in use',
            {**WANTED, "kind": "", "listKind": None},
        ),
        ({"kind": "WidgetList"}, "ListKindConflict", '"WidgetList" is already in use', {**WANTED, "listKind": None}),
    ],
)
def test_conflicts(used: Object, reason: str, message: str, accepted: Object) -> None:
    found = crd()
    assert naming.decide(found, naming.taken([used]), NOW)
    condition = conditions.find(found["status"], "NamesAccepted")
    assert condition and (condition["reason"], condition["message"]) == (reason, message)
    assert found["status"]["acceptedNames"] == {name: value for name, value in accepted.items() if value is not None}
    established = conditions.find(found["status"], "Established")
    assert established and established["reason"] == ("Installing" if reason == "NoConflicts" else "NotAccepted")
    assert not naming.decide(found, naming.taken([used]), "later"), "nothing more to do"


def test_own_names_are_no_conflict() -> None:
    found = crd(acceptedNames=dict(WANTED))
    naming.decide(found, naming.taken([WANTED]), NOW)
    assert conditions.is_true(found["status"], "NamesAccepted")


def test_established_stays() -> None:
    """Later names that are in use don't take back what is served."""
    found = crd()
    naming.decide(found, naming.taken([]), NOW)
    assert naming.establish(found, NOW)
    assert not naming.establish(found, NOW)
    found["spec"]["names"] = WANTED | {"singular": "thing"}
    assert naming.decide(found, naming.taken([{"singular": "thing"}]), NOW)
    assert not conditions.is_true(found["status"], "NamesAccepted")
    assert conditions.is_true(found["status"], "Established")
    assert found["status"]["acceptedNames"]["singular"] == "widget"


def test_condition_keeps_its_time_until_its_status_changes() -> None:
    status: Object = {}
    assert conditions.put(status, "X", "False", "A", "a", "1")
    assert not conditions.put(status, "X", "False", "A", "a", "2")
    assert conditions.put(status, "X", "False", "B", "b", "3")
    assert status["conditions"][0]["lastTransitionTime"] == "1"
    assert conditions.put(status, "X", "True", "B", "b", "4")
    assert status["conditions"][0]["lastTransitionTime"] == "4"


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (None, ("False", "MissingAnnotation")),
        ("https://github.com/kubernetes/kubernetes/pull/1", ("True", "ApprovedAnnotation")),
        ("unapproved, trying", ("False", "UnapprovedAnnotation")),
        ("yes", ("False", "InvalidAnnotation")),
    ],
)
def test_approval(value: str | None, state: tuple[str, str]) -> None:
    assert approval.judge({} if value is None else {"api-approved.kubernetes.io": value})[:2] == state


@pytest.mark.parametrize(
    ("group", "protected"),
    [("k8s.io", True), ("a.k8s.io", True), ("x.kubernetes.io", True), ("notk8s.io", False), ("a.b", False)],
)
def test_protected_groups(group: str, protected: bool) -> None:
    assert approval.is_protected(group) is protected
