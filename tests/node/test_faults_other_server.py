"""The pod operator alone, at an API server that is not ours: it is a kubelet there as well."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import container
from tests.operators.pod_other_server import server

FOLDER, PORT, NODE = "/run/other", 18080, "elsewhere"
KUBECONFIG = f"""
apiVersion: v1
kind: Config
current-context: other
clusters: [{{name: other, cluster: {{server: "http://127.0.0.1:{PORT}"}}}}]
users: [{{name: kubelet, user: {{token: bootstrap}}}}]
contexts: [{{name: other, context: {{cluster: other, user: kubelet}}}}]
"""
# What a kubelet asks of an API server; see the Kubernetes pages "Node Authorization" and "API Concepts".
USUAL = re.compile(
    r"GET /(version|api|apis|(api|apis/[a-z0-9.]+)/v\d\w*)"
    r"|GET /api/v1/(pods|nodes|services|endpoints|namespaces)"
    r"|GET /api/v1/(nodes|persistentvolumes)/[^/]+"
    r"|GET /api/v1/namespaces/[^/]+/(configmaps|secrets|pods|services|endpoints|persistentvolumeclaims)(/[^/]+)?"
    r"|(POST|PATCH) /api/v1/namespaces/[^/]+/events(/[^/]+)?"
    r"|POST /api/v1/namespaces/[^/]+/serviceaccounts/[^/]+/token"
    r"|PATCH /api/v1/namespaces/[^/]+/pods/[^/]+/status|DELETE /api/v1/namespaces/[^/]+/pods/[^/]+"
    r"|GET /apis/(certificates|node)\.k8s\.io/v1\w*/(clustertrustbundles|runtimeclasses)(/[^/]+)?"
)  # fmt: skip


def seed() -> list[dict[str, Any]]:
    addresses = [{"type": "InternalIP", "address": "192.0.2.7"}]
    capacity = {"cpu": "8", "memory": "16Gi", "pods": "110", "ephemeral-storage": "90Gi"}
    status = {"addresses": addresses, "allocatable": capacity, "capacity": capacity}
    port = {"name": "https", "port": 443, "targetPort": 6443}
    return [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}, "spec": {}, "status": status},
        *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("default", "shop")),
        named("Service", "kubernetes", "default", spec={"clusterIP": "10.0.0.1", "ports": [port]}),
        named("Endpoints", "kubernetes", "default",
              subsets=[{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"name": "https", "port": 6443}]}]),
        named("ConfigMap", "settings", "shop", data={"colour": "blue"}),
        named("ConfigMap", "kube-root-ca.crt", "shop", data={"ca.crt": "-----BEGIN CERTIFICATE-----"}),
        named("ServiceAccount", "default", "shop"),
        pod("cart"), pod("other", nodeName="another-node"), pod("unbound", nodeName=""),
        *(pod(f"far-{number}", nodeName="another-node") for number in range(30)),
    ]  # fmt: skip


def named(kind: str, name: str, namespace: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    """As kube-apiserver hands it out: defaulted, bound, with what later versions may add."""
    token = {"projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}}  # fmt: skip
    mount = {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}
    source = {"configMapKeyRef": {"name": "settings", "key": "colour"}}
    script = f'echo "$COLOUR $(cat {mount["mountPath"]}/token)"; trap "exit 0" TERM; while :; do sleep 1; done'
    made = container("app", script, env=[{"name": "COLOUR", "valueFrom": source}], volumeMounts=[mount],
                     terminationMessagePath="/dev/termination-log", aFieldToCome=True)  # fmt: skip
    spec = {"nodeName": NODE, "containers": [made], "volumes": [{"name": "kube-api-access", **token}],
            "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "serviceAccountName": "default", "priority": 0,
            "terminationGracePeriodSeconds": 3, "schedulerName": "default-scheduler", **spec}  # fmt: skip
    if not spec["nodeName"]:
        del spec["nodeName"]
    status = {"phase": "Pending", "qosClass": "BestEffort"}
    return named("Pod", name, "shop", spec=spec, status=status)


class Other:
    """The foreign API server on the node, seen by who is not its kubelet."""

    def __init__(self, node: TestNode) -> None:
        self.node = node

    def ask(self, method: str, path: str) -> Any:
        words = ["curl", "-sS", "-X", method, f"http://127.0.0.1:{PORT}{path}"]
        return json.loads(self.node.run(words).stdout)

    def pod(self, name: str) -> dict[str, Any]:
        return self.ask("GET", f"/api/v1/namespaces/shop/pods/{name}")  # type: ignore[no-any-return]

    def requests(self) -> list[dict[str, Any]]:
        lines = map(json.loads, self.node.read(f"{FOLDER}/log").splitlines())
        return [line for line in lines if line["user"]]  # curl has no credentials


@pytest.fixture
def other(node: TestNode) -> Iterator[Other]:
    node.run(["systemctl", "stop", "ukube-operators.service"])
    node.write(f"{FOLDER}/server.py", Path(server.__file__).read_text())
    node.write(f"{FOLDER}/seed.json", json.dumps(seed()))
    node.write(f"{FOLDER}/kubeconfig", KUBECONFIG)
    python, unit = "/opt/ukube/venv/bin/python", ["systemd-run", "--collect", "--quiet"]
    words = [python, f"{FOLDER}/server.py", str(PORT), f"{FOLDER}/seed.json", f"{FOLDER}/log"]
    node.run([*unit, "--unit=other-server", *words])
    unit += ["--unit=other-kubelet", f"--setenv=UKUBE_NODE_NAME={NODE}"]
    node.run([*unit, python, "-m", "operators.pod", "--kubeconfig", f"{FOLDER}/kubeconfig"])
    try:
        yield Other(node)
    finally:
        node.run(["systemctl", "stop", "other-kubelet", "other-server"], check=False)
        node.run(["systemctl", "start", "ukube-operators.service"])
        node.run(["rm", "-rf", FOLDER])


def wait(node: TestNode, what: str, check: Callable[[], Any], seconds: float = 40) -> Any:
    return node.wait_for(what, check, seconds)


def test_it_is_a_kubelet_there(node: TestNode, other: Other) -> None:
    look = ["curl", "-s", f"http://127.0.0.1:{PORT}/version"]
    wait(node, "it answers", lambda: node.run(look, check=False).returncode == 0)
    wait(node, "cart is ready", lambda: is_ready(other.pod("cart")))
    cart = other.pod("cart")
    assert cart["status"]["phase"] == "Running"
    assert cart["status"]["hostIP"] == "192.0.2.7"
    assert cart["status"]["containerStatuses"][0]["state"]["running"]
    assert {c["type"] for c in cart["status"]["conditions"]} >= {
        "PodScheduled",
        "Initialized",
        "ContainersReady",
        "Ready",
    }
    said = node.run(["sh", "-c", "cat /var/log/pods/shop_cart_*/app/*.log"]).stdout
    assert said.split("F ")[1].split() == ["blue", "a.b.c"]
    reasons = {e["reason"] for e in other.ask("GET", "/api/v1/namespaces/shop/events")["items"]}
    assert reasons >= {"Pulled", "Created", "Started"}
    # The Pods of others are not touched.
    assert other.pod("other")["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert len(node.run(["podman", "ps", "-q"]).stdout.split()) == 1
    time.sleep(server.WATCH_SECONDS + 1)  # the watches have ended, and are there again
    other.ask("DELETE", "/api/v1/namespaces/shop/pods/cart")
    wait(node, "cart is gone", lambda: other.pod("cart").get("reason") == "NotFound", 20)
    assert "shop" not in node.run(["sh", "-c", "ls /var/log/pods /etc/systemd/system"]).stdout
    check_requests(other.requests())


def check_requests(requests: list[dict[str, Any]]) -> None:
    """Whatever it asked could have been asked of any Kubernetes API server."""
    asked = {f"{line['method']} {line['path']}" for line in requests}
    assert [line for line in sorted(asked) if not USUAL.fullmatch(line)] == []
    assert {line["user"] for line in requests} == {"Bearer bootstrap"}
    assert all("as=Table" not in line["accept"] for line in requests)
    pods = [line["query"] for line in requests if line["path"] == "/api/v1/pods"]
    assert pods
    assert all(query.get("fieldSelector") == f"spec.nodeName={NODE}" for query in pods)
    assert all(
        line["query"].get("watch") or line["path"].count("/") > 3 for line in requests if "secrets" in line["path"]
    )
    standard = {"watch", "resourceVersion", "resourceVersionMatch", "fieldSelector", "labelSelector", "limit",
                "continue", "fieldManager", "allowWatchBookmarks", "timeoutSeconds", "sendInitialEvents"}  # fmt: skip
    assert {name for line in requests for name in line["query"]} <= standard
    deletion = [line["body"] for line in requests if line["method"] == "DELETE"]
    assert all(body["gracePeriodSeconds"] == 0 and body["preconditions"]["uid"] for body in deletion)


def is_ready(obj: dict[str, Any]) -> bool:
    conditions = obj.get("status", {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
