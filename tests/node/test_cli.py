"""The CLI against a node that runs: status, kubeconfig from the host, exec, bad input."""

import signal
import subprocess
import sys
from pathlib import Path

from deploy import health
from tests.node.conftest import TestNode


def ukube(*words: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-P", "-m", "deploy.cli", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)


def test_status_shows_every_part(node: TestNode) -> None:
    done = ukube("status", "--name", node.name)
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("apiserver", "operators", "operator pod", "operator deployment", "MB", "Pods' units"):
        assert word in done.stdout


def test_status_of_a_stopped_api_server_is_bad_but_complete(node: TestNode) -> None:
    node.run(["systemctl", "stop", "ukube-apiserver"])
    try:
        done = ukube("status", "--name", node.name)
    finally:
        node.run(["systemctl", "start", "ukube-apiserver"])
        health.wait_until_ready(node.node)
    assert done.returncode == 1
    assert "inactive" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_hosts_kubeconfig_reaches_the_nodes_api(node: TestNode, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(ukube("kubeconfig", "--name", node.name).stdout)
    from kubernetes import client, config

    api = client.CoreV1Api(config.new_client_from_config(str(file)))
    try:
        assert [one.metadata.name for one in api.list_node().items] == [node.name]
    finally:
        api.api_client.close()
        api.api_client.rest_client.pool_manager.clear()


def test_exported_kubeconfig_is_private(node: TestNode) -> None:
    out = ukube("kubeconfig", "--name", node.name, "--export").stdout
    file = Path(out.removeprefix("export KUBECONFIG=").strip())
    assert file.stat().st_mode & 0o077 == 0


def test_exec_hands_on_the_exit_code(node: TestNode) -> None:
    assert ukube("sandbox", "exec", "--name", node.name, "--", "sh", "-c", "exit 5").returncode == 5


def test_secrets_of_the_installation_are_roots_own(node: TestNode) -> None:
    private = ["(", "-name", "*.key", "-o", "-name", "*.kubeconfig", ")"]
    readable = node.run(["find", "/var/lib/ukube/apiserver", "-type", "f", *private, "-perm", "/077"]).stdout
    assert readable == ""


def test_a_second_copy_is_refused_with_a_sentence(node: TestNode) -> None:
    words = ["/opt/ukube/venv/bin/python", "-m", "apiserver_stub", "--data-dir", "/var/lib/ukube/apiserver", "--port"]
    done = node.run(["runuser", "-u", "ukube", "--", *words, "7443"], check=False, timeout=20)
    assert done.returncode not in (0, 124)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_both_services_come_back_after_kill(node: TestNode) -> None:
    before = {service.name: service.pid for service in health.services(node.node)}
    for pid in before.values():
        node.run(["kill", f"-{signal.SIGKILL.value}", str(pid)])
    node.wait_for("new processes", lambda: all(s.pid not in (0, before[s.name]) for s in health.services(node.node)))
    health.wait_until_ready(node.node)


def test_two_ups_at_once_are_one_boot(node: TestNode) -> None:
    """`up` of a running node changes nothing, however often it is called."""
    running = node.node.running
    argv = [sys.executable, "-P", "-m", "deploy.cli", "sandbox", "up", "--no-wait", "--name", node.name]
    several = [subprocess.Popen(argv, stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(60) for process in several] == [0, 0, 0]
    assert node.node.running == running
    assert running is not None
