"""The operator is killed at each step of what it does to a Pod: the Pod comes out as if nothing had happened."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import Pods, container

FOLDER = "/run/faults"
DROP_IN = f"""[Service]
Environment=PYTHONPATH={FOLDER}
RestartSec=100ms
RestartSteps=0
RestartMaxDelaySec=infinity
"""
PLACE = "/run/systemd/system/ukube-operators.service.d/faults.conf"
TRIED = 8  # of the steps, how many are tried in the default run
# Tells of each run and each end in a file of the node's.
TELLING = "trap 'echo ended >> /out/app; exit 0' TERM; echo began >> /out/app; while :; do sleep 1000 & wait $!; done"


@pytest.fixture(scope="module")
def faults(node: TestNode) -> Iterator[TestNode]:
    """The node with an operator that can be told where to die."""
    node.write(f"{FOLDER}/sitecustomize.py", (Path(__file__).parent / "injection/sitecustomize.py").read_text())
    node.write(PLACE, DROP_IN)
    node.run(["systemctl", "daemon-reload"])
    node.run(["systemctl", "restart", "ukube-operators.service"])
    yield node
    node.run(["rm", "-rf", FOLDER, PLACE])
    node.run(["systemctl", "daemon-reload"])
    node.run(["systemctl", "restart", "ukube-operators.service"])


@pytest.fixture
def pods(faults: TestNode, namespace: str) -> Pods:
    faults.wait_for(
        "the account", lambda: faults.kubectl("get", "sa", "default", "-n", namespace, check=False).returncode == 0
    )
    faults.kubectl("create", "configmap", "settings", "-n", namespace, "--from-literal=a=1")
    return Pods(faults, namespace)


def arm(node: TestNode, at: int) -> None:
    node.run(["sh", "-c", f"mkdir -p {FOLDER}/out; rm -f {FOLDER}/out/*; : > {FOLDER}/steps; echo {at} > {FOLDER}/at"])


def steps(node: TestNode) -> list[str]:
    return node.read(f"{FOLDER}/steps").splitlines()


def disarm(node: TestNode) -> list[str]:
    node.run(["rm", "-f", f"{FOLDER}/at"])
    return steps(node)


def told(node: TestNode, name: str = "app") -> list[str]:
    return node.run(["cat", f"{FOLDER}/out/{name}"], check=False).stdout.split()


def chosen(count: int) -> list[int]:
    """Which steps to die at: all of them, or as many as there is time for, evenly."""
    wanted = count if os.environ.get("UKUBE_TEST_EVERY_STEP") else min(TRIED, count)
    return sorted({1 + number * count // wanted for number in range(wanted)})


def web(name: str, **spec: Any) -> dict[str, Any]:
    mounts = [{"name": "out", "mountPath": "/out"}, {"name": "settings", "mountPath": "/s"}]
    ports = [{"containerPort": 80, "hostPort": 8099}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 5,
            "initContainers": [container("prep", "echo prepared >> /out/app", volumeMounts=mounts)],
            "containers": [container("app", TELLING, volumeMounts=mounts, ports=ports)],
            "volumes": [
                {"name": "out", "hostPath": {"path": f"{FOLDER}/out"}},
                {"name": "settings", "configMap": {"name": "settings"}},
            ],
            **spec,
        },
    }  # fmt: skip


def start_dying_at(node: TestNode, pods: Pods, at: int) -> str:
    """Starts the Pod `web`, the operator dying at that step; which one it was."""
    arm(node, at)
    pods.apply(web("web"))
    pods.wait_ready("web", 60)
    done = disarm(node)
    where = done[at - 1] if 0 < at <= len(done) else ""
    assert told(node) == ["prepared", "began"], where
    assert pods.status("web", "app")["restartCount"] == 0, where
    assert pods.status("web", "prep", "initContainerStatuses")["restartCount"] == 0, where
    uid = pods.get("web")["metadata"]["uid"]
    runs = node.run(["sh", "-c", f"ls /var/log/pods/*_{uid}/*/*.log | wc -l"]).stdout.strip()
    assert runs == "2", where
    return where


def end_dying_at(node: TestNode, pods: Pods, at: int) -> str:
    arm(node, at)
    pods.delete("web")
    done = disarm(node)
    where = done[at - 1] if 0 < at <= len(done) else ""
    assert told(node) == ["ended"], where  # once, and by the stop signal
    node.wait_for(f"nothing is left, after death at {where}", lambda: pods.traces() == [])
    return where


@pytest.mark.timeout(1500)
def test_at_steps_of_a_start_and_of_an_end(faults: TestNode, pods: Pods) -> None:
    start_dying_at(faults, pods, 0)
    start = len(steps(faults))
    end_dying_at(faults, pods, 0)
    end = len(steps(faults))
    assert start > 20
    assert end > 5
    starts, ends = chosen(start), chosen(end)
    for number in range(max(len(starts), len(ends))):
        start_dying_at(faults, pods, starts[number] if number < len(starts) else 0)
        end_dying_at(faults, pods, ends[number] if number < len(ends) else 0)


@pytest.mark.timeout(1500)
def test_at_steps_of_a_pod_that_runs_once(faults: TestNode, pods: Pods) -> None:
    def run(at: int) -> list[str]:
        arm(faults, at)
        script = "echo began >> /out/app; sleep 0.3; exit 3"
        mounts = [{"name": "out", "mountPath": "/out"}]
        containers = [container("app", script, volumeMounts=mounts)]
        pods.apply(web("once", initContainers=[], containers=containers, restartPolicy="Never"))
        pods.wait_phase("once", "Failed", 60)
        done = disarm(faults)
        where = done[at - 1] if 0 < at <= len(done) else ""
        assert told(faults) == ["began"], where
        entry = pods.status("once", "app")
        assert (entry["restartCount"], entry["state"]["terminated"]["exitCode"]) == (0, 3), where
        assert entry["state"]["terminated"]["reason"] == "Error", where
        pods.delete("once")
        faults.wait_for("nothing is left", lambda: pods.traces() == [])
        return done

    for at in chosen(len(run(0))):
        run(at)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_at_every_step(faults: TestNode, pods: Pods, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UKUBE_TEST_EVERY_STEP", "1")
    test_at_steps_of_a_start_and_of_an_end(faults, pods)
    test_at_steps_of_a_pod_that_runs_once(faults, pods)
