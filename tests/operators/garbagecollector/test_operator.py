"""The garbage collector on a fake API server: watches and queues played by the test, until nothing happens any more."""

from __future__ import annotations

from typing import Any

import pytest

from operators._kube import meta
from operators._kube.errors import ApiError
from operators._kube.meta import Object
from operators._kube.paths import Kind
from operators.garbagecollector import kinds, operator, sweep
from tests.fakes.api import KINDS
from tests.fakes.kube import FakeKube

CONFIGMAPS = Kind("v1", "configmaps")


class Cluster(FakeKube):
    """`run` hands every change to the operator, as its watches would, and reconciles all that it asks for."""

    def __init__(self) -> None:
        super().__init__("garbagecollector")
        self.pending: list[meta.Key] = []
        self.lost = False
        self.server.watchers.append(self._observe)
        self.send = self.server.send
        self.server.send = self._send  # type: ignore[method-assign]
        self.looked_up: list[str] = []

    def own(self, name: str, *owners: Object, kind: str = "configmaps", api: str = "v1", **options: Any) -> Object:
        """An object that belongs to the owners. `blocks`, `finalizers`, `namespace`, `spec`."""
        references = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": meta.name_of(owner),
                "uid": meta.uid_of(owner),
                "blockOwnerDeletion": options.get("blocks", False),
            }
            for owner in owners
        ]
        metadata = {"name": name, "namespace": options.get("namespace", "ns"), "ownerReferences": references}
        if "finalizers" in options:
            metadata["finalizers"] = options["finalizers"]
        return self.add(api, kind, {"metadata": metadata})

    async def remove_as(self, obj: Object, propagation: str, resource: str = "configmaps") -> None:
        """What the API server does on DELETE with this policy."""
        finalizer = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(propagation)
        kind = Kind(obj["apiVersion"], resource)
        if finalizer:
            present = self.one(*kind, meta.key_of(obj))["metadata"].get("finalizers") or []
            self.edit(*kind, meta.key_of(obj), {"metadata": {"finalizers": [*present, finalizer]}})
        await self.delete(*kind, meta.key_of(obj))

    async def run(self) -> None:
        for _ in range(200):
            if not self.pending:
                return
            key = self.pending.pop(0)
            try:
                await operator.reconcile(key, self, self.now)
            except ApiError as error:
                assert error.is_conflict, error
                self.pending.append(key)
        raise AssertionError("it never came to rest")

    def names(self, resource: str = "configmaps", api: str = "v1") -> list[str]:
        return sorted(meta.name_of(obj) for obj in self.all(api, resource))

    def _observe(self, type_: str, kind: Kind, obj: Object) -> None:
        if not self.lost and any(served.path == kind for served in kinds.WATCHED):
            for key in operator.observed(kind, obj, self):
                if key not in self.pending:
                    self.pending.append(key)

    async def _send(self, method: str, path: str, **options: Any) -> Object:
        if method == "GET":
            self.looked_up.append(path)
        if path == "/apis":
            return {"groups": [{"preferredVersion": {"groupVersion": "x.io/v1"}}]}
        if path == "/api/v1":
            entries = [
                {"name": name, "kind": kind, "namespaced": True, "verbs": ["list", "delete"]}
                for name, kind in (("limitranges", "LimitRange"), ("pods", "Pod"))
            ]
            return {"groupVersion": "v1", "resources": entries}
        if path == "/apis/x.io/v1":
            entry = {"name": "things", "kind": "Thing", "namespaced": True, "verbs": ["list", "delete"]}
            return {"groupVersion": "x.io/v1", "resources": [entry]}
        if path.startswith("/apis/gone.io"):
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        if options.get("body", {}) is not None and method == "DELETE":
            self._propagate(path, options.get("body") or {})
        return await self.send(method, path, **options)

    def _propagate(self, path: str, options: Object) -> None:
        """DELETE with propagationPolicy Foreground puts the finalizer on, as the API server does."""
        from tests.fakes.api import parse_path

        kind, key, _ = parse_path(path)
        obj = self.server.objects.get(kind, {}).get(key)
        policy = options.get("propagationPolicy")
        if obj is None or policy != "Foreground" or meta.is_deleting(obj):
            return
        if not any(meta.uid_of(obj) in {ref["uid"] for ref in meta.owners_of(o)} for o in self.all(*kind)):
            return  # nothing depends on it: goes at once
        obj["metadata"]["finalizers"] = [*(obj["metadata"].get("finalizers") or []), "foregroundDeletion"]


