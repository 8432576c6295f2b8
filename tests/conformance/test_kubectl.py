"""kubectl against the API alone: Pods are objects here, their containers never run."""

import http.client
import json
import re
import socket
from contextlib import closing
from pathlib import Path

from tests.conformance.cluster import Kubectl, Object, Space, eventually
from tests.conformance.kinds import containers, template, workload
from tests.conformance.kubelet import Kubelet

POD: Object = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "pause", "labels": {"name": "pause"}},
    "spec": containers("pause"),
}


def test_api_versions(kubectl: Kubectl) -> None:
    assert "v1" in kubectl("api-versions").split()


def test_cluster_info(kubectl: Kubectl) -> None:
    said = re.sub(r"\x1b\[[0-9;]*m", "", kubectl("cluster-info"))
    assert "Kubernetes control plane is running at https://" in said


def test_describe(kubectl: Kubectl, space: Space) -> None:
    controller = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "agnhost-primary", "labels": {"app": "agnhost"}},
        "spec": {"replicas": 1, "selector": {"app": "agnhost"}, "template": template(app="agnhost")},
    }
    kubectl("create", "-f", "-", stdin=controller)
    kubectl("expose", "rc", "agnhost-primary", "--name=svc", "--port=6379", "--target-port=6379")
    kubectl("create", "-f", "-", stdin=POD)
    for what, words in {
        ("pod", "pause"): ["Name:", "Namespace:", "Labels:", "name=pause", "Status:", "IP:", "Image:", "Containers:"],
        ("rc", "agnhost-primary"): ["Replicas:", "Pods Status:", "Pod Template:", "Image:", "Selector:", "app=agnhost"],
        ("service", "svc"): ["Name:", "Namespace:", "Selector:", "Type:", "IP:", "Port:", "Endpoints:"],
        ("namespace", space.name): ["Name:", space.name, "Labels:", "Status:", "Active"],
    }.items():
        said = kubectl("describe", *what)
        for word in words:
            assert word in said, (what, word)
    status = {"conditions": [{"type": "Ready", "status": "True"}], "capacity": {"cpu": "1", "memory": "1Gi"}}
    space.cluster.create("/api/v1/nodes", {"metadata": {"name": space.name}, "status": status})
    said = kubectl("describe", "node", space.name)
    for word in ("Name:", "Labels:", "Annotations:", "CreationTimestamp", "Conditions:", "Capacity:", "Pods"):
        assert word in said
    space.cluster.delete(f"/api/v1/nodes/{space.name}")


def test_diff(kubectl: Kubectl) -> None:
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "httpd"}} | workload(replicas=0)
    kubectl("create", "-f", "-", stdin=body)
    text = json.dumps(body).replace("registry.example/image:1", "registry.example/other:1")
    said = kubectl("diff", "-f", "-", stdin=text, code=1)
    assert re.search(r"^-.*registry.example/image:1$", said, re.MULTILINE)
    assert re.search(r"^\+.*registry.example/other:1$", said, re.MULTILINE)


def test_label(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=POD)
    kubectl("label", "pods", "pause", "testing-label=testing-label-value")
    assert "testing-label-value" in kubectl("get", "pod", "pause", "-L", "testing-label")
    assert "pause" in kubectl("get", "pods", "-l", "testing-label=testing-label-value")
    kubectl("label", "pods", "pause", "testing-label-")
    assert "testing-label-value" not in kubectl("get", "pod", "pause", "-L", "testing-label")
    assert "No resources found" in kubectl("get", "pods", "-l", "testing-label")


def test_patch_annotates(kubectl: Kubectl, space: Space) -> None:
    for name in ("a", "b"):
        space.create("pods", {"metadata": {"name": name, "labels": {"app": "agnhost"}}, "spec": containers()})
    for name in space.names("pods", labelSelector="app=agnhost"):
        kubectl("patch", "pod", name, "-p", '{"metadata":{"annotations":{"x":"y"}}}')
    assert [pod["metadata"]["annotations"]["x"] for pod in space.items("pods")] == ["y", "y"]


def test_run(kubectl: Kubectl, space: Space) -> None:
    kubectl("run", "e2e-test-pod", "--restart=Never", "--image=registry.example/httpd:1")
    spec = space.get("pods", "e2e-test-pod")["spec"]
    assert [container["image"] for container in spec["containers"]] == ["registry.example/httpd:1"]
    assert spec["restartPolicy"] == "Never"


def test_server_side_dry_run(kubectl: Kubectl, space: Space) -> None:
    kubectl("run", "e2e-test-pod", "--image=registry.example/httpd:1", "--labels=run=e2e-test-pod")
    patch = '{"spec":{"containers":[{"name": "e2e-test-pod","image": "registry.example/busybox:1"}]}}'
    said = kubectl("patch", "pod", "e2e-test-pod", "-p", patch, "--dry-run=server", "-o", "yaml")
    assert "image: registry.example/busybox:1" in said
    assert space.get("pods", "e2e-test-pod")["spec"]["containers"][0]["image"] == "registry.example/httpd:1"


def test_proxy_on_port_zero(kubectl: Kubectl) -> None:
    with kubectl.running("proxy", "--port=0", "--disable-filter=true") as process:
        assert process.stdout
        port = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert port
        with closing(http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=10)) as connection:
            connection.request("GET", "/api/")
            assert json.loads(connection.getresponse().read())["versions"]


def test_proxy_on_a_socket(kubectl: Kubectl, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with kubectl.running("proxy", f"--unix-socket={path}"):
        eventually(path.exists, "the socket")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(path))
            client.sendall(b"GET /api/ HTTP/1.0\r\nHost: localhost\r\n\r\n")
            with client.makefile("rb") as answer:
                assert json.loads(answer.read().partition(b"\r\n\r\n")[2])["versions"]


def controller(replicas: int) -> Object:
    spec = {"replicas": replicas, "selector": {"name": "update-demo"}, "template": template(name="update-demo")}
    return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "update-demo"}, "spec": spec}


def running(space: Space, count: int) -> None:
    def phases() -> list[str]:
        pods = space.items("pods", labelSelector="name=update-demo")
        return [pod["status"].get("phase", "") for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    eventually(lambda: phases() == ["Running"] * count, f"{count} Pods run")


def test_replication_controllers(kubectl: Kubectl, space: Space, kubelet: Kubelet) -> None:
    kubectl("create", "-f", "-", stdin=controller(2))
    running(space, 2)
    kubectl("delete", "rc", "update-demo")
    eventually(lambda: not space.names("pods"), "its Pods go with it")


def test_replication_controllers_scale(kubectl: Kubectl, space: Space, kubelet: Kubelet) -> None:
    kubectl("create", "-f", "-", stdin=controller(2))
    running(space, 2)
    kubectl("scale", "rc", "update-demo", "--replicas=1")
    running(space, 1)
    kubectl("scale", "rc", "update-demo", "--replicas=2")
    running(space, 2)
