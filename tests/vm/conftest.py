"""A virtual machine for tests: its kernel has every cgroup controller, and what is done to it hurts nobody else."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy import health, host, kubeconfig
from deploy.failure import Failure
from deploy.images import build
from deploy.progress import Steps
from deploy.vm import image, machine, update
from deploy.vm.machine import Vm

HERE = Path(__file__).parent
READY_SECONDS = 240.0
TEST_SECONDS = 400  # the first one boots


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.vm)
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@dataclass(frozen=True, slots=True)
class TestVm:
    """What a test may do with the machine; kubectl runs on the host. Times are those of an emulated processor."""

    __test__ = False
    vm: Vm
    kubectl_program: Path
    config: Path
    seen: list[str] = field(default_factory=list)

    def run(self, *words: str, check: bool = True, timeout: float = 120) -> str:
        """What a program in the machine prints."""
        done = self.vm.run(words, check=False, timeout=timeout)
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def read(self, path: str) -> str:
        return self.run("cat", path).strip()

    def kubectl(
        self, *args: str, check: bool = True, input: str | None = None, timeout: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        argv = [str(self.kubectl_program), f"--kubeconfig={self.config}", *args]
        done = subprocess.run(argv, capture_output=True, text=True, input=input, timeout=timeout, check=False)
        if check and done.returncode != 0:
            pytest.fail(f"kubectl {' '.join(args)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *args: str) -> Any:
        return json.loads(self.kubectl(*args, "-o", "json").stdout)

    def wait_for(self, what: str, check: Callable[[], Any], timeout: float = 90, every: float = 0.5) -> Any:
        """Returns the first true answer of `check`; fails with `what` after `timeout` seconds."""
        until = time.monotonic() + timeout
        while True:
            answer = check()
            if answer:
                return answer
            if time.monotonic() > until:
                journal = self.run("journalctl", "-n", "60", "--no-pager", check=False)
                pytest.fail(f"not within {timeout} s: {what}\n{journal}")
            time.sleep(every)


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vm]:
    """UKUBE_TEST_VM=FOLDER leaves the machine running, and takes it with the checkout's code the next time."""
    if os.geteuid() != 0:
        pytest.skip("making a virtual machine's disk needs root")
    host.require_linux()
    steps = Steps()
    kept = os.environ.get("UKUBE_TEST_VM")
    if kept and (vm := machine.attach(Path(kept))) is not None:
        vm.connect()
        update.code(vm)
        yield vm
        vm.leave()
        return
    try:
        with steps.step("Kernel and disk of the virtual machine") as step:
            kernel, disk = image.prepare(lambda what: lambda words: step.say(f"{what}: {words}"))
    except Failure as failure:
        pytest.skip(f"no virtual machine can be made here: {failure.sentence}")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        vm = machine.start(kernel, disk, Path(kept))
        vm.connect()
        yield vm
        vm.leave()
        return
    with machine.running(kernel, disk) as vm:
        yield vm


@pytest.fixture(scope="session")
def vm(booted: Vm, tmp_path_factory: pytest.TempPathFactory) -> TestVm:
    """A machine on which MicroKube is ready, with the image localhost/busybox:latest."""
    build.busybox(booted, "localhost/busybox:latest")
    health.wait_until_ready(booted, READY_SECONDS)
    config = tmp_path_factory.mktemp("vm") / "kubeconfig"
    config.write_text(kubeconfig.for_host(booted, booted.port))
    return TestVm(booted, image.tools(lambda words: None), config)


@pytest.fixture(scope="module")
def namespace(vm: TestVm, request: pytest.FixtureRequest) -> Iterator[str]:
    """One for each file of tests: emptying it takes a while here."""
    name = f"{request.module.__name__.rpartition('.')[2].removeprefix('test_').replace('_', '-')}-{os.getpid()}"
    vm.kubectl("create", "namespace", name)
    account = ("get", "serviceaccount", "default", "-n", name)
    vm.wait_for("the default account", lambda: vm.kubectl(*account, check=False).returncode == 0)
    yield name
    vm.kubectl("delete", "namespace", name, "--wait=false", check=False)
