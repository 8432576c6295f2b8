"""Claims on a real node: volumes made, used, kept, grown, copied and removed."""

import json
from typing import Any

import pytest

from tests.node import pods as building
from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, Pods

ROOT = "/var/lib/ukube/volumes"


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    return Pods(node, namespace)


def claim(name: str, size: str = "16Mi", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec},
    }


def using(of: str, **source: Any) -> list[dict[str, Any]]:
    return [{"name": "data", "persistentVolumeClaim": {"claimName": of, **source}}]


def mounting(script: str = FOREVER, **mount: Any) -> dict[str, Any]:
    return building.container("c", script, volumeMounts=[{"name": "data", "mountPath": "/data", **mount}])


def get(pods: Pods, kind: str, name: str) -> dict[str, Any]:
    return pods.node.json("get", kind, name, "-n", pods.namespace)


def phase(pods: Pods, kind: str, name: str) -> str:
    return get(pods, kind, name).get("status", {}).get("phase", "")


def volume_of(pods: Pods, of: str) -> dict[str, Any]:
    name = get(pods, "pvc", of)["spec"]["volumeName"]
    return pods.node.json("get", "pv", name)


def is_there(node: TestNode, path: str) -> bool:
    return node.run(["test", "-e", path], check=False).returncode == 0


def test_a_claim_from_its_first_pod_to_its_end(pods: Pods) -> None:
    node = pods.node
    pods.apply(claim("c"))
    node.wait_for(
        "the claim says what it waits for",
        lambda: any("waiting for first consumer to be created" in text for _, text in pods.events("c")),
    )
    assert phase(pods, "pvc", "c") == "Pending"
    pods.create("writer", mounting("echo kept > /data/file"), volumes=using("c"), restartPolicy="Never")
    pods.wait_phase("writer", "Succeeded")
    volume = volume_of(pods, "c")
    path = volume["spec"]["local"]["path"]
    assert path == f"{ROOT}/{volume['metadata']['name']}"
    assert get(pods, "pvc", "c")["status"]["capacity"] == {"storage": "16Mi"}
    assert node.read(f"{path}/file") == "kept\n"
    pods.delete("writer")
    pods.create(
        "reader", mounting("cat /data/file; touch /data/x"), volumes=using("c", readOnly=True), restartPolicy="Never"
    )
    pods.wait_phase("reader", "Failed")
    assert "kept" in pods.logs("reader")
    assert "Read-only" in pods.logs("reader")

    node.kubectl("delete", "pvc", "c", "-n", pods.namespace, "--wait=false")
    assert get(pods, "pvc", "c")["metadata"]["deletionTimestamp"], "a Pod that uses it keeps it"
    pods.delete("reader")
    node.wait_for("the claim is gone", lambda: not node.json("get", "pvc", "-n", pods.namespace)["items"])
    node.wait_for("its directory is gone", lambda: not is_there(node, path))
    node.wait_for(
        "its volume is gone", lambda: node.kubectl("get", "pv", volume["metadata"]["name"], check=False).returncode
    )


def test_it_grows_and_is_copied(pods: Pods) -> None:
    node = pods.node
    pods.apply(claim("c"))
    pods.create("p", mounting(f"echo one > /data/file; {FOREVER}"), volumes=using("c"))
    pods.wait_ready("p")
    change = {"spec": {"resources": {"requests": {"storage": "32Mi"}}}}
    node.kubectl("patch", "pvc", "c", "-n", pods.namespace, "--patch", json.dumps(change))
    node.wait_for("the claim has grown", lambda: get(pods, "pvc", "c")["status"]["capacity"] == {"storage": "32Mi"})
    assert volume_of(pods, "c")["spec"]["capacity"] == {"storage": "32Mi"}
    assert pods.status("p", "c")["restartCount"] == 0

    pods.apply(claim("copy", "32Mi", dataSource={"kind": "PersistentVolumeClaim", "name": "c"}))
    pods.create("q", mounting("cat /data/file"), volumes=using("copy"), restartPolicy="Never")
    pods.wait_phase("q", "Succeeded")
    assert pods.logs("q") == "one\n"


