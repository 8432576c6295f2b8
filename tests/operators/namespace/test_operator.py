"""The Namespace operator's reconcile on a fake API server with discovery and deletion of collections."""

from __future__ import annotations

from typing import Any

import pytest

from operators._kube import conditions, meta
from operators._kube.errors import ApiError
from operators._kube.meta import Object
from operators.namespace import operator
from tests.fakes.api import parse_path
from tests.fakes.kube import FakeKube

KEY = meta.Key("", "team")
EVERY = ["create", "delete", "deletecollection", "get", "list"]


def entry(name: str, *, namespaced: bool = True, verbs: list[str] = EVERY) -> Object:
    return {"name": name, "namespaced": namespaced, "verbs": verbs}


class Cluster(FakeKube):
    def __init__(self) -> None:
        super().__init__("namespace")
        self.send = self.server.send
        self.server.send = self._send  # type: ignore[method-assign]
        self.broken: set[str] = set()
        self.documents: dict[str, Object] = {
            "v1": {
                "groupVersion": "v1",
                "resources": [
                    entry("pods"),
                    entry("configmaps"),
                    entry("secrets"),
                    entry("services", verbs=["list", "delete"]),
                    entry("nodes", namespaced=False),
                ],
            },
            "apps/v1": {"groupVersion": "apps/v1", "resources": [entry("deployments")]},
            "metrics/v1": {"groupVersion": "metrics/v1", "resources": []},
        }
        # The fake server knows metadata.finalizers only: one of those keeps the namespace until it is finalized.
        metadata, spec = {"name": "team", "finalizers": ["fake/kept"]}, {"finalizers": ["kubernetes"]}
        self.add("v1", "namespaces", {"metadata": metadata, "spec": spec, "status": {"phase": "Active"}})

    def put(self, api_version: str, resource: str, name: str, *finalizers: str, namespace: str = "team") -> None:
        metadata = {"name": name, "namespace": namespace, "finalizers": list(finalizers)}
        self.add(api_version, resource, {"metadata": metadata})

    def terminate(self) -> None:
        kind = ("v1", "namespaces")
        self.server.objects[kind][KEY]["metadata"]["deletionTimestamp"] = meta.format_time(self.now)  # type: ignore[index]
        self.edit("v1", "namespaces", KEY, {"status": {"phase": "Terminating"}})

    def left(self, resource: str, api_version: str = "v1") -> list[str]:
        return [meta.name_of(obj) for obj in self.all(api_version, resource)]

    async def once(self) -> float | None:
        return (await operator.reconcile(KEY, self, self.now)).requeue_after

    async def _send(self, method: str, path: str, **options: Any) -> Object:
        if path == "/apis":
            versions = [version for version in self.documents if "/" in version]
            return {"groups": [{"preferredVersion": {"groupVersion": version}} for version in versions]}
        for version, document in self.documents.items():
            if path in (f"/apis/{version}", f"/api/{version}"):
                if version in self.broken:
                    raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
                return document
        kind, key, subresource = parse_path(path)
        if method == "DELETE" and not key.name:
            self.server.requests.append((method, path, options.get("body")))
            for obj in self.all(*kind):
                if meta.namespace_of(obj) == key.namespace:
                    self.server.delete(kind, self.server.objects[kind][meta.key_of(obj)], {})
            return {"kind": "Status"}
        if subresource == "finalize":
            self.server.requests.append((method, path, options["body"]))
            if not options["body"]["spec"]["finalizers"]:
                self.remove("v1", "namespaces", KEY)
            return dict(options["body"])
        return await self.send(method, path, **options)


def said(cluster: Cluster, type_: str) -> str:
    condition = conditions.get(conditions.of(cluster.one("v1", "namespaces", KEY)), type_)
    assert condition is not None
    return str(condition["message"])


async def test_an_active_namespace_is_left_alone() -> None:
    cluster = Cluster()
    assert await cluster.once() is None
    assert cluster.writes == []


