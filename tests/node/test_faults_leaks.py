"""Many Pods come and go: whatever the node had before, it has afterwards, and no more."""

import json
import threading
from typing import Any

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import Pods, container, machinery

TOGETHER = 5
COUNTS = """
    echo all_mounts $(wc -l < /proc/mounts)
    echo units_loaded $(systemctl list-units --all --no-legend --plain 'ukube-*_*' | wc -l)
    echo boot_links $(ls /var/lib/ukube/boot 2>/dev/null | wc -l)
    echo logs $(ls /var/log/pods 2>/dev/null | wc -l)
    echo cgroups $(find /sys/fs/cgroup/kubepods.slice -type d 2>/dev/null | wc -l)
    echo overlays $(ls /var/lib/containers/storage/overlay-containers 2>/dev/null | grep -c -v json)
    echo layers $(ls /var/lib/containers/storage/overlay | grep -c -v -e ^l$ -e compat)
    echo conmons $(pgrep -c conmon)
    echo state_files $(find /var/lib/ukube/pods /var/lib/ukube/boot /run/ukube -type f 2>/dev/null | wc -l)
    echo nft_rules $(nft list ruleset | grep -c 8097)
    echo zombies $(ps -eo stat= | grep -c ^Z)
    echo shm $(ls /dev/shm | wc -l)"""
OURS = """
    pid=$(systemctl show -P MainPID ukube-operators.service)
    echo handles $(ls /proc/$pid/fd | wc -l)
    echo kb $(awk '/^Pss:/{print $2}' /proc/$pid/smaps_rollup)
    echo threads $(ls /proc/$pid/task | wc -l)"""


def numbers(node: TestNode, script: str) -> dict[str, int]:
    lines = node.run(["sh", "-c", script], check=False).stdout.splitlines()
    return {name: int(count) for name, count in (line.split() for line in lines)}


def everything(node: TestNode) -> dict[str, int]:
    return {**machinery(node), **numbers(node, COUNTS)}


def pod(name: str) -> dict[str, Any]:
    """Of all that a Pod may have on a node, something."""
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("disk", "memory", "settings", "secret")]
    mounts.append({"name": "disk", "mountPath": "/sub", "subPath": "a/b"})
    spec = {
        "terminationGracePeriodSeconds": 2,
        "initContainers": [container("prep", "true", volumeMounts=mounts)],
        "containers": [container("app", volumeMounts=mounts), container("side")],
        "volumes": [
            {"name": "disk", "emptyDir": {}},
            {"name": "memory", "emptyDir": {"medium": "Memory"}},
            {"name": "settings", "configMap": {"name": "settings"}},
            {"name": "secret", "secret": {"secretName": "secret"}},
        ],
    }
    if name.endswith("0"):
        spec["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8097}]  # type: ignore[index]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def cycle(pods: Pods, count: int) -> None:
    """That many Pods, some at a time; half of them are deleted before they are up, and some by force."""
    node, namespace = pods.node, pods.namespace

    def one(number: int) -> None:
        name = f"p{number}"
        pods.apply(pod(name))
        if number % 2:
            pods.wait_ready(name, 120)
        pods.delete(name, *(("--force", "--grace-period=0") if number % 5 == 3 else ()))

    for first in range(0, count, TOGETHER):
        threads = [threading.Thread(target=one, args=(n,)) for n in range(first, min(first + TOGETHER, count))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    node.wait_for("nothing is left", lambda: pods.traces() == [], 60)
    assert node.json("get", "pods", "-n", namespace)["items"] == []


def check(node: TestNode, namespace: str, count: int) -> None:
    pods = Pods(node, namespace)
    node.kubectl("create", "configmap", "settings", "-n", namespace, "--from-literal=a=1")
    node.kubectl("create", "secret", "generic", "secret", "-n", namespace, "--from-literal=a=1")
    cycle(pods, TOGETHER)  # what is made once is there now
    before, ours = everything(node), numbers(node, OURS)
    cycle(pods, count)
    node.wait_for("it is as before", lambda: everything(node) == before or None, 15, 0.5) if everything(
        node
    ) != before else None
    after = numbers(node, OURS)
    print(json.dumps({"before": ours, "after": after}))
    assert after["handles"] <= ours["handles"] + 4  # idle connections come and go
    assert after["kb"] <= ours["kb"] + 6000 + 20 * count  # what a busy process keeps for the next time; no more per Pod
    assert after["threads"] <= max(ours["threads"], 8)


@pytest.mark.timeout(240)
def test_thirty_pods_leave_nothing(node: TestNode, namespace: str) -> None:
    check(node, namespace, 30)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_five_hundred_pods_leave_nothing(node: TestNode, namespace: str) -> None:
    check(node, namespace, 500)
