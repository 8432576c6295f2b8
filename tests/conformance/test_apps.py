"""Deployments and ReplicaSets with their operators; budgets and evictions. The test is the kubelet."""

import pytest

from tests.conformance.cluster import Object, Refused, Space, eventually
from tests.conformance.kinds import containers, template, workload
from tests.conformance.kubelet import Kubelet

CONTROLLERS = "replicationcontrollers"
DEPLOYMENTS, SETS, BUDGETS = "apps/v1/deployments", "apps/v1/replicasets", "policy/v1/poddisruptionbudgets"


def image(name: str) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": f"registry.example/{name}:1"}]}}}}


def revised(number: str) -> Object:
    return {"spec": {"template": {"metadata": {"annotations": {"revision": number}}}}}


def deploy(space: Space, name: str = "web", **spec: object) -> None:
    space.create(DEPLOYMENTS, {"metadata": {"name": name, "labels": {"app": "x"}}} | workload(**spec))


def available(space: Space, name: str, count: int) -> None:
    """Until the Deployment has that many, all of its newest template."""

    def done() -> bool:
        found = space.get(DEPLOYMENTS, name)
        status = found["status"]
        return (
            status.get("observedGeneration") == found["metadata"]["generation"]
            and status.get("availableReplicas", 0) == status.get("updatedReplicas", 0) == count
            and status.get("replicas", 0) == count
        )

    eventually(done, f"{count} available")


def test_life_of_a_deployment(space: Space, kubelet: Kubelet) -> None:
    with space.cluster.watch(space.path(DEPLOYMENTS), labelSelector="app=x") as watch:
        deploy(space, replicas=1)
        watch.until("ADDED", "web")
        available(space, "web", 1)
        space.patch(DEPLOYMENTS, "web", {"metadata": {"labels": {"test": "patched"}}, "spec": {"replicas": 2}})
        available(space, "web", 2)
        assert space.names(DEPLOYMENTS, labelSelector="test=patched") == ["web"]
        space.change(DEPLOYMENTS, "web", lambda found: found["spec"].update(replicas=3))
        available(space, "web", 3)
        patch = {
            "metadata": {"annotations": {"status": "patched"}},
            "status": {"readyReplicas": 0, "availableReplicas": 0},
        }
        space.patch(DEPLOYMENTS, "web", patch, subresource="status")
        assert space.get(DEPLOYMENTS, "web")["metadata"]["annotations"]["status"] == "patched"
        eventually(lambda: space.get(DEPLOYMENTS, "web")["status"].get("readyReplicas") == 3, "it is true again")
        space.delete(DEPLOYMENTS, labelSelector="test=patched")
        watch.until("DELETED", "web")
    eventually(lambda: not space.names("pods"), "no Pods are left")


def test_rolling_update(space: Space, kubelet: Kubelet) -> None:
    """A ReplicaSet that was there before is adopted and replaced."""
    space.create(SETS, {"metadata": {"name": "old", "labels": {"app": "x"}}} | workload(replicas=1))
    eventually(lambda: space.get(SETS, "old")["status"].get("readyReplicas") == 1, "the old Pod runs")
    body: Object = {"metadata": {"name": "web"}} | workload(replicas=1)
    body["spec"]["template"] = {"metadata": {"labels": {"app": "x"}}} | image("new")["spec"]["template"]
    space.create(DEPLOYMENTS, body)
    available(space, "web", 1)

    def sizes() -> list[int]:
        found = {item["metadata"]["name"]: item["spec"]["replicas"] for item in space.items(SETS)}
        return [found.pop("old"), *found.values()]

    eventually(lambda: sizes() == [0, 1], "the old ReplicaSet is empty")
    eventually(lambda: len(space.names("pods")) == 1, "the old Pod is gone")


def test_old_sets_are_deleted(space: Space, kubelet: Kubelet) -> None:
    deploy(space, replicas=1, revisionHistoryLimit=0)
    available(space, "web", 1)
    (first,) = space.names(SETS)
    space.patch(DEPLOYMENTS, "web", revised("2"))
    available(space, "web", 1)
    eventually(lambda: first not in space.names(SETS), "the old ReplicaSet is gone")
    assert len(space.names(SETS)) == 1


def test_proportional_scaling(space: Space, kubelet: Kubelet) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    deploy(space, replicas=10, strategy=strategy)
    available(space, "web", 10)
    (first,) = space.names(SETS)
    kubelet.paused = True
    space.patch(DEPLOYMENTS, "web", revised("2"))

    def sizes() -> tuple[int, int]:
        found = {item["metadata"]["name"]: item["spec"]["replicas"] for item in space.items(SETS)}
        return found.pop(first), sum(found.values())

    eventually(lambda: sizes() == (8, 5), "the rollout waits")
    space.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 30}})
    eventually(lambda: sizes() == (20, 13), "both sizes grow in proportion")


def test_scale_of_a_deployment(space: Space, kubelet: Kubelet) -> None:
    deploy(space, replicas=1)
    available(space, "web", 1)
    scale = space.path(DEPLOYMENTS, "web", "scale")
    assert space.cluster.get(scale)["spec"]["replicas"] == 1
    space.cluster.change(scale, lambda found: found["spec"].update(replicas=2))
    available(space, "web", 2)
    eventually(lambda: space.cluster.get(scale)["status"]["replicas"] == 2, "the Scale says so")
    space.cluster.patch(scale, {"spec": {"replicas": 4}})
    available(space, "web", 4)


