"""A sandbox node for tests: a whole machine, booted once per session, with the API server and the operators on it."""

import contextlib
import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy import health, host
from deploy.images import build
from deploy.progress import Steps
from deploy.sandbox import node as sandbox

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.node)


@dataclass(frozen=True, slots=True)
class TestNode:
    """What a test may do with the node. Paths and commands are those of the node, run as its root."""

    __test__ = False
    node: sandbox.Node

    @property
    def name(self) -> str:
        return self.node.name

    def run(
        self, argv: Sequence[str], check: bool = True, input: str | None = None, timeout: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a program; if `check`, a failure shows its output. `timeout`: seconds."""
        done = self.node.run(argv, check=False, stdin=input, timeout=timeout)
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def popen(self, argv: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
        """Starts a program with pipes, for a test that talks to it."""
        pipe = subprocess.PIPE
        settings = {"stdin": pipe, "stdout": pipe, "stderr": pipe, "text": True, **options}
        return subprocess.Popen(self.node.argv(argv), **settings)

    def kubectl(
        self, *args: str, check: bool = True, input: str | None = None, timeout: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        return self.run(["kubectl", *args], check=check, input=input, timeout=timeout)

    def json(self, *args: str) -> Any:
        """What `kubectl … -o json` prints, parsed."""
        return json.loads(self.kubectl(*args, "-o", "json").stdout)

    def apply(self, manifest: str) -> None:
        self.kubectl("apply", "-f", "-", input=manifest)

    def write(self, path: str, text: str) -> None:
        self.node.write(path, text)

    def read(self, path: str) -> str:
        return self.run(["cat", path]).stdout

    def reboot(self) -> None:
        """An orderly reboot; returns when the API answers again."""
        sandbox.reboot(self.node)
        health.wait_until_ready(self.node)

    def kill_power(self) -> None:
        """Pulls the plug, and boots again; returns when the API answers."""
        sandbox.cut_power(self.node)
        sandbox.up(self.node, Steps())
        health.wait_until_ready(self.node)

    def image(self, name: str = "busybox") -> str:
        """Makes sure the node has the image localhost/NAME:latest."""
        return build.busybox(self.node, f"localhost/{name}:latest")

    def wait_for(self, what: str, check: Callable[[], Any], timeout: float = 30, every: float = 0.1) -> Any:
        """Returns the first true answer of `check`; fails with `what` after `timeout` seconds."""
        until = time.monotonic() + timeout
        while True:
            answer = check()
            if answer:
                return answer
            if time.monotonic() > until:
                journal = self.run(["journalctl", "-n", "60", "--no-pager"], check=False).stdout
                pytest.fail(f"not within {timeout} s: {what}\n{journal}")
            time.sleep(every)


@pytest.fixture(scope="session")
def bare_node() -> Iterator[sandbox.Node]:
    """A booted node, whether or not MicroKube is ready on it.

    UKUBE_TEST_NODE=NAME takes an existing node, restarted with the code of the checkout, and leaves it running.
    """
    if os.geteuid() != 0:
        pytest.skip("a sandbox node needs root")
    host.require_kernel_features()
    kept = os.environ.get("UKUBE_TEST_NODE")
    node = sandbox.Node(kept or f"test-{uuid.uuid4().hex[:8]}")
    if kept:
        sandbox.down(node)
    try:
        sandbox.up(node, Steps())
        yield node
    finally:
        if not kept:
            sandbox.remove(node)


@pytest.fixture(scope="session")
def node(bare_node: sandbox.Node) -> TestNode:
    """A node on which the API server and all operators are ready, and the image localhost/busybox:latest is present."""
    health.wait_until_ready(bare_node)
    build.busybox(bare_node, "localhost/busybox:latest")
    return TestNode(bare_node)


@pytest.fixture
def namespace(node: TestNode) -> Iterator[str]:
    """A fresh namespace; deleted afterwards with all that is in it."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    node.kubectl("create", "namespace", name)
    yield name
    with contextlib.suppress(subprocess.TimeoutExpired):
        node.kubectl("delete", "namespace", name, "--wait=true", "--timeout=60s", check=False, timeout=70)
