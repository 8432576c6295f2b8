"""The ClusterRole operator's reconcile on a fake API server."""

from typing import Any

from operators._kube import meta
from operators.clusterrole import operator
from tests.fakes.kube import FakeKube

API = "rbac.authorization.k8s.io/v1"
RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}


def cluster() -> FakeKube:
    kube = FakeKube("clusterrole")
    selectors = [{"matchLabels": {"to": "view"}}]
    add(kube, "view", {}, aggregationRule={"clusterRoleSelectors": selectors})
    add(kube, "part", {"to": "view"}, rules=[RULE])
    return kube


def add(kube: FakeKube, name: str, labels: dict[str, str], **content: Any) -> None:
    kube.add(API, "clusterroles", {"metadata": {"name": name, "labels": labels}, **content})


async def test_rules_are_gathered_once() -> None:
    kube = cluster()
    view = meta.Key("", "view")
    await operator.reconcile(view, kube, kube.now)
    assert kube.one(API, "clusterroles", view)["rules"] == [RULE]
    kube.forget()
    await operator.reconcile(view, kube, kube.now)
    await operator.reconcile(meta.Key("", "part"), kube, kube.now)
    await operator.reconcile(meta.Key("", "gone"), kube, kube.now)
    assert kube.writes == []


async def test_what_is_taken_away_goes() -> None:
    kube = cluster()
    view = meta.Key("", "view")
    await operator.reconcile(view, kube, kube.now)
    kube.remove(API, "clusterroles", meta.Key("", "part"))
    await operator.reconcile(view, kube, kube.now)
    assert kube.one(API, "clusterroles", view)["rules"] == []


def test_any_role_may_concern_those_that_gather() -> None:
    kube = cluster()
    part = kube.one(API, "clusterroles", meta.Key("", "part"))
    assert list(operator.gatherers(part, kube)) == [meta.Key("", "view")]
