"""Hooks that another Pod hears of."""

import pytest

from tests.conformance.cluster import Object
from tests.conformance.node.running import Running, container, pod

SERVE = """
mkdir /w
for name in poststart prestop write; do echo heard > /w/$name; done
trap 'exit 0' TERM
httpd -f -vv -p 8080 -h /w &
wait $!
"""
#: Long enough to hear of the hook before the container is killed.
GRACE_SECONDS = 15


@pytest.fixture
def address(running: Running) -> str:
    """Where a server answers, whose log says what it was asked."""
    running.start(pod("server", container(SERVE, readinessProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1})))
    running.ready("server")
    return str(running.get("server")["status"]["podIP"])


def start(running: Running, lifecycle: Object) -> None:
    running.start(pod("pod", container(lifecycle=lifecycle), terminationGracePeriodSeconds=GRACE_SECONDS))
    running.ready("pod")


def heard(running: Running, text: str) -> bool:
    return text in running.log("server")


def test_post_start_by_a_command(running: Running, address: str) -> None:
    command = ["sh", "-c", f"wget -qO- 'http://{address}:8080/poststart'"]
    start(running, {"postStart": {"exec": {"command": command}}})
    running.wait(lambda: heard(running, "url:/poststart"), "the hook was heard")


def test_pre_stop_by_http(running: Running, address: str) -> None:
    start(running, {"preStop": {"httpGet": {"host": address, "port": 8080, "path": "/prestop"}}})
    assert not heard(running, "url:/prestop")
    running.space.delete("pods", "pod")
    running.gone("pod")
    assert heard(running, "url:/prestop")


def test_pre_stop_by_a_command(running: Running, address: str) -> None:
    command = ["sh", "-c", f"wget -qO- 'http://{address}:8080/write'"]
    start(running, {"preStop": {"exec": {"command": command}}})
    assert not heard(running, "url:/write")
    running.space.delete("pods", "pod")
    running.gone("pod")
    assert heard(running, "url:/write")
