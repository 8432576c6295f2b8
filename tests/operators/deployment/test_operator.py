"""The Deployment's reconcile on a fake API server, with ReplicaSets played by the test."""

from __future__ import annotations

from typing import Any

import pytest

from operators._kube import conditions, meta
from operators._kube.errors import ApiError, Terminal
from operators.deployment import operator, sets, template
from tests.fakes.kube import FakeKube

Obj = dict[str, Any]
KEY = meta.Key("ns", "web")


def manifest(replicas: int = 3, image: str = "img:1", **spec: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "ns"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            **spec,
        },
    }


class World:
    """A cluster with one Deployment; `run` reconciles until nothing is written, with ReplicaSets that obey at once."""

    def __init__(self, **options: Any) -> None:
        self.kube = FakeKube("deployment")
        self.kube.add("apps/v1", "deployments", manifest(**options))

    @property
    def deployment(self) -> Obj:
        return self.kube.one("apps/v1", "deployments", KEY)

    @property
    def sizes(self) -> dict[str, int]:
        """Image -> spec.replicas."""
        return {image(rs): sets.size(rs) for rs in self.kube.all("apps/v1", "replicasets")}

    def edit(self, **spec: Any) -> None:
        self.kube.edit("apps/v1", "deployments", KEY, {"spec": spec})

    def set_image(self, name: str) -> None:
        pods = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": name}]}}
        self.edit(template=pods)

    async def once(self) -> float | None:
        return (await operator.reconcile(KEY, self.kube, self.kube.now)).requeue_after

    def pods(self, *, ready: bool = True, only: str | None = None) -> None:
        """Every ReplicaSet has the Pods it was asked for."""
        for rs in self.kube.all("apps/v1", "replicasets"):
            if only in (None, image(rs)):
                count = sets.size(rs)
                status = {
                    "replicas": count,
                    "observedGeneration": rs["metadata"]["generation"],
                    "terminatingReplicas": 0,
                }
                able = count if ready else 0
                status |= {"readyReplicas": able, "availableReplicas": able}
                self.kube.edit("apps/v1", "replicasets", meta.key_of(rs), {"status": status})

    async def run(self) -> None:
        for _ in range(50):
            before = self.kube.server.version
            await self.once()
            self.pods()
            self.kube.tick(2)
            if self.kube.server.version == before:
                return
        raise AssertionError("it never came to rest")


def image(rs: Obj) -> str:
    return str(rs["spec"]["template"]["spec"]["containers"][0]["image"])


def reason(deployment: Obj, type_: str = "Progressing") -> str | None:
    return (conditions.get(conditions.of(deployment), type_) or {}).get("reason")


async def test_the_first_round() -> None:
    world = World()
    assert await world.once() == 601.0
    assert world.kube.writes == ["POST replicasets", "PATCH deployments/web/status"]
    assert world.kube.events == [("Normal", "ScalingReplicaSet", f"Scaled up replica set {name(world)} from 0 to 3")]
    created = world.kube.all("apps/v1", "replicasets")[0]
    assert meta.is_controlled_by(created, world.deployment)
    assert created["metadata"]["labels"][template.HASH_LABEL] == name(world).removeprefix("web-")
    assert world.deployment["metadata"]["annotations"] == {sets.REVISION: "1"}
    assert world.deployment["metadata"]["generation"] == 1
    assert reason(world.deployment) == "NewReplicaSetCreated"


def name(world: World) -> str:
    return str(world.kube.all("apps/v1", "replicasets")[0]["metadata"]["name"])


async def test_a_settled_deployment_writes_nothing() -> None:
    world = World()
    await world.run()
    world.kube.forget()
    for _ in range(3):
        assert await world.once() is None
        world.kube.tick(3600)
    assert world.kube.writes == []
    assert world.kube.events == []