def ready(space: Space, name: str, count: int) -> None:
    eventually(lambda: space.get(SETS, name)["status"].get("readyReplicas", 0) == count, f"{count} are ready")


def test_replicaset_is_replaced_and_patched(space: Space, kubelet: Kubelet) -> None:
    space.create(SETS, {"metadata": {"name": "rs"}} | workload(replicas=1))
    ready(space, "rs", 1)
    space.change(SETS, "rs", lambda found: found["spec"].update(replicas=2))
    ready(space, "rs", 2)
    space.patch(SETS, "rs", {"metadata": {"labels": {"test": "patched"}}, "spec": {"replicas": 3}})
    ready(space, "rs", 3)
    assert space.names(SETS, labelSelector="test=patched") == ["rs"]


def test_scale_of_a_replicaset(space: Space, kubelet: Kubelet) -> None:
    space.create(SETS, {"metadata": {"name": "rs"}} | workload(replicas=1))
    ready(space, "rs", 1)
    scale = space.path(SETS, "rs", "scale")
    space.cluster.change(scale, lambda found: found["spec"].update(replicas=2))
    ready(space, "rs", 2)
    space.cluster.patch(scale, {"spec": {"replicas": 4}})
    ready(space, "rs", 4)
    assert space.cluster.get(scale)["status"]["replicas"] == 4


def owners(space: Space, pod: str) -> list[str]:
    return [owner["name"] for owner in space.get("pods", pod)["metadata"].get("ownerReferences", ())]


def test_replicaset_adopts_and_releases(space: Space, kubelet: Kubelet) -> None:
    space.create("pods", {"metadata": {"name": "orphan", "labels": {"app": "x"}}, "spec": containers()})
    space.create(SETS, {"metadata": {"name": "rs"}} | workload(replicas=1))
    eventually(lambda: owners(space, "orphan") == ["rs"], "it is adopted")
    assert space.names("pods") == ["orphan"]
    space.patch("pods", "orphan", {"metadata": {"labels": {"app": "not-x"}}})
    eventually(lambda: owners(space, "orphan") == [], "it is released")
    eventually(lambda: len(space.names("pods")) == 2, "another takes its place")


def evict(space: Space, pod: str) -> None:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    space.cluster.create(space.path("pods", pod, "eviction"), eviction)


def allows(space: Space, count: int) -> None:
    def said() -> bool:
        budget = space.get(BUDGETS, "budget")
        status = budget.get("status") or {}
        is_new = status.get("observedGeneration") == budget["metadata"]["generation"]
        return is_new and status["disruptionsAllowed"] == count

    eventually(said, f"{count} may go")


def test_evictions_wait_for_the_budget(space: Space, kubelet: Kubelet) -> None:
    space.create("pods", {"metadata": {"name": "pod", "labels": {"app": "x"}}, "spec": containers()})
    eventually(lambda: space.get("pods", "pod")["status"]["phase"] == "Running", "it runs")
    budget = {"metadata": {"name": "budget"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}}
    space.create(BUDGETS, budget)
    allows(space, 0)
    with pytest.raises(Refused) as refused:
        evict(space, "pod")
    assert refused.value.code == 429
    assert "would violate the pod's disruption budget" in refused.value.status["message"]
    space.patch(BUDGETS, "budget", {"spec": {"minAvailable": 0}})
    allows(space, 1)
    evict(space, "pod")
    space.cluster.gone(space.path("pods", "pod"))


def test_status_of_budgets(space: Space, kubelet: Kubelet) -> None:
    space.create(SETS, {"metadata": {"name": "rs"}} | workload(replicas=3))
    ready(space, "rs", 3)
    budget = {"metadata": {"name": "budget"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "x"}}}}
    space.create(BUDGETS, budget)
    allows(space, 1)
    space.patch(BUDGETS, "budget", {"spec": {"minAvailable": None, "maxUnavailable": "70%"}})
    allows(space, 3)


def replication_controller(replicas: int) -> Object:
    spec = {"replicas": replicas, "selector": {"app": "x"}, "template": template(app="x")}
    return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "rc"}, "spec": spec}


def test_replication_controllers_adopt(space: Space, kubelet: Kubelet) -> None:
    space.create("pods", {"metadata": {"name": "orphan", "labels": {"app": "x"}}, "spec": containers()})
    space.create(CONTROLLERS, replication_controller(1))
    eventually(lambda: owners(space, "orphan") == ["rc"], "it is adopted")
    assert space.names("pods") == ["orphan"]


def test_replication_controllers_say_why(space: Space, kubelet: Kubelet) -> None:
    space.create("resourcequotas", {"metadata": {"name": "quota"}, "spec": {"hard": {"pods": "2"}}})
    eventually(lambda: "pods" in (space.get("resourcequotas", "quota").get("status") or {}).get("hard", {}), "counted")
    space.create(CONTROLLERS, replication_controller(3))

    def failures() -> list[Object]:
        return (space.get(CONTROLLERS, "rc").get("status") or {}).get("conditions") or []

    eventually(lambda: [each["type"] for each in failures()] == ["ReplicaFailure"], "it says that it fails")
    assert "exceeded quota" in failures()[0]["message"]
    space.patch(CONTROLLERS, "rc", {"spec": {"replicas": 2}})
    eventually(lambda: not failures(), "nothing fails any more")
