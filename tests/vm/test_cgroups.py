"""What requests and limits become, read where the kernel keeps them."""

from tests.node.pods import FOREVER, Pods, container
from tests.vm.conftest import TestVm


def test_every_controller_is_there(vm: TestVm) -> None:
    assert {"cpu", "memory", "pids"} <= set(vm.read("/sys/fs/cgroup/cgroup.controllers").split())


def test_limits_are_set(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    pods.create("limited", container("c", FOREVER, resources={"limits": {"cpu": "500m", "memory": "64Mi"}}))
    pods.wait_ready("limited", 120)
    pid = vm.run("sh", "-c", "cat /run/ukube/pods/*/c.pid").strip()
    where = vm.read(f"/proc/{pid}/cgroup").removeprefix("0::")
    assert vm.read(f"/sys/fs/cgroup{where}/memory.max") == str(64 << 20)
    assert vm.read(f"/sys/fs/cgroup{where}/cpu.max") == "50000 100000"