async def test_the_whole_way_of_a_rolling_update() -> None:
    world = World()
    await world.run()
    assert reason(world.deployment) == "NewReplicaSetAvailable"
    world.set_image("img:2")
    world.kube.forget()
    await world.once()
    assert world.sizes == {"img:1": 3, "img:2": 1}
    assert reason(world.deployment) == "NewReplicaSetCreated"
    await world.run()
    assert world.sizes == {"img:1": 0, "img:2": 3}
    assert world.deployment["metadata"]["annotations"][sets.REVISION] == "2"
    messages = [message.split(" ", 5)[-1] for _, _, message in world.kube.events]
    assert messages == ["from 0 to 1", "from 3 to 2", "from 1 to 2", "from 2 to 1", "from 2 to 3", "from 1 to 0"]
    assert world.deployment["status"]["updatedReplicas"] == 3
    assert "unavailableReplicas" not in world.deployment["status"]


async def test_pods_that_do_not_come_up_stop_the_rollout_and_time_out() -> None:
    world = World(progressDeadlineSeconds=60)
    await world.run()
    world.set_image("img:2")
    await world.once()
    world.pods(ready=False, only="img:2")
    await world.once()
    assert reason(world.deployment) == "ReplicaSetUpdated"
    assert await world.once() == 61.0
    world.kube.tick(61)
    assert await world.once() is None
    assert reason(world.deployment) == "ProgressDeadlineExceeded"
    assert reason(world.deployment, "Available") == "MinimumReplicasAvailable"
    assert world.sizes == {"img:1": 3, "img:2": 1}


async def test_undo_reuses_the_old_set_with_a_new_revision() -> None:
    world = World()
    await world.run()
    world.set_image("img:2")
    await world.run()
    world.set_image("img:1")
    await world.run()
    assert world.sizes == {"img:1": 3, "img:2": 0}
    assert world.deployment["metadata"]["annotations"][sets.REVISION] == "3"
    old = next(rs for rs in world.kube.all("apps/v1", "replicasets") if image(rs) == "img:1")
    assert old["metadata"]["annotations"][sets.REVISION_HISTORY] == "1"


async def test_pause_and_resume() -> None:
    world = World()
    await world.run()
    world.edit(paused=True)
    world.set_image("img:2")
    await world.run()
    assert world.sizes == {"img:1": 3}
    assert reason(world.deployment) == "DeploymentPaused"
    world.edit(replicas=5)
    await world.run()
    assert world.sizes == {"img:1": 5}
    world.edit(paused=False)
    await world.once()
    assert world.sizes == {"img:1": 5, "img:2": 1}
    await world.run()
    assert world.sizes == {"img:1": 0, "img:2": 5}
    assert reason(world.deployment) == "NewReplicaSetAvailable"


async def test_scale() -> None:
    world = World()
    await world.run()
    world.edit(replicas=0)
    await world.run()
    assert world.sizes == {"img:1": 0}
    world.edit(replicas=2)
    await world.run()
    assert world.sizes == {"img:1": 2}
    assert world.deployment["status"]["availableReplicas"] == 2


async def test_recreate() -> None:
    world = World(strategy={"type": "Recreate"})
    await world.run()
    world.set_image("img:2")
    await world.once()
    assert world.sizes == {"img:1": 0}
    await world.once()
    assert world.sizes == {"img:1": 0}  # its Pods are still there
    world.pods()
    await world.once()
    assert world.sizes == {"img:1": 0, "img:2": 3}


async def test_history_is_cleaned_up() -> None:
    world = World(revisionHistoryLimit=2)
    for number in range(1, 6):
        world.set_image(f"img:{number}")
        await world.run()
    assert sorted(world.sizes) == ["img:3", "img:4", "img:5"]


async def test_adopts_a_matching_set_and_releases_a_relabelled_one() -> None:
    world = World()
    await world.run()
    rs = world.kube.all("apps/v1", "replicasets")[0]
    key = meta.key_of(rs)
    world.kube.edit("apps/v1", "replicasets", key, {"metadata": {"ownerReferences": []}})
    await world.once()
    assert meta.is_controlled_by(world.kube.one("apps/v1", "replicasets", key), world.deployment)
    world.kube.edit("apps/v1", "replicasets", key, {"metadata": {"labels": {"app": "other"}}})
    await world.once()
    released = world.kube.one("apps/v1", "replicasets", key)
    assert not meta.is_controlled_by(released, world.deployment)


