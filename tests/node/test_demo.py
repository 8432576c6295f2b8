"""The README's first command."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy import paths
from tests.node.conftest import TestNode

COMMAND = [sys.executable, "-P", "-m", "deploy.cli", "demo", "--name"]


@pytest.fixture(scope="module")
def shown(node: TestNode) -> Iterator[str]:
    done = subprocess.run([*COMMAND, node.name], capture_output=True, text=True, timeout=300, check=False)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield done.stdout
    finally:
        node.kubectl("delete", "namespace", "demo", "--timeout=60s", check=False, timeout=70)


@pytest.mark.timeout(320)
def test_it_shows_objects_units_log_and_a_page(shown: str) -> None:
    for word in ("deployment.apps/web", "3/3", "active (running)", "conmon", "answered: web-", "<h1>It runs.</h1>"):
        assert word in shown
    assert "How long it took" in shown


def test_again_it_finds_everything_in_place(shown: str, node: TestNode) -> None:
    before = node.json("get", "pods", "-n", "demo")
    done = subprocess.run([*COMMAND, node.name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    after = node.json("get", "pods", "-n", "demo")
    assert [pod["metadata"]["uid"] for pod in after["items"]] == [pod["metadata"]["uid"] for pod in before["items"]]


def test_the_secret_is_on_tmpfs_and_in_no_file_of_ours_on_disk(shown: str, node: TestNode) -> None:
    token = "not-a-real-secret"
    inside = node.kubectl("exec", "-n", "demo", "deployment/web", "--", "/usr/sbin/nginx", "-v", check=False)
    assert inside.returncode == 0, inside.stderr
    pod = node.json("get", "pods", "-n", "demo", "-l", "app=web")["items"][0]["metadata"]["uid"]
    found = node.run(["grep", "-rl", token, f"/run/ukube/pods/{pod}"], check=False).stdout
    assert found, "the Secret's volume is on tmpfs"
    unwanted = node.run(["grep", "-rl", token, "/etc", "/var/lib/ukube/pods", "/var/log"], check=False).stdout
    assert unwanted == ""


def test_scale_restart_and_undo(shown: str, node: TestNode) -> None:
    node.kubectl("scale", "deployment/web", "-n", "demo", "--replicas=1")
    node.kubectl("rollout", "status", "deployment/web", "-n", "demo", "--timeout=60s", timeout=70)
    node.kubectl("rollout", "restart", "deployment/web", "-n", "demo")
    node.kubectl("rollout", "status", "deployment/web", "-n", "demo", "--timeout=60s", timeout=70)
    node.kubectl("rollout", "undo", "deployment/web", "-n", "demo")
    node.kubectl("rollout", "status", "deployment/web", "-n", "demo", "--timeout=60s", timeout=70)
    assert node.json("get", "deployment/web", "-n", "demo")["status"]["readyReplicas"] == 1


def test_deleting_the_namespace_leaves_nothing(shown: str, node: TestNode) -> None:
    uids = [pod["metadata"]["uid"] for pod in node.json("get", "pods", "-n", "demo")["items"]]
    node.kubectl("delete", "namespace", "demo", "--timeout=90s", timeout=100)
    assert node.run(["sh", "-c", "ls /etc/systemd/system | grep ukube-demo_"], check=False).stdout == ""
    assert node.run(["podman", "ps", "-aq", "--filter", "label=io.kubernetes.pod.namespace=demo"]).stdout == ""
    mounts = node.run(["cat", "/proc/mounts"]).stdout
    netns = node.run(["ls", "/run/netns"], check=False).stdout
    for uid in uids:
        assert uid not in mounts
        assert uid not in netns
        for parent in ("/var/lib/ukube/pods", "/run/ukube/pods"):
            assert node.run(["test", "-e", f"{parent}/{uid}"], check=False).returncode == 1


def test_the_demo_is_what_the_readme_says() -> None:
    readme = (paths.CHECKOUT / "README.md").read_text()
    assert "deploy/ukube demo" in readme and "deploy/ukube test" in readme