@pytest.fixture
async def cluster() -> Cluster:
    made = Cluster()
    operator._graph.clear()
    return made


async def test_the_fake_knows_the_kinds() -> None:
    assert KINDS["configmaps"] == "ConfigMap"


async def test_a_dependent_goes_when_its_owner_has_gone(cluster: Cluster) -> None:
    owner = cluster.own("owner")
    cluster.own("dep", owner)
    cluster.own("free")
    await cluster.run()
    assert cluster.names() == ["dep", "free", "owner"]
    assert cluster.looked_up == []  # the graph knew
    await cluster.remove_as(owner, "Background")
    await cluster.run()
    assert cluster.names() == ["free"]


async def test_a_chain_goes_link_by_link(cluster: Cluster) -> None:
    first = cluster.own("d", kind="deployments", api="apps/v1")
    second = cluster.own("rs", first, kind="replicasets", api="apps/v1")
    cluster.own("p", second, kind="pods")
    await cluster.remove_as(first, "Background", "deployments")
    await cluster.run()
    assert cluster.names("pods") == cluster.names("replicasets", "apps/v1") == []


async def test_a_stray_is_looked_up_and_goes(cluster: Cluster) -> None:
    nobody = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nobody", "uid": "9"}}
    cluster.own("stray", nobody)
    await cluster.run()
    assert cluster.names() == []
    assert cluster.looked_up == ["/api/v1/namespaces/ns/configmaps/nobody"]


async def test_an_owner_of_the_same_name_is_not_the_owner(cluster: Cluster) -> None:
    owner = cluster.own("owner")
    dead = {**owner, "metadata": {"name": "owner", "uid": "former"}}
    cluster.own("stray", dead)
    await cluster.run()
    assert cluster.names() == ["owner"]


async def test_an_owner_whose_watch_lags_is_found_alive(cluster: Cluster) -> None:
    cluster.lost = True
    owner = cluster.own("owner")
    cluster.lost = False
    cluster.own("dep", owner)
    await cluster.run()
    assert cluster.names() == ["dep", "owner"]


async def test_one_owner_of_two_is_enough(cluster: Cluster) -> None:
    one, two = cluster.own("one"), cluster.own("two")
    cluster.own("dep", one, two)
    await cluster.remove_as(one, "Background")
    await cluster.run()
    (dep,) = [obj for obj in cluster.all("v1", "configmaps") if meta.name_of(obj) == "dep"]
    assert [ref["name"] for ref in meta.owners_of(dep)] == ["two"]
    await cluster.remove_as(two, "Background")
    await cluster.run()
    assert cluster.names() == []


async def test_foreground_waits_for_those_that_block(cluster: Cluster) -> None:
    owner = cluster.own("owner")
    cluster.own("held", owner, blocks=True, finalizers=["x.io/hold"])
    cluster.own("loose", owner, finalizers=["x.io/hold"])
    cluster.own("plain", owner, blocks=True)
    await cluster.remove_as(owner, "Foreground")
    await cluster.run()
    assert cluster.names() == ["held", "loose", "owner"]
    assert all(meta.is_deleting(obj) for obj in cluster.all("v1", "configmaps"))
    cluster.edit("v1", "configmaps", meta.Key("ns", "held"), {"metadata": {"finalizers": None}})
    await cluster.run()
    assert cluster.names() == ["loose"]


async def test_foreground_without_dependents(cluster: Cluster) -> None:
    owner = cluster.own("owner")
    await cluster.remove_as(owner, "Foreground")
    await cluster.run()
    assert cluster.names() == []


async def test_foreground_does_not_take_what_has_another_owner(cluster: Cluster) -> None:
    going, staying = cluster.own("going"), cluster.own("staying")
    cluster.own("dep", going, staying, blocks=True)
    await cluster.remove_as(going, "Foreground")
    await cluster.run()
    assert cluster.names() == ["dep", "staying"]


async def test_a_circle_does_not_block(cluster: Cluster) -> None:
    objects = {name: cluster.own(name) for name in "abc"}
    for name, owner in (("a", "c"), ("b", "a"), ("c", "b")):
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": meta.uid_of(objects[owner])}
        change = {"metadata": {"ownerReferences": [{**reference, "blockOwnerDeletion": True}]}}
        cluster.edit("v1", "configmaps", meta.Key("ns", name), change)
    await cluster.run()
    assert cluster.names() == ["a", "b", "c"]
    await cluster.remove_as(objects["a"], "Foreground")
    await cluster.run()
    assert cluster.names() == []