def test_a_pods_own_claim_goes_with_it(pods: Pods) -> None:
    node = pods.node
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}
    volumes = [{"name": "data", "ephemeral": {"volumeClaimTemplate": template}}]
    pods.create("p", mounting(f"touch /data/file; {FOREVER}"), volumes=volumes)
    pods.wait_ready("p")
    path = volume_of(pods, "p-data")["spec"]["local"]["path"]
    node.wait_for("the file is there", lambda: is_there(node, f"{path}/file"))
    pods.delete("p")
    node.wait_for("the claim is gone", lambda: not node.json("get", "pvc", "-n", pods.namespace)["items"])
    node.wait_for("its directory is gone", lambda: not is_there(node, path))


def test_volumes_made_by_hand(pods: Pods, request: pytest.FixtureRequest) -> None:
    node, name = pods.node, f"pv-{pods.namespace}"
    folder = f"/var/lib/{name}"
    node.run(["mkdir", folder])
    request.addfinalizer(lambda: node.run(["rm", "-r", folder]))
    spec = {"accessModes": ["ReadWriteMany"], "capacity": {"storage": "1Gi"}, "storageClassName": name}
    node.apply(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": name},
                "spec": {**spec, "hostPath": {"path": folder}},
            }
        )
    )
    request.addfinalizer(lambda: node.kubectl("delete", "pv", name, "--wait=false"))
    pods.create("p", mounting("echo by hand > /data/sub", subPath=""), volumes=using("c"), restartPolicy="Never")
    node.wait_for(
        "the Pod says what it waits for",
        lambda: any('persistentvolumeclaim "c" not found' in text for _, text in pods.events("p")),
    )
    pods.apply(claim("c", "1Mi", accessModes=["ReadWriteMany"], storageClassName=name))
    pods.wait_phase("p", "Succeeded")
    assert node.read(f"{folder}/sub") == "by hand\n"
    pods.delete("p")
    node.kubectl("delete", "pvc", "c", "-n", pods.namespace)
    node.wait_for("it is released", lambda: node.json("get", "pv", name)["status"]["phase"] == "Released")
    assert is_there(node, f"{folder}/sub")


def test_a_claim_for_one_pod_alone(pods: Pods) -> None:
    pods.apply(claim("c", accessModes=["ReadWriteOncePod"]))
    pods.create("first", mounting(), volumes=using("c"))
    pods.wait_ready("first")
    pods.create("second", mounting(), volumes=using("c"))
    pods.node.wait_for(
        "the second waits", lambda: any("already in-use by another pod" in text for _, text in pods.events("second"))
    )
    past = building.manifest("third", mounting(), volumes=using("c"), nodeName=pods.node.name)
    pods.apply(past)
    pods.node.wait_for(
        "so does one that nobody scheduled",
        lambda: any("ReadWriteOncePod access mode and is already in use" in text for _, text in pods.events("third")),
    )
    pods.delete("third", "--force")
    pods.delete("first")
    pods.wait_ready("second")


def test_a_volume_deleted_before_its_claim(pods: Pods) -> None:
    """It stays until the claim goes, and then what it holds goes too."""
    node = pods.node
    now = {"provisioner": "microkube.io/node", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}
    name = f"now-{pods.namespace}"
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    node.apply(json.dumps(kind | now | {"parameters": {"mode": "0750"}}))
    pods.apply(claim("c", storageClassName=name))
    node.kubectl("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/c", "-n", pods.namespace, "--timeout=20s")
    volume = volume_of(pods, "c")
    path = volume["spec"]["local"]["path"]
    assert node.run(["stat", "-c", "%a", path]).stdout.strip() == "750"
    node.kubectl("delete", "pv", volume["metadata"]["name"], "--wait=false")
    assert is_there(node, path)
    assert phase(pods, "pvc", "c") == "Bound"
    node.kubectl("delete", "pvc", "c", "-n", pods.namespace)
    node.wait_for("its directory is gone", lambda: not is_there(node, path))
    node.kubectl("wait", "--for=delete", "pv", volume["metadata"]["name"], "--timeout=20s")
    node.kubectl("delete", "storageclass", name)


def test_what_is_written_outlives_a_power_cut(pods: Pods) -> None:
    node = pods.node
    pods.apply(claim("c"))
    script = f"sleep 0; cat /data/count; echo run >> /data/count; sync; {FOREVER}"
    pods.create("p", mounting(script), volumes=using("c"))
    pods.wait_ready("p")
    node.kill_power()
    node.wait_for("it found what it had written", lambda: "run" in pods.logs("p"))
    pods.wait_ready("p")
    assert volume_of(pods, "c")["status"]["phase"] == "Bound"
    assert node.json("get", "storageclass", "standard")["provisioner"] == "microkube.io/node"
