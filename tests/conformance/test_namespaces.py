"""Namespaces: finalizers, updates, status."""

from tests.conformance.cluster import Cluster, Object, Space

SPACES = "/api/v1/namespaces"


def test_finalizer(cluster: Cluster, space: Space) -> None:
    path = f"{SPACES}/{space.name}"
    fake = "e2e.example.com/fakeFinalizer"

    def finalize(*names: str) -> Object:
        found = cluster.get(path)
        return cluster.replace(f"{path}/finalize", found | {"spec": {"finalizers": list(names)}})

    assert fake in finalize("kubernetes", fake)["spec"]["finalizers"]
    assert fake in cluster.get(path)["spec"]["finalizers"]
    assert fake not in finalize("kubernetes")["spec"]["finalizers"]
    assert cluster.get(path)["spec"]["finalizers"] == ["kubernetes"]


def test_update(cluster: Cluster, space: Space) -> None:
    path = f"{SPACES}/{space.name}"
    cluster.change(path, lambda found: found["metadata"]["labels"].update({space.name: "updated"}))
    assert cluster.get(path)["metadata"]["labels"][space.name] == "updated"
    assert cluster.names(SPACES, labelSelector=f"{space.name}=updated") == [space.name]


def test_status(cluster: Cluster, space: Space) -> None:
    path = f"{SPACES}/{space.name}"
    assert cluster.get(f"{path}/status")["status"]["phase"] == "Active"
    condition: Object = {"type": "StatusPatch", "status": "True", "reason": "E2E", "message": "Patched by a test"}
    patch: Object = {"metadata": {"annotations": {"e2e-patched": "yes"}}, "status": {"conditions": [condition]}}
    cluster.patch(f"{path}/status", patch)
    found = cluster.get(path)
    assert found["metadata"]["annotations"]["e2e-patched"] == "yes"
    assert found["status"]["conditions"][0]["reason"] == "E2E"
    updated = condition | {"type": "StatusUpdate", "message": "Updated by a test"}
    cluster.change(path, lambda found: found["status"]["conditions"].append(updated), "/status")
    conditions = cluster.get(path)["status"]["conditions"]
    assert [found["type"] for found in conditions] == ["StatusPatch", "StatusUpdate"]
