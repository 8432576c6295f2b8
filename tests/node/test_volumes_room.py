"""Volumes of Pods on a node: when there is no room, when there are many, and what is left when the Pods are gone."""

import time

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, Pods, container, machinery, manifest
from tests.node.volumes import ENV, EVERY_KIND, EVERYWHERE, IN_PART, config_map, mount, replace, secret, sh, within


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    return Pods(node, namespace)


def test_a_full_disk_is_told_and_waited_for(pods: Pods) -> None:
    """The Pod's folder is on a file system that is full when its files are written."""
    node = pods.node
    replace(pods, config_map("large", data="x" * 600_000), "create")
    pods.create(
        "p",
        container("c", volumeMounts=[mount("v", "/v")]),
        volumes=[{"name": "v", "configMap": {"name": "large", "optional": True}}],
    )
    pods.wait_ready("p")
    folder = f"/var/lib/ukube/pods/{pods.get('p')['metadata']['uid']}/volumes/kubernetes.io~configmap"
    node.run(
        ["sh", "-c", f"cp -a {folder} /tmp/kept; mount -t tmpfs -o size=1m tmpfs {folder}; cp -a /tmp/kept/. {folder}"]
    )
    try:
        replace(pods, config_map("large", data="y" * 700_000))
        node.wait_for("it is told", lambda: any("no space left on device" in m for _, m in pods.events("p")))
        assert node.run(["sh", "-c", f"ls -A {folder}/v | wc -l; head -c 1 {folder}/v/data"]).stdout == "3\nx"
        node.run(["mount", "-o", "remount,size=9m", folder])
        within(13, lambda: node.run(["head", "-c", "1", f"{folder}/v/data"]).stdout == "y")
        assert node.run(["sh", "-c", f"ls -A {folder}/v | wc -l"]).stdout == "3\n"
    finally:
        node.run(["sh", "-c", f"umount -l {folder}; rm -rf /tmp/kept"])


def test_a_pod_that_has_ended_holds_no_memory(pods: Pods) -> None:
    pods.apply(config_map("settings", a="one", b="two"), secret("keys", password="hush"))
    script = "echo data > /v/disk/file; head -c 500000 /dev/zero > /v/memory/file"
    pods.create(
        "p",
        container("c", script, volumeMounts=EVERYWHERE + IN_PART, env=ENV),
        volumes=EVERY_KIND,
        restartPolicy="Never",
    )
    pods.wait_phase("p", "Succeeded")
    uid, node = pods.get("p")["metadata"]["uid"], pods.node
    held = ["sh", "-c", f"grep -c {uid} /proc/mounts; ls -d /run/ukube/pods/{uid}/volumes"]
    node.wait_for("it is unmounted", lambda: node.run(held, check=False).stdout == "0\n", 10)
    kept = f"/var/lib/ukube/pods/{uid}/volumes/kubernetes.io~empty-dir/disk/file"
    assert node.read(kept) == "data\n"
    pods.delete("p")
    # The object of a Pod that has ended goes at once, what it had a moment later.
    node.wait_for("its files are gone", lambda: node.run(["ls", kept], check=False).returncode != 0, 10)


def test_nothing_is_left_after_many_pods(pods: Pods) -> None:
    """Fifty of them, with every kind of volume."""
    pods.apply(config_map("settings", a="one", b="two"), secret("keys", password="hush"))
    node = pods.node
    before = machinery(node)
    tmpfs = node.run(["grep", "-c", "^tmpfs", "/proc/mounts"]).stdout
    spec = {"volumes": EVERY_KIND, "restartPolicy": "Never", "terminationGracePeriodSeconds": 0}
    shown = EVERYWHERE + IN_PART
    for turn in range(5):
        scripts = {f"p{turn}-{number}": "exit 0" if number % 2 else FOREVER for number in range(10)}
        made = [
            manifest(name, container("c", script, volumeMounts=shown, env=ENV), **spec)
            for name, script in scripts.items()
        ]
        replace(pods, {"apiVersion": "v1", "kind": "List", "items": made}, "create")
        node.wait_for(
            "they run or are done",
            lambda names=tuple(scripts): all(pods.phase(name) in ("Running", "Succeeded") for name in names),
            60,
        )
        node.kubectl("delete", "pods", "--all", "-n", pods.namespace, "--timeout=60s", timeout=70)
    # Without a grace period the objects are gone before what they had is.
    node.wait_for("all is as before", lambda: machinery(node) == before, 20)
    assert node.run(["grep", "-c", "^tmpfs", "/proc/mounts"]).stdout == tmpfs


def test_fifty_config_maps_in_each_of_five_pods(pods: Pods) -> None:
    maps = [config_map(f"m{n}", data=str(n)) for n in range(50)]
    replace(pods, {"apiVersion": "v1", "kind": "List", "items": maps}, "create")
    volumes = [{"name": f"m{n}", "configMap": {"name": f"m{n}"}} for n in range(50)]
    shown = [mount(f"m{n}", f"/m/{n}") for n in range(50)]
    begun = time.monotonic()
    for number in range(5):
        pods.create(f"p{number}", container("c", volumeMounts=shown), volumes=volumes)
    for number in range(5):
        pods.wait_ready(f"p{number}", 60)
    print(f"five Pods of fifty ConfigMaps ready in {time.monotonic() - begun:.1f} s")
    assert not {reason for n in range(5) for reason, _ in pods.events(f"p{n}")} & {"FailedMount", "Failed", "BackOff"}
    assert sh(pods, "p4", "cat /m/0/data /m/49/data") == "049"