async def test_orphans_stay_without_their_owner(cluster: Cluster) -> None:
    owner, other = cluster.own("owner"), cluster.own("other")
    cluster.own("dep", owner)
    cluster.own("both", owner, other)
    await cluster.remove_as(owner, "Orphan")
    await cluster.run()
    assert cluster.names() == ["both", "dep", "other"]
    owners = {meta.name_of(o): [ref["name"] for ref in meta.owners_of(o)] for o in cluster.all("v1", "configmaps")}
    assert owners == {"both": ["other"], "dep": [], "other": []}


async def test_orphans_that_were_not_seen_yet_stay_as_well(cluster: Cluster) -> None:
    owner = cluster.own("owner")
    cluster.lost = True
    cluster.own("late", owner)
    cluster.lost = False
    await cluster.remove_as(owner, "Orphan")
    await cluster.run()
    assert cluster.names() == ["late"]


async def test_an_owner_in_another_namespace_is_none(cluster: Cluster) -> None:
    owner = cluster.own("owner", namespace="elsewhere")
    dep = cluster.own("dep", owner)
    await cluster.run()
    assert cluster.names() == ["owner"]
    (event,) = cluster.event_details
    assert event[1:4] == (
        "Warning",
        "OwnerRefInvalidNamespace",
        f"ownerRef [v1/ConfigMap, namespace: ns, name: owner, uid: {meta.uid_of(owner)}] "
        'does not exist in namespace "ns"',
    )
    assert event[0]["metadata"]["uid"] == meta.uid_of(dep)
    assert event[0]["kind"] == "ConfigMap"


async def test_an_owner_without_a_namespace(cluster: Cluster) -> None:
    node = cluster.add("v1", "nodes", {"metadata": {"name": "n1"}})
    cluster.own("lease", node)
    await cluster.run()
    assert cluster.names() == ["lease"]
    await cluster.remove_as(node, "Background", "nodes")
    await cluster.run()
    assert cluster.names() == []


async def test_what_cannot_be_known_stays(cluster: Cluster) -> None:
    unheard = {"apiVersion": "gone.io/v1", "kind": "Gone", "metadata": {"name": "o", "uid": "1"}}
    cluster.own("dep", unheard)
    await cluster.run()
    assert cluster.names() == ["dep"]


async def test_a_kind_that_is_not_watched_is_asked_for(cluster: Cluster) -> None:
    thing = cluster.add("x.io/v1", "things", {"kind": "Thing", "metadata": {"name": "t", "namespace": "ns"}})
    cluster.own("dep", thing)
    cluster.own("stray", {**thing, "metadata": {"name": "other", "uid": "9"}})
    await cluster.run()
    assert cluster.names() == ["dep"]


async def test_the_sweep_finds_what_is_not_watched(cluster: Cluster) -> None:
    owner = cluster.own("owner")
    cluster.own("range", owner, kind="limitranges")
    thing = cluster.add("x.io/v1", "things", {"kind": "Thing", "metadata": {"name": "t", "namespace": "ns"}})
    cluster.own("dep", thing)
    await cluster.run()

    async def look() -> None:
        cluster.pending += [meta.Key("", uid) for uid in await sweep.look(operator._graph, cluster)]
        await cluster.run()

    await look()
    assert cluster.names("limitranges") == ["range"]
    await cluster.remove_as(owner, "Background")
    await cluster.run()
    assert cluster.names("limitranges") == []  # the graph knows it now
    cluster.remove("x.io/v1", "things", meta.key_of(thing))
    await look()
    assert cluster.names() == []


async def test_a_decision_about_an_old_state_is_not_carried_out(cluster: Cluster) -> None:
    """The dependant got a new owner in the very moment in which it was to be deleted."""
    owner, other = cluster.own("owner"), cluster.own("other")
    dep = cluster.own("dep", owner)
    await cluster.run()
    await cluster.remove_as(owner, "Background")
    cluster.lost = True
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": meta.uid_of(other)}
    cluster.edit("v1", "configmaps", meta.key_of(dep), {"metadata": {"ownerReferences": [reference]}})
    with pytest.raises(ApiError) as refused:
        await operator.reconcile(meta.Key("", meta.uid_of(dep)), cluster, cluster.now)
    assert refused.value.is_conflict
    assert "dep" in cluster.names()


async def test_start_and_stop(cluster: Cluster) -> None:
    cluster.own("a")
    await operator.start(cluster)
    assert len(operator._graph) == 0
    await operator.stop(cluster)
    assert not operator._tasks
