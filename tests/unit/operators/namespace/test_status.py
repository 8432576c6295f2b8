from collections import Counter
from datetime import UTC, datetime
from typing import Any

from operators.namespace import status

NOW, LATER = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC), datetime(2026, 1, 1, 13, 0, 0, tzinfo=UTC)
TYPES = [
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
]


def said(remains: status.Remains) -> dict[str, tuple[str, str, str]]:
    found = status.compute({"status": {"phase": "Terminating"}}, remains, NOW)
    assert [condition["type"] for condition in found["conditions"]] == TYPES
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found["conditions"]}


def test_all_is_well() -> None:
    assert said(status.Remains()) == {
        TYPES[0]: ("False", "ResourcesDiscovered", "All resources successfully discovered"),
        TYPES[1]: ("False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        TYPES[2]: ("False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
        TYPES[3]: ("False", "ContentRemoved", "All content successfully removed"),
        TYPES[4]: ("False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
    }


def test_what_remains() -> None:
    remains = status.Remains(
        objects=Counter({"pods.": 2, "deployments.apps": 1}), finalizers=Counter({"x.io/hold": 1, "a.io/b": 2})
    )
    found = said(remains)
    assert found[TYPES[3]] == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances",
    )
    assert found[TYPES[4]] == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: "
        "a.io/b in 2 resource instances, x.io/hold in 1 resource instances",
    )
    assert not remains.clean


def test_failures() -> None:
    found = said(status.Remains(errors=["no", "no", "never"], unknown=["m.io/v1: unavailable"]))
    assert found[TYPES[2]] == (
        "True",
        "ContentDeletionFailed",
        "Failed to delete all resource types, 3 remaining: [no, never]",
    )
    assert found[TYPES[0]][:2] == ("True", "DiscoveryFailed")
    assert found[TYPES[0]][2].startswith("Discovery failed for some groups, 1 failing: ")
    assert said(status.Remains(errors=["no"]))[TYPES[2]][2].endswith("1 remaining: no")


def test_the_same_again_changes_nothing() -> None:
    remains = status.Remains(objects=Counter({"pods.": 1}))
    namespace: dict[str, Any] = {"status": {"phase": "Terminating"}}
    namespace["status"] = status.compute(namespace, remains, NOW)
    assert status.compute(namespace, remains, LATER) == namespace["status"]
    fewer = status.compute(namespace, status.Remains(), LATER)
    moved = {c["type"] for c in fewer["conditions"] if c["lastTransitionTime"] == "2026-01-01T13:00:00Z"}
    assert moved == {"NamespaceContentRemaining"}
