"""Status subresources of workloads and volumes: read, patched, updated, seen by those who read the object."""

from typing import Any

import pytest

from tests.conformance.cluster import Object, Space, eventually
from tests.conformance.kinds import containers, template, workload

CONDITION: Object = {"status": "True", "reason": "E2E", "message": "Set by a test"}
VOLUME: Object = {
    "capacity": {"storage": "1Gi"},
    "accessModes": ["ReadWriteOnce"],
    "csi": {"driver": "driver.example.com", "volumeHandle": "handle"},
    "storageClassName": "none",
}
CLAIM: Object = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1Gi"}},
    "storageClassName": "none",
}
STATEFUL = workload(serviceName="headless", replicas=0)
WORKLOADS: dict[str, tuple[str, Object]] = {
    "replicasets": ("apps/v1/replicasets", workload(replicas=0)),
    "statefulsets": ("apps/v1/statefulsets", STATEFUL),
    "replicationcontrollers": (
        "replicationcontrollers",
        {"spec": {"replicas": 0, "selector": {"app": "x"}, "template": template()}},
    ),
}


def types(found: Object) -> list[Any]:
    return [condition["type"] for condition in found.get("status", {}).get("conditions", ())]


@pytest.mark.parametrize("kind", WORKLOADS)
def test_of_workloads(space: Space, kind: str) -> None:
    path, body = WORKLOADS[kind]
    space.create(path, {"metadata": {"name": "test"}} | body)
    version = "v1" if kind == "replicationcontrollers" else "apps/v1"
    assert space.cluster.get(space.path(path, "test", "status"))["apiVersion"] == version

    if kind == "replicasets":
        # Its operator has had its say.
        eventually(lambda: "observedGeneration" in space.get(path, "test").get("status", {}), "it is observed")

    def update(found: Object) -> None:
        found["status"].setdefault("conditions", []).append({"type": "StatusUpdate"} | CONDITION)

    with space.cluster.watch(space.path(path)) as watch:
        space.change(path, "test", update, "status")
        assert "StatusUpdate" in types(space.get(path, "test"))
        patch = {"status": {"conditions": [{"type": "StatusPatched"} | CONDITION]}}
        assert "StatusPatched" in types(space.patch(path, "test", patch, subresource="status"))
        assert "StatusPatched" in types(space.get(path, "test"))
        while "StatusPatched" not in types(watch.until("MODIFIED", "test")):
            pass
    space.patch(path, "test", {"spec": {"replicas": 7}}, subresource="status")
    assert space.get(path, "test")["spec"]["replicas"] == 0


def test_of_volumes(space: Space) -> None:
    volumes = "/api/v1/persistentvolumes"
    cluster = space.cluster
    labels = {"volumes": space.name}
    cluster.create(volumes, {"metadata": {"name": space.name, "labels": labels}, "spec": VOLUME})
    space.create("persistentvolumeclaims", {"metadata": {"name": "claim", "labels": labels}, "spec": CLAIM})
    assert cluster.names(volumes, labelSelector=f"volumes={space.name}") == [space.name]
    assert space.names("persistentvolumeclaims") == ["claim"]
    volume, claim = f"{volumes}/{space.name}", space.path("persistentvolumeclaims", "claim")
    assert cluster.get(f"{claim}/status")["status"]["phase"] == "Pending"
    assert cluster.get(f"{volume}/status")["status"]["phase"] in ("Pending", "Available")
    patch = {"status": {"conditions": [{"type": "StatusPatched"} | CONDITION]}}
    assert types(cluster.patch(f"{claim}/status", patch)) == ["StatusPatched"]
    found = cluster.patch(f"{volume}/status", {"status": {"message": "patched", "reason": "E2E"}})
    assert (found["status"]["message"], found["status"]["reason"]) == ("patched", "E2E")
    cluster.change(
        claim, lambda found: found["status"]["conditions"].append({"type": "Updated"} | CONDITION), "/status"
    )
    assert types(cluster.get(claim)) == ["StatusPatched", "Updated"]
    cluster.change(volume, lambda found: found["status"].update(message="updated"), "/status")
    assert cluster.get(volume)["status"]["message"] == "updated"
    space.delete("persistentvolumeclaims", "claim")
    cluster.gone(claim)
    cluster.delete(volume)
    cluster.gone(volume)


@pytest.mark.parametrize("kind", WORKLOADS)
def test_scale(space: Space, kind: str) -> None:
    path, body = WORKLOADS[kind]
    space.create(path, {"metadata": {"name": "test"}} | body)
    scale = space.path(path, "test", "scale")
    found = space.cluster.get(scale)
    assert (found["kind"], found["apiVersion"], found["spec"].get("replicas", 0)) == ("Scale", "autoscaling/v1", 0)
    space.cluster.change(scale, lambda found: found["spec"].update(replicas=2))
    assert space.get(path, "test")["spec"]["replicas"] == 2
    assert space.cluster.patch(scale, {"spec": {"replicas": 4}})["spec"]["replicas"] == 4
    assert space.get(path, "test")["spec"]["replicas"] == 4
    assert space.cluster.get(scale)["spec"]["replicas"] == 4


def test_controller_revisions(space: Space) -> None:
    """Those of a DaemonSet, as its controller makes them."""
    path = "apps/v1/controllerrevisions"
    daemons = "apps/v1/daemonsets"
    owner = space.create(daemons, {"metadata": {"name": "d"}} | workload())["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": owner["uid"], "controller": True}

    def make(number: int) -> None:
        metadata = {"name": f"d-{number}", "labels": {"app": "d"}, "ownerReferences": [reference]}
        data = {"spec": {"template": {"spec": containers()}}}
        space.create(path, {"metadata": metadata, "data": data, "revision": number})

    def found(label: str = "app=d") -> list[str]:
        return space.names(path, labelSelector=label)

    make(1)
    assert found() == ["d-1"]
    space.patch(path, "d-1", {"metadata": {"labels": {"d-1": "patched"}}})
    assert found("d-1=patched") == ["d-1"]
    make(2)
    assert found() == ["d-1", "d-2"]
    space.delete(path, "d-1")
    assert found() == ["d-2"]
    space.change(path, "d-2", lambda revision: revision["metadata"]["labels"].update({"d-2": "updated"}))
    assert found("d-2=updated") == ["d-2"]
    make(3)
    assert found() == ["d-2", "d-3"]
    space.delete(path, labelSelector="d-2=updated")
    assert found() == ["d-3"]
