"""Which rules an aggregated ClusterRole gets."""

from typing import Any

import pytest

from operators.clusterrole import plan


def role(name: str, label: str, *verbs: str) -> dict[str, Any]:
    rules = [{"verbs": [verb], "apiGroups": [""], "resources": ["pods"]} for verb in verbs]
    return {"metadata": {"name": name, "labels": {"to": label}}, "rules": rules}


ROLES = [role("c", "view", "watch"), role("a", "view", "get", "list"), role("b", "edit", "get", "update")]


@pytest.mark.parametrize(
    ("selectors", "verbs"),
    [
        ([{"matchLabels": {"to": "view"}}], ["get", "list", "watch"]),
        ([{"matchLabels": {"to": "edit"}}, {"matchLabels": {"to": "view"}}], ["get", "update", "list", "watch"]),
        ([{"matchExpressions": [{"key": "to", "operator": "Exists"}]}], ["get", "list", "update", "watch"]),
        ([{"matchLabels": {"to": "nobody"}}], []),
        ([], []),
    ],
)
def test_rules(selectors: list[Any], verbs: list[str]) -> None:
    all_ = {
        "metadata": {"name": "all", "labels": {"to": "view"}},
        "aggregationRule": {"clusterRoleSelectors": selectors},
    }
    all_["rules"] = [{"verbs": ["own"]}]
    assert [rule["verbs"][0] for rule in plan.rules(all_, [*ROLES, all_])] == verbs
