"""Static Pods on a real node: from file to container, mirrored, without an API server, over a reboot."""

import json
from collections.abc import Iterator

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, IMAGE, Pods

FOLDER = "/etc/ukube/manifests"


def text(script: str = FOREVER, **spec: object) -> str:
    container = {"name": "c", "image": IMAGE, "imagePullPolicy": "Never", "command": ["sh", "-c", script]}
    metadata = {"name": "fixed", "labels": {"tier": "node"}}
    body = {"terminationGracePeriodSeconds": 1, "containers": [container], **spec}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body})


@pytest.fixture
def static(node: TestNode) -> Iterator[Pods]:
    pods = Pods(node, "default")
    yield pods
    node.run(["sh", "-c", f"rm -f {FOLDER}/*"])
    node.run(["systemctl", "start", "ukube-apiserver"])
    name = f"fixed-{node.name}"
    node.wait_for("it is gone", lambda: node.kubectl("get", "pod", name, check=False).returncode != 0)
    node.wait_for("nothing is left", lambda: not any("fixed" in trace for trace in pods.traces()))


def put(node: TestNode, content: str) -> None:
    node.write(f"{FOLDER}/.new", content)
    node.run(["mv", f"{FOLDER}/.new", f"{FOLDER}/fixed.yaml"])


def test_life_of_a_static_pod(node: TestNode, static: Pods) -> None:
    name = f"fixed-{node.name}"
    put(node, text(f"echo one; {FOREVER}"))
    node.wait_for("ready", lambda: node.kubectl("get", "pod", name, check=False).returncode == 0 and static.ready(name))
    mirror = static.get(name)
    notes = mirror["metadata"]["annotations"]
    assert notes["kubernetes.io/config.source"] == "file"
    assert notes["kubernetes.io/config.mirror"] == notes["kubernetes.io/config.hash"]
    assert mirror["metadata"]["ownerReferences"][0]["kind"] == "Node"
    assert static.logs(name) == "one\n"
    assert node.kubectl("exec", name, "--", "echo", "hello").stdout == "hello\n"
    container = static.status(name, "c")["containerID"]

    # A deleted mirror comes back, its container never ends.
    node.kubectl("delete", "pod", name, "--wait=false")
    uid = mirror["metadata"]["uid"]
    node.wait_for("it is back", lambda: _uid(node, name) not in ("", uid) and static.ready(name))
    assert static.status(name, "c")["containerID"] == container

    # A broken file changes nothing, a right one replaces the Pod.
    put(node, "{")
    put(node, text(f"echo two; {FOREVER}"))
    node.wait_for("the new one", lambda: static.logs(name) == "two\n")
    node.wait_for("ready", lambda: static.ready(name))
    assert static.status(name, "c")["containerID"] != container


def _uid(node: TestNode, name: str) -> str:
    return node.kubectl("get", "pod", name, "-o", "jsonpath={.metadata.uid}", check=False).stdout


def test_without_an_api_server(node: TestNode, static: Pods) -> None:
    """Made, changed and ended while there is none; shown when there is one again."""
    name = f"fixed-{node.name}"
    node.run(["systemctl", "stop", "ukube-apiserver"])
    put(node, text(f"echo alone > /proc/1/fd/1; {FOREVER}"))
    logs = ["sh", "-c", f"cat /var/log/pods/default_{name}_*/c/*.log"]
    node.wait_for("it runs", lambda: "alone" in node.run(logs, check=False).stdout)
    put(node, text(f"echo changed; {FOREVER}"))
    node.wait_for("it runs anew", lambda: "changed" in node.run(logs, check=False).stdout)
    # Killed and restarted by systemd alone.
    node.run(["systemctl", "start", "ukube-apiserver"])
    node.wait_for(
        "it is shown",
        lambda: node.kubectl("get", "pod", name, check=False).returncode == 0 and static.ready(name),
        timeout=60,
    )


def test_a_reboot_brings_it_back(node: TestNode, static: Pods) -> None:
    name = f"fixed-{node.name}"
    put(node, text())
    node.wait_for("ready", lambda: node.kubectl("get", "pod", name, check=False).returncode == 0 and static.ready(name))
    uid = static.get(name)["metadata"]["uid"]
    node.reboot()
    node.wait_for("ready", lambda: static.ready(name), timeout=60)
    assert static.get(name)["metadata"]["uid"] == uid
