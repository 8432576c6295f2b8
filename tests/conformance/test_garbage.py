"""What goes with its owner, what stays, and what goes first."""

from tests.conformance.cluster import Cluster, Object, Space, eventually
from tests.conformance.kinds import containers, template, workload
from tests.conformance.kubelet import Kubelet

BACKGROUND: Object = {"propagationPolicy": "Background"}
FOREGROUND: Object = {"propagationPolicy": "Foreground"}
ORPHAN: Object = {"propagationPolicy": "Orphan"}


def controller(space: Space, name: str, replicas: int) -> tuple[Object, list[str]]:
    """A ReplicationController, and the names of its Pods once there are so many."""
    spec: Object = {"replicas": replicas, "selector": {"app": name}, "template": template(app=name)}
    made = space.create("replicationcontrollers", {"metadata": {"name": name}, "spec": spec})
    labels = {"labelSelector": f"app={name}"}
    eventually(lambda: len(space.names("pods", **labels)) == replicas, f"{name} has {replicas} Pods")
    return made, space.names("pods", **labels)


def owner(obj: Object, kind: str = "ReplicationController", **more: bool) -> Object:
    metadata = obj["metadata"]
    return {"apiVersion": "v1", "kind": kind, "name": metadata["name"], "uid": metadata["uid"], **more}


def test_background(space: Space) -> None:
    controller(space, "rc", 2)
    space.delete("replicationcontrollers", "rc", BACKGROUND)
    assert not space.cluster.exists(space.path("replicationcontrollers", "rc"))
    eventually(lambda: not space.names("pods"), "Pods without their owner are gone")


def test_orphans(space: Space) -> None:
    _, names = controller(space, "rc", 10)
    space.delete("replicationcontrollers", "rc", ORPHAN)
    space.cluster.gone(space.path("replicationcontrollers", "rc"))
    assert space.names("pods") == names
    assert not [pod for pod in space.items("pods") if pod["metadata"].get("ownerReferences")]
    assert not [pod for pod in space.items("pods") if "deletionTimestamp" in pod["metadata"]]


def test_foreground_waits_for_all_dependents(space: Space) -> None:
    _, names = controller(space, "rc", 10)
    space.patch("pods", names[0], {"metadata": {"finalizers": ["example.com/wait"]}})
    space.delete("replicationcontrollers", "rc", FOREGROUND)
    eventually(lambda: space.names("pods") == names[:1], "all Pods but the one that waits are gone")
    found = space.get("replicationcontrollers", "rc")["metadata"]
    assert "deletionTimestamp" in found
    assert "foregroundDeletion" in found["finalizers"]
    space.patch("pods", names[0], {"metadata": {"finalizers": None}})
    space.cluster.gone(space.path("replicationcontrollers", "rc"))
    assert space.names("pods") == []


def test_dependents_with_another_owner_stay(space: Space) -> None:
    (_, names), (second, _) = controller(space, "first", 10), controller(space, "second", 0)
    kept = names[5:]
    for name in kept:
        space.change("pods", name, lambda pod: pod["metadata"]["ownerReferences"].append(owner(second)))
    space.delete("replicationcontrollers", "first", FOREGROUND)
    space.cluster.gone(space.path("replicationcontrollers", "first"))
    assert space.names("pods") == kept
    for pod in space.items("pods"):
        assert "deletionTimestamp" not in pod["metadata"]
        assert [reference["name"] for reference in pod["metadata"]["ownerReferences"]] == ["second"]


def test_circle(space: Space) -> None:
    names = ["pod-0", "pod-1", "pod-2"]
    for name in names:
        space.create("pods", {"metadata": {"name": name}, "spec": containers()})
    found = {name: space.get("pods", name) for name in names}
    for name, other in zip(names, [names[2], names[0], names[1]], strict=True):
        reference = owner(found[other], "Pod", controller=True, blockOwnerDeletion=True)
        space.patch("pods", name, {"metadata": {"ownerReferences": [reference]}})
    space.delete("pods", names[0], FOREGROUND)
    eventually(lambda: not space.names("pods"), "all of the circle is gone")


def test_deployment_takes_its_replicasets(space: Space, kubelet: Kubelet) -> None:
    deployments, replicasets = "apps/v1/deployments", "apps/v1/replicasets"
    space.create(deployments, {"metadata": {"name": "web"}} | workload(replicas=2))
    eventually(lambda: len(space.names(replicasets)) == 1, "the ReplicaSet")
    eventually(lambda: len(space.names("pods")) == 2, "its Pods")
    space.delete(deployments, "web", BACKGROUND)
    eventually(lambda: not space.names(replicasets), "the ReplicaSet is gone")
    eventually(lambda: not space.names("pods"), "its Pods are gone")


def test_namespaces_lose_their_pods_first(cluster: Cluster, space: Space) -> None:
    space.create("configmaps", {"metadata": {"name": "later"}})
    metadata = {"name": "held", "finalizers": ["example.com/wait"]}
    space.create("pods", {"metadata": metadata, "spec": containers()})
    path = f"/api/v1/namespaces/{space.name}"
    cluster.delete(path)
    eventually(lambda: "deletionTimestamp" in space.get("pods", "held")["metadata"], "the Pod is to go")

    def failing() -> str:
        conditions = cluster.get(path)["status"].get("conditions", ())
        found = {condition["type"]: condition for condition in conditions if condition["status"] == "True"}
        return str(found.get("NamespaceContentRemaining", {}).get("message", ""))

    assert "pods" in eventually(failing, "the namespace says what remains")
    assert space.cluster.exists(space.path("configmaps", "later"))
    space.patch("pods", "held", {"metadata": {"finalizers": None}})
    cluster.gone(path)