async def test_a_deployment_that_was_deleted_meanwhile_adopts_nothing() -> None:
    world = World()
    orphan = manifest()
    orphan.update(kind="ReplicaSet")
    orphan["metadata"] = {"name": "web-x", "namespace": "ns", "labels": {"app": "web"}}
    world.kube.add("apps/v1", "replicasets", orphan)
    stale = world.kube.get_or_none("apps/v1", "deployments", KEY)
    assert stale is not None
    world.kube.server.objects[("apps/v1", "deployments")][KEY]["metadata"]["uid"] = "another"  # type: ignore[index]
    with pytest.raises(ApiError):  # the status is guarded by the uid
        await world.once()
    orphan = world.kube.one("apps/v1", "replicasets", meta.Key("ns", "web-x"))
    assert "ownerReferences" not in orphan["metadata"]


async def test_a_taken_name_is_a_collision() -> None:
    world = World()
    await world.once()
    taken = world.kube.all("apps/v1", "replicasets")[0]
    world = World()
    taken["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "b", "uid": "other", "controller": True}
    ]
    del taken["metadata"]["uid"]
    world.kube.add("apps/v1", "replicasets", taken)
    assert await world.once() == 0
    assert world.deployment["status"]["collisionCount"] == 1
    await world.once()
    assert len(world.kube.all("apps/v1", "replicasets")) == 2


async def test_a_refused_creation_is_reported_and_tried_again() -> None:
    world = World()
    refusal = ApiError(403, "Forbidden", 'replicasets.apps "web-x" is forbidden: exceeded quota')
    world.kube.refuse("POST", "replicasets", refusal)
    with pytest.raises(ApiError):
        await world.once()
    assert reason(world.deployment) == "ReplicaSetCreateError"
    (event,) = world.kube.events
    assert event[:2] == ("Warning", "ReplicaSetCreateError")
    assert event[2].endswith(': replicasets.apps "web-x" is forbidden: exceeded quota')
    await world.run()
    assert reason(world.deployment) == "NewReplicaSetAvailable"


async def test_in_a_namespace_that_goes_nothing_is_said() -> None:
    world = World()
    body = {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}
    world.kube.refuse("POST", "replicasets", ApiError(403, "Forbidden", "terminating", body))
    await world.once()
    assert world.kube.events == []


async def test_deleting_writes_the_status_only() -> None:
    world = World()
    await world.run()
    world.kube.edit("apps/v1", "deployments", KEY, {"metadata": {"finalizers": ["foregroundDeletion"]}})
    await world.kube.delete("apps/v1", "deployments", KEY)
    world.set_image("img:2")
    world.kube.forget()
    await world.once()
    assert world.kube.writes == ["PATCH deployments/web/status"]


async def test_an_empty_selector_is_refused() -> None:
    world = World(selector={"matchLabels": {}})
    with pytest.raises(Terminal) as refused:
        await world.once()
    assert refused.value.reason == "SelectingAll"


async def test_a_restart_after_any_write_comes_to_the_same_end() -> None:
    """Each write may be the last one before the process dies; nothing but the cluster's state is remembered."""
    world = World(replicas=4)
    await world.run()
    world.set_image("img:2")
    for lost in range(12):
        world.kube.refuse("PATCH", "deployments", *[ApiError(0, "Unreachable", "killed")] * (lost % 3))
        try:
            await world.once()
        except ApiError:
            pass
        world.kube.server.refuse.clear()
        world.pods()
    await world.run()
    assert world.sizes == {"img:1": 0, "img:2": 4}
    assert len(world.kube.all("apps/v1", "replicasets")) == 2


async def test_gone() -> None:
    kube = FakeKube("deployment")
    assert (await operator.reconcile(KEY, kube, kube.now)).requeue_after is None


def test_claimants() -> None:
    kube = FakeKube("deployment")
    kube.add("apps/v1", "deployments", manifest())
    orphan: Obj = {"metadata": {"name": "x", "namespace": "ns", "labels": {"app": "web"}}}
    assert list(operator.claimants(orphan, kube)) == [KEY]
    orphan["metadata"]["namespace"] = "other"
    assert list(operator.claimants(orphan, kube)) == []
    owned = {"metadata": {"namespace": "ns", "labels": {"app": "web"}, "ownerReferences": [{"controller": True}]}}
    assert list(operator.claimants(owned, kube)) == []
