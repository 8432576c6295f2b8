"""Deployments with ReplicaSets and Pods, all in memory, their steps in any order: what a rollout never does."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from operators._kube.actions import Create, Delete, Patch
from operators._workloads import counts, replicas
from operators.deployment import limits, plan, sets, status

Obj = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
_READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T11:00:00Z"}


@dataclass
class World:
    """`turns` are what may happen next; each sees the others' work at once, but nobody's turn need ever come."""

    deployment: Obj
    sets: dict[str, Obj] = field(default_factory=dict)
    pods: dict[str, Obj] = field(default_factory=dict)
    count: int = 0

    def observe(self) -> sets.Sets:
        return sets.observe(self.deployment, self.sets.values())

    def decide(self) -> bool:
        """The Deployment's turn; False if there was nothing to do."""
        step = plan.step(self.deployment, self.observe())
        if step.create is not None:
            self._make(step.create.body)
        for action in step.actions:
            if isinstance(action, Patch):
                self._patch(action)
            elif isinstance(action, Delete):
                del self.sets[action.name]
        made = step.create is not None
        before = self.deployment.get("status")
        self.deployment["status"] = status.compute(
            self.deployment, self.observe(), NOW, rollout=step.rollout, created=made, failure=None, collision=False
        )
        return made or bool(step.actions) or self.deployment["status"] != before

    def act(self, rs: Obj, *, tells: bool = True) -> bool:
        """A ReplicaSet's turn; `tells`: not stopped before it writes its status."""
        actions = replicas.actions(rs, self.owned(rs), self.pods.values(), NOW)
        for action in actions:
            self.count += 1
            if isinstance(action, Create):
                uid = f"{sets.name(rs)}-{self.count}"
                meta = {"name": uid, "namespace": "ns", "uid": uid, "creationTimestamp": "2026-01-01T10:00:00Z"}
                self.pods[uid] = {"metadata": meta, "spec": {}, "status": {}, "of": sets.name(rs)}
            elif isinstance(action, Delete):
                self.pods[action.name]["metadata"]["deletionTimestamp"] = "2026-01-01T12:00:00Z"
        before = rs.get("status")
        if tells:
            rs["status"] = counts.compute(rs, self.owned(rs), NOW, errors=[], missing=0)
        return bool(actions) or rs.get("status") != before

    def owned(self, rs: Obj) -> list[Obj]:
        return [pod for pod in self.pods.values() if pod["of"] == sets.name(rs)]

    def live(self, pod: Obj) -> bool:
        """A Pod's turn: it becomes ready, or goes."""
        if "deletionTimestamp" in pod["metadata"]:
            del self.pods[pod["metadata"]["uid"]]
            return True
        is_news = not pod["status"]
        pod["status"] = {"phase": "Running", "conditions": [_READY]}
        return is_news

    def settle(self) -> None:
        """Everybody's turn, again and again, until nothing is left to do."""
        for _ in range(400):
            moved = [self.decide(), *[self.act(rs) for rs in list(self.sets.values())]]
            moved += [self.live(pod) for pod in list(self.pods.values())]
            if not any(moved):
                return
        raise AssertionError("it never came to rest")

    def edit(self, **spec: Any) -> None:
        self.deployment["spec"] |= spec
        self.deployment["metadata"]["generation"] += 1

    @property
    def active(self) -> list[Obj]:
        return [pod for pod in self.pods.values() if "deletionTimestamp" not in pod["metadata"]]

    @property
    def available(self) -> int:
        return sum(1 for pod in self.active if pod["status"])

    def _make(self, body: Obj) -> None:
        self.count += 1
        meta = {"uid": f"rs-{self.count}", "generation": 1, "creationTimestamp": f"2026-01-01T00:00:{self.count:04d}Z"}
        self.sets[sets.name(body)] = {**body, "metadata": {**body["metadata"], **meta}, "status": {}}

    def _patch(self, action: Patch) -> None:
        assert isinstance(action.body, dict)
        rs = self.sets[action.name]
        rs["metadata"]["annotations"] |= action.body["metadata"].get("annotations", {})
        if "spec" in action.body:
            rs["spec"] |= action.body["spec"]
            rs["metadata"]["generation"] += 1


