"""A Pod asks the API server who it is, with its own token, over the Service `kubernetes`."""

import base64
import json
from typing import Any

import pytest

from deploy.sandbox import node as sandbox
from tests.node.conftest import TestNode
from tests.node.pods import Pods, container

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
REVIEW = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
# busybox has no TLS that checks certificates: the node's openssl speaks for the Pod, inside its network namespace.
ASK = f"""
set -e
pid=$1 root=/proc/$1/root folder=$root{FOLDER}
host=$(tr '\\0' '\\n' < /proc/$pid/environ | sed -n 's/^KUBERNETES_SERVICE_HOST=//p')
port=$(tr '\\0' '\\n' < /proc/$pid/environ | sed -n 's/^KUBERNETES_SERVICE_PORT=//p')
cp $folder/ca.crt $folder/token /run/
exec nsenter --net=/proc/$pid/ns/net curl -sS --max-time 10 --cacert /run/ca.crt \\
    -H "Authorization: Bearer $(cat /run/token)" -H 'Content-Type: application/json' -d '{REVIEW}' \\
    https://$host:$port/apis/authentication.k8s.io/v1/selfsubjectreviews
"""


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    return Pods(node, namespace)


def ask(pods: Pods, name: str) -> dict[str, Any]:
    """The answer of the API server to the Pod's own request."""
    node = pods.node
    uid = pods.get(name)["metadata"]["uid"]
    pid = node.read(f"/run/ukube/pods/{uid}/c.pid").strip()
    found: dict[str, Any] = json.loads(node.run(["sh", "-c", ASK, "sh", pid]).stdout)
    return found


def test_a_pod_is_its_service_account(pods: Pods) -> None:
    pods.create("asker", container("c"))
    pods.wait_ready("asker")
    pod = pods.get("asker")
    user = ask(pods, "asker")["status"]["userInfo"]
    assert user["username"] == f"system:serviceaccount:{pods.namespace}:default"
    assert user["groups"] == [
        "system:serviceaccounts",
        f"system:serviceaccounts:{pods.namespace}",
        "system:authenticated",
    ]
    assert user["extra"]["authentication.kubernetes.io/pod-uid"] == [pod["metadata"]["uid"]]
    assert user["extra"]["authentication.kubernetes.io/node-name"] == [pod["spec"]["nodeName"]]


def test_its_files(pods: Pods) -> None:
    listing = (
        f"cd {FOLDER}; stat -c '%n %a %u' ..data/*; cat namespace; grep -c CERTIFICATE ca.crt; mount | grep {FOLDER}"
    )
    user = {"securityContext": {"runAsUser": 1234}}
    pods.create("lister", container("c", listing), restartPolicy="Never")
    pods.create("user", container("c", listing, **user), restartPolicy="Never")
    for name in ("lister", "user"):
        pods.wait_phase(name, "Succeeded")
    root = pods.logs("lister")
    assert "..data/token 644 0" in root
    assert pods.namespace in root
    assert "tmpfs (ro" in root or "tmpfs ro" in root or " tmpfs " in root
    assert "..data/token 600 1234" in pods.logs("user")
    assert "..data/ca.crt 644 0" in pods.logs("user")


def test_a_token_dies_with_its_pod(pods: Pods) -> None:
    pods.create("mortal", container("c"))
    pods.wait_ready("mortal")
    node = pods.node
    token = node.kubectl("exec", "-n", pods.namespace, "mortal", "--", "cat", f"{FOLDER}/token").stdout.strip()
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}

    def check() -> dict[str, Any]:
        done = node.kubectl("create", "-f", "-", "-o", "json", input=json.dumps(review))
        found: dict[str, Any] = json.loads(done.stdout)["status"]
        return found

    assert check()["authenticated"] is True
    pods.delete("mortal")
    assert check()["error"] == "[invalid bearer token, service account token has been invalidated]"


def test_no_token_where_none_is_wanted(pods: Pods) -> None:
    pods.create("without", container("c", f"ls {FOLDER}"), restartPolicy="Never", automountServiceAccountToken=False)
    pods.wait_phase("without", "Failed")


@pytest.mark.long
def test_it_boots_with_the_token_it_had(pods: Pods) -> None:
    """Sealed, and opened before the operators run; then renewed or not, the API server takes it."""
    pods.create("booted", container("c"))
    pods.wait_ready("booted")
    node, uid = pods.node, pods.get("booted")["metadata"]["uid"]
    before = _claims(node, uid)
    node.wait_for(
        "sealed", lambda: node.run(["test", "-s", f"/var/lib/ukube/pods/{uid}/sealed"], check=False).returncode == 0
    )
    node.run(["systemctl", "disable", "ukube-operators.service"])
    try:
        sandbox.reboot(node.node)
        asked = ["systemctl", "is-active", pods.unit("booted", "c")]
        node.wait_for("it runs", lambda: node.run(asked, check=False).stdout.strip() == "active")
        node.wait_for("the API answers", lambda: node.kubectl("get", "--raw=/readyz", check=False).stdout == "ok")
        assert _claims(node, uid) == before
        assert ask(pods, "booted")["status"]["userInfo"]["username"].endswith(":default")
    finally:
        node.run(["systemctl", "enable", "--now", "ukube-operators.service"])
    node.wait_for("it is adopted", lambda: pods.status("booted", "c").get("restartCount") == 1)


def _claims(node: TestNode, uid: str) -> dict[str, Any]:
    token = node.run(["sh", "-c", f"cat /run/ukube/pods/{uid}/volumes/kubernetes.io~projected/*/token"]).stdout
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found