async def test_an_empty_one_goes_with_one_write() -> None:
    cluster = Cluster()
    cluster.terminate()
    assert await cluster.once() is None
    assert cluster.writes == ["PUT namespaces/team/finalize"]
    assert cluster.left("namespaces") == []


async def test_everything_in_it_goes_and_nothing_else() -> None:
    cluster = Cluster()
    for api_version, resource in (("v1", "secrets"), ("v1", "services"), ("apps/v1", "deployments")):
        cluster.put(api_version, resource, "a")
        cluster.put(api_version, resource, "b")
        cluster.put(api_version, resource, "kept", namespace="other")
    cluster.terminate()
    await cluster.once()
    assert cluster.left("secrets") == cluster.left("services") == ["kept"]
    assert cluster.left("deployments", "apps/v1") == ["kept"]
    assert cluster.left("namespaces") == []
    assert "DELETE services/a" in cluster.writes  # no deletion of collections there


async def test_pods_go_first_and_hold_up_the_rest() -> None:
    cluster = Cluster()
    cluster.put("v1", "pods", "p", "x.io/hold")
    cluster.put("v1", "secrets", "s")
    cluster.terminate()
    assert await cluster.once() == pytest.approx(0.1)
    assert cluster.left("secrets") == ["s"]
    assert said(cluster, "NamespaceContentRemaining") == "Some resources are remaining: pods. has 1 resource instances"
    cluster.remove("v1", "pods", meta.Key("team", "p"))
    assert await cluster.once() is None
    assert cluster.left("secrets") == cluster.left("namespaces") == []


async def test_finalizers_are_waited_for_ever_more_patiently() -> None:
    cluster = Cluster()
    cluster.put("v1", "configmaps", "held", "x.io/hold")
    cluster.put("v1", "secrets", "s")
    cluster.terminate()
    assert await cluster.once() == pytest.approx(0.1)
    assert cluster.left("secrets") == []
    message = "Some content in the namespace has finalizers remaining: x.io/hold in 1 resource instances"
    assert said(cluster, "NamespaceFinalizersRemaining") == message
    cluster.forget()
    cluster.tick(10)
    assert await cluster.once() == pytest.approx(2)
    assert cluster.writes == ["DELETE configmaps"]  # asked again, but nothing new to report
    cluster.edit("v1", "configmaps", meta.Key("team", "held"), {"metadata": {"finalizers": None}})
    assert await cluster.once() is None
    assert cluster.left("namespaces") == []


async def test_a_group_that_is_down_holds_up_the_end_but_not_the_rest() -> None:
    cluster = Cluster()
    cluster.put("v1", "secrets", "s")
    cluster.broken.add("metrics/v1")
    cluster.terminate()
    assert await cluster.once() is not None
    assert cluster.left("secrets") == []
    assert said(cluster, "NamespaceDeletionDiscoveryFailure") == (
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        "metrics/v1: the server is currently unable to handle the request"
    )
    cluster.broken.clear()
    assert await cluster.once() is None


async def test_a_refused_deletion_is_reported() -> None:
    cluster = Cluster()
    cluster.put("v1", "services", "s")
    cluster.refuse("DELETE", "services", ApiError(500, "InternalError", "no space"))
    cluster.terminate()
    assert await cluster.once() is not None
    assert (
        said(cluster, "NamespaceDeletionContentFailure") == "Failed to delete all resource types, 1 remaining: no space"
    )


async def test_the_finalizers_of_others_stay() -> None:
    cluster = Cluster()
    cluster.edit("v1", "namespaces", KEY, {"spec": {"finalizers": ["kubernetes", "x.io/mine"]}})
    cluster.terminate()
    await cluster.once()
    _, _, body = cluster.requests[-1]
    assert body["spec"]["finalizers"] == ["x.io/mine"]


async def test_gone_meanwhile() -> None:
    cluster = Cluster()
    cluster.terminate()
    stale = cluster.get_or_none("v1", "namespaces", KEY)
    assert stale is not None
    cluster.server.watchers.clear()
    cluster.remove("v1", "namespaces", KEY)
    assert await cluster.once() is None
    assert cluster.writes == []