def template(image: int) -> Obj:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": f"img:{image}"}]}}


def world(size: int, strategy: Obj) -> World:
    """A Deployment that has arrived."""
    metadata = {"name": "web", "namespace": "ns", "uid": "d", "generation": 1}
    spec = {
        "replicas": size,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": strategy,
        "revisionHistoryLimit": 2,
        "template": template(0),
    }
    made = World({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    made.settle()
    return made


def a_turn(made: World, chance: random.Random) -> None:
    """Anybody's."""
    whose = chance.choice(["deployment", "set", "set", "stopped set", "pod", "pod", "pod"])
    if whose == "deployment":
        made.decide()
    elif whose == "pod" and made.pods:
        made.live(chance.choice(list(made.pods.values())))
    elif made.sets:
        made.act(chance.choice(list(made.sets.values())), tells=whose == "set")


def has_arrived(made: World, size: int) -> None:
    new = made.observe().new
    assert new is not None
    assert [pod["of"] for pod in made.pods.values()] == [sets.name(new)] * size
    assert made.available == size
    assert plan.is_complete(made.deployment, made.deployment["status"])
    assert len(made.sets) <= 3, "revisionHistoryLimit"


AMOUNTS = st.integers(0, 3) | st.sampled_from(["25%", "50%", "100%"])


@settings(deadline=None, max_examples=60)
@given(size=st.integers(0, 7), surge=AMOUNTS, unavailable=AMOUNTS, chance=st.randoms(use_true_random=False))
def test_rolling_updates_keep_their_bounds_whoever_comes_first(
    size: int, surge: int | str, unavailable: int | str, chance: random.Random
) -> None:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    made = world(size, {"type": "RollingUpdate", "rollingUpdate": rolling})
    bounds = limits.of(made.deployment)
    for image in (1, 2, chance.choice([0, 1, 3])):
        made.edit(template=template(image))
        for _ in range(chance.randint(0, 60)):
            a_turn(made, chance)
            assert made.available >= bounds.least
            assert len(made.active) <= bounds.most
            assert sets.total(made.sets.values()) <= bounds.most
    made.settle()
    has_arrived(made, size)


@settings(deadline=None, max_examples=40)
@given(size=st.integers(0, 5), chance=st.randoms(use_true_random=False))
def test_recreate_never_has_pods_of_two_templates(size: int, chance: random.Random) -> None:
    made = world(size, {"type": "Recreate"})
    for image in (1, 2, chance.choice([0, 1, 3])):
        made.edit(template=template(image))
        for _ in range(chance.randint(0, 60)):
            a_turn(made, chance)
            assert len({pod["of"] for pod in made.pods.values()}) <= 1
            assert len(made.active) <= size
    made.settle()
    has_arrived(made, size)


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(0, 9), min_size=2, max_size=4),
    recreate=st.booleans(),
    surge=st.integers(0, 3),
    chance=st.randoms(use_true_random=False),
)
def test_scaled_paused_and_failing_in_the_middle_it_still_arrives(
    sizes: list[int], recreate: bool, surge: int, chance: random.Random
) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": 1}}
    made = world(sizes[0], {"type": "Recreate"} if recreate else rolling)
    for number, size in enumerate(sizes):
        made.edit(replicas=size, paused=chance.random() < 0.3)
        if chance.random() < 0.7:
            made.edit(template=template(number))
        for _ in range(chance.randint(0, 40)):
            a_turn(made, chance)
            if made.pods and chance.random() < 0.1:
                chance.choice(list(made.pods.values()))["status"] = {"phase": "Failed"}
        if chance.random() < 0.3:
            made.settle()
    for uid in [uid for uid, pod in made.pods.items() if pod["status"].get("phase") == "Failed"]:
        del made.pods[uid]
    made.edit(paused=False)
    made.settle()
    has_arrived(made, sizes[-1])
