"""Pods when the machine under them is restarted, fills up or loses what it had: they end up where their specs say."""

import json
from typing import Any

import pytest

from tests.node.pods import FOREVER, Pods, container, machinery

PODS = "/var/lib/ukube/pods"


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def ids(node, namespace: str) -> dict[str, str]:
    lines = node.run(["podman", "ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}"]).stdout.splitlines()
    return dict(line.split() for line in lines if line.startswith(f"{namespace}_"))


@pytest.mark.parametrize(
    "words",
    [
        ["systemctl", "restart", "dbus.service"],
        ["systemctl", "daemon-reload"],
        ["systemctl", "daemon-reexec"],
        ["systemctl", "restart", "podman.socket"],
        ["systemctl", "kill", "--signal=STOP", "ukube-operators.service"],
    ],
    ids=lambda words: "-".join(words[1:3]),
)
def test_restarted_underneath_while_pods_start_and_end(node, namespace, pods, words):
    pods.create("stays", container("app"))
    pods.create("ends", container("app"))
    pods.wait_ready("stays")
    pods.wait_ready("ends")
    before = ids(node, namespace)[f"{namespace}_stays_app"]
    pods.create("comes", container("app"), initContainers=[container("prep", "sleep 0.3")])
    node.kubectl("delete", "pod", "ends", "-n", namespace, "--wait=false")
    node.run(words)
    node.run(["systemctl", "kill", "--signal=CONT", "ukube-operators.service"], check=False)
    pods.wait_ready("comes", 60)
    node.wait_for("ends is gone", lambda: not any("ends" in trace for trace in pods.traces()))
    assert ids(node, namespace)[f"{namespace}_stays_app"] == before
    assert [pods.status(name, "app")["restartCount"] for name in ("stays", "comes")] == [0, 0]


def test_podman_is_killed_while_it_starts_a_container(node, namespace, pods):
    """As often as it takes to hit it in each part of its start; systemd tries again, and one container comes of it."""
    script = r"""
        for delay in 0.01 0.03 0.05 0.07 0.09; do
            for _ in $(seq 200); do
                pid=$(pgrep -f "podman.* run --name=$1" | head -n1)
                [ -n "$pid" ] && break
                sleep 0.01
            done
            sleep $delay
            kill -9 $pid 2>/dev/null && echo killed
            sleep 0.05
        done"""
    killer = node.popen(["sh", "-c", script, "sh", f"{namespace}_web_app"])
    pods.create("web", container("app"))
    said, _ = killer.communicate(timeout=60)
    assert "killed" in said
    pods.wait_ready("web", 60)
    assert list(ids(node, namespace)) == [f"{namespace}_web_app"]
    pods.delete("web")
    assert pods.traces() == []


def test_an_image_deleted_underneath(node, namespace, pods):
    image = node.image(f"gone-{namespace}")
    pods.create("web", {**container("app"), "image": image})
    pods.wait_ready("web")
    pid = node.read(f"/run/ukube/pods/{pods.get('web')['metadata']['uid']}/app.pid").strip()
    # What podman itself would not do while a container uses it.
    taken = node.run(["podman", "image", "inspect", "--format", "{{.Id}}", image]).stdout.strip()
    node.run(["systemctl", "stop", "ukube-operators.service"])
    node.run(["podman", "stop", "-t", "0", f"{namespace}_web_app"], check=False)
    node.run(["kill", "-9", pid], check=False)
    node.wait_for("the image is gone", lambda: node.run(["podman", "rmi", "-f", taken], check=False).returncode == 0)
    node.run(["systemctl", "start", "ukube-operators.service"])
    node.wait_for(
        "it says why",
        lambda: pods.waiting("web", "app") in ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"),
        60,
    )
    assert pods.phase("web") == "Running"
    node.image(f"gone-{namespace}")
    pods.wait_ready("web", 60)
    node.run(["podman", "rmi", "-f", image], check=False)


@pytest.fixture
def full(node):
    """The disk where Pods lie has no room left."""
    node.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", PODS])
    node.run(["sh", "-c", f"dd if=/dev/zero of={PODS}/.fill bs=4k 2>/dev/null; true"])
    yield
    node.run(["umount", "-l", PODS])


def test_a_full_disk(node, namespace, pods, full):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}
    pods.apply(config)
    volumes: list[dict[str, Any]] = [{"name": "settings", "configMap": {"name": "settings"}}]
    pods.create("web", container("app", volumeMounts=[{"name": "settings", "mountPath": "/s"}]), volumes=volumes)
    node.wait_for("it says why", lambda: [told for told in pods.events("web") if "no space left on device" in told[1]])
    assert pods.phase("web") == "Pending"
    assert pods.waiting("web", "app") == "ContainerCreating"
    node.run(["rm", f"{PODS}/.fill"])
    pods.wait_ready("web", 60)
    assert pods.status("web", "app")["restartCount"] == 0
    pods.delete("web")
    assert pods.traces() == []


def test_a_full_disk_hinders_no_end(node, namespace, pods):
    pods.create("web", container("app"))
    pods.wait_ready("web")
    uid = pods.get("web")["metadata"]["uid"]
    # Not even one more file can be written where its end is to be noted.
    node.run(["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=1", "tmpfs", f"{PODS}/{uid}/termination"])
    pods.delete("web")
    assert pods.traces() == []


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["reboot", "power cut"])
def test_rebooted_in_the_middle_of_a_rollout(node, namespace, pods, way):
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": [container("app", FOREVER)]},
    }
    spec = {"replicas": 4, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    pods.apply(deployment)
    node.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s", timeout=70)
    template["spec"]["containers"] = [container("app", FOREVER, env=[{"name": "VERSION", "value": "2"}])]
    pods.apply(deployment)
    node.wait_for("it is under way", lambda: len(node.json("get", "rs", "-n", namespace)["items"]) == 2)
    node.reboot() if way == "reboot" else node.kill_power()
    node.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=90s", timeout=100)
    node.wait_for("only the new ones are left", lambda: versions(node, namespace) == ["2"] * 4, 60)
    found = machinery(node)
    assert (found["containers"], found["netns"], found["links"]) == (4, 4, 4), json.dumps(found)


def versions(node, namespace: str) -> list[str]:
    """What the containers that run were made from."""
    ours = ids(node, namespace)
    return [node.run(["podman", "exec", name, "printenv", "VERSION"], check=False).stdout.strip() for name in ours]
