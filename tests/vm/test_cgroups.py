"""What requests and limits become, read where the kernel keeps them."""

from pathlib import Path
from typing import Any

import pytest

from tests.node.pods import FOREVER, Pods, container
from tests.vm.conftest import TestVm

ROOT = "/sys/fs/cgroup/kubepods.slice"
HUNGRY = "x=; while :; do x=$x$x.0123456789012345678901234567890123456789; done"


def test_every_controller_is_there(vm: TestVm) -> None:
    assert {"cpu", "memory", "pids"} <= set(vm.read("/sys/fs/cgroup/cgroup.controllers").split())


def values(vm: TestVm, folder: str, *names: str) -> dict[str, str]:
    lines = vm.run("sh", "-c", 'cd "$1"; shift; grep -H . "$@"', "sh", folder, *names).splitlines()
    return {name: value for name, _, value in (line.partition(":") for line in lines)}


def groups(vm: TestVm, pods: Pods, name: str, of: str = "c") -> tuple[str, str, str]:
    """Folders of the Pod's slice, the container's unit and the container itself."""
    uid = pods.get(name)["metadata"]["uid"]
    pid = vm.read(f"/run/ukube/pods/{uid}/{of}.pid")
    payload = Path("/sys/fs/cgroup" + vm.read(f"/proc/{pid}/cgroup").removeprefix("0::"))
    return str(payload.parent.parent), str(payload.parent), str(payload)


def size(cpu: str = "500m", memory: str = "64Mi", **more: Any) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory, **more}}


def test_a_guaranteed_pod(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    pods.create("guaranteed", container("c", FOREVER, resources=size()))
    pods.wait_ready("guaranteed", 120)
    slice_, unit, payload = groups(vm, pods, "guaranteed")
    assert slice_.startswith(f"{ROOT}/kubepods-pod")
    limits = {"cpu.max": "50000 100000", "memory.max": str(64 << 20), "cpu.weight": "59"}
    assert values(vm, slice_, *limits) == {**limits, "memory.max": str((64 + 32) << 20)}
    own = {**limits, "memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "max"}
    assert values(vm, payload, *own) == own
    assert values(vm, unit, "cpu.weight", "pids.max") == {"cpu.weight": "59", "pids.max": "max"}
    pid = vm.run("head", "-n1", f"{payload}/cgroup.procs").strip()
    assert vm.read(f"/proc/{pid}/oom_score_adj") == "-997"


def test_a_pod_limited_as_a_whole_and_out_of_memory(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    pods.create(
        "whole",
        container("c", HUNGRY),
        container("idle", FOREVER),
        resources={"requests": {"cpu": "100m", "memory": "32Mi"}, "limits": {"memory": "48Mi"}},
    )
    vm.wait_for("OOMKilled", lambda: "OOMKilled" in str(pods.status("whole", "c")), 120)
    entry = pods.status("whole", "c")
    ended = entry["lastState"].get("terminated") or entry["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    slice_, _, payload = groups(vm, pods, "whole", "idle")
    assert "kubepods-burstable.slice" in slice_
    assert values(vm, slice_, "memory.max", "cpu.weight") == {
        "memory.max": str((48 + 2 * 32) << 20),
        "cpu.weight": "17",
    }
    assert values(vm, payload, "memory.max") == {"memory.max": str(48 << 20)}
    vm.wait_for("it is started again", lambda: pods.status("whole", "c").get("restartCount", 0) > 0, 60)
    vm.kubectl("delete", "pod", "whole", "-n", namespace, "--wait=false")


@pytest.mark.long
def test_memory_of_an_empty_dir_counts(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    script = "dd if=/dev/zero of=/m/f bs=1M count=100; sleep 1000"
    mounts = [{"name": "m", "mountPath": "/m"}]
    pods.create(
        "tmpfs",
        container("c", script, volumeMounts=mounts, resources=size()),
        volumes=[{"name": "m", "emptyDir": {"medium": "Memory"}}],
        restartPolicy="Never",
    )
    pods.wait_phase("tmpfs", "Failed", 120)
    entry = pods.status("tmpfs", "c")
    assert entry["state"].get("terminated", {}).get("reason") == "OOMKilled", entry


@pytest.mark.long
def test_huge_pages(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    pods.create("huge", container("c", FOREVER, resources={"limits": {"hugepages-2Mi": "4Mi", "memory": "64Mi"}}))
    pods.wait_ready("huge", 120)
    _, _, payload = groups(vm, pods, "huge")
    assert values(vm, payload, "hugetlb.2MB.max") == {"hugetlb.2MB.max": str(4 << 20)}
