"""An orderly reboot: Pods end in order and within their time, and are there again as they were."""

import time

from tests.node.conftest import TestNode
from tests.node.pods import Pods, container

# Says when it was told to end, and takes a second for it.
LAST_WORDS = "trap 'cat /proc/uptime > /note/$NAME; sleep 1; exit 0' TERM; while :; do sleep 1000 & wait $!; done"


def saying(name: str) -> dict:
    mounts = [{"name": "note", "mountPath": "/note"}]
    return container("c", LAST_WORDS, env=[{"name": "NAME", "value": name}], volumeMounts=mounts)


def test_pods_end_in_order_and_come_back_the_same(node: TestNode) -> None:
    pods = Pods(node, "kube-system")  # the only namespace where Pods may be critical
    volumes = [{"name": "note", "hostPath": {"path": "/root/note", "type": "DirectoryOrCreate"}}]
    pods.create("plain", saying("plain"), volumes=volumes, terminationGracePeriodSeconds=20)
    pods.create(
        "critical", saying("critical"), volumes=volumes, terminationGracePeriodSeconds=20,
        priorityClassName="system-node-critical",
    )  # fmt: skip
    try:
        for name in ("plain", "critical"):
            pods.wait_ready(name)
        before = {name: pods.get(name)["metadata"]["uid"] for name in ("plain", "critical")}
        assert "InhibitDelayMaxUSec=30s" in node.run(["loginctl", "show-manager"], check=False).stdout or (
            "t 30000000"
            in node.run(["busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
                         "org.freedesktop.login1.Manager", "InhibitDelayMaxUSec"]).stdout
        )  # fmt: skip
        boot = node.read("/proc/sys/kernel/random/boot_id") + node.run(["stat", "-c", "%Y", "/run/systemd"]).stdout
        node.run(["systemctl", "reboot"], check=False)
        node.wait_for("it has booted again", lambda: _is_other(node, boot), timeout=60, every=0.3)
        for name in before:
            node.wait_for(f"{name} is back", lambda name=name: _is_back(pods, name), timeout=60)
        assert {name: pods.get(name)["metadata"]["uid"] for name in before} == before
        told = {name: float(node.read(f"/root/note/{name}").split()[0]) for name in before}
        assert told["critical"] - told["plain"] >= 1.0, "the critical Pod waits for the others' end"
        journal = node.run(["journalctl", "-b", "-1", "-u", "ukube-operators", "--no-pager"], check=False).stdout
        assert not journal or "shutdown: 1 Pods have" in journal
    finally:
        node.kubectl(
            "delete", "pod", "plain", "critical", "-n", "kube-system", "--timeout=60s", check=False, timeout=70
        )
        node.run(["rm", "-rf", "/root/note"])


def _is_other(node: TestNode, boot: str) -> bool:
    time.sleep(0.2)
    try:
        done = node.run(["sh", "-c", "cat /proc/sys/kernel/random/boot_id; stat -c %Y /run/systemd"], check=False)
        return done.returncode == 0 and done.stdout.split() != boot.split()
    except Exception:  # it is going down, or coming up
        return False


def _is_back(pods: Pods, name: str) -> bool:
    try:
        return pods.phase(name) == "Running" and pods.ready(name)
    except BaseException:  # the API server is not there yet
        return False
