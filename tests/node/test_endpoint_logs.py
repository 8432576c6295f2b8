"""Logs that grow: rotated while they are written and followed, bounded, and read back whole."""

import subprocess

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import Pods, container

ROUNDS, LINES = 6, 40_000
PAD = "x" * 90
# About 5.5 MB a round with CRI's prefix, so that every other round is rotated away.
WRITER = f"""
i=0
while [ $i -lt {ROUNDS} ]; do
    seq $((i * {LINES} + 1)) $(((i + 1) * {LINES})) | sed 's/$/ {PAD}/'
    i=$((i + 1)); sleep 1.3
done
echo the end
trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"""


def files(node: TestNode, namespace: str) -> list[str]:
    return node.run(["sh", "-c", f"cd /var/log/pods/{namespace}_talker_*/c && ls"]).stdout.split()


def check(text: str) -> None:
    lines = text.splitlines()
    assert len(lines) == ROUNDS * LINES + 1, len(lines)
    assert lines[-1] == "the end"
    for number, line in enumerate(lines[:-1], 1):
        assert line == f"{number} {PAD}"


def test_a_log_is_rotated_under_its_followers_without_loss(node: TestNode, namespace: str) -> None:
    pods = Pods(node, namespace)
    pods.create("talker", container("c", WRITER))
    node.wait_for("lines", lambda: pods.logs("talker", "--tail=1") != "", every=0.05)
    # The second one reads slowly: it is overtaken by several rotations.
    follow = f"kubectl logs -f -n {namespace} talker"
    clients = [
        node.popen(["sh", "-c", f"{follow} > /root/quick 2>&1"]),
        node.popen(["sh", "-c", f"{follow} 2>&1 | (sleep 9; cat) > /root/slow"]),
    ]
    node.wait_for("all is written", lambda: pods.logs("talker", "--tail=1") == "the end\n", timeout=60)
    found = files(node, namespace)
    assert 2 <= len(found) <= 5, found
    check(pods.logs("talker"))
    assert pods.logs("talker", f"--tail={LINES * 3 + 1}").splitlines()[0] == f"{LINES * 3 + 1} {PAD}"
    assert pods.logs("talker", "--since=1h", "--limit-bytes=7") == f"1 {PAD}"[:7]
    for name in ("quick", "slow"):
        node.wait_for("all is read", lambda name=name: node.run(["tail", "-n1", f"/root/{name}"]).stdout == "the end\n")
    node.kubectl("delete", "pod", "talker", "-n", namespace, "--wait=false")
    for client in clients:
        try:
            client.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            client.kill()
            pytest.fail("the follower does not end with its container")
    for name in ("quick", "slow"):
        check(node.read(f"/root/{name}"))
        node.run(["rm", f"/root/{name}"])


def test_what_is_beyond_five_files_goes(node: TestNode, namespace: str) -> None:
    pods = Pods(node, namespace)
    # A megabyte at a time, until it is told to stop.
    script = (
        'i=0; while ! [ -e /tmp/stop ]; do i=$((i+1)); seq -w 1 20000 | sed "s/^/$i /"; sleep 0.1; done; sleep 1000'
    )
    pods.create("talker", container("c", script))
    node.wait_for("the first megabytes are gone", lambda: _first(pods) > 1, timeout=60, every=1)
    node.kubectl("exec", "-n", namespace, "talker", "--", "touch", "/tmp/stop")
    found = files(node, namespace)
    assert len(found) <= 5 and sum(name.endswith(".gz") for name in found) >= 2, found
    # What is left is in order and whole.
    lines = pods.logs("talker").splitlines()
    wanted = int(lines[0].split()[0]), int(lines[0].split()[1])
    for line in lines:
        assert line == f"{wanted[0]} {wanted[1]:05}"
        wanted = (wanted[0], wanted[1] + 1) if wanted[1] < 20000 else (wanted[0] + 1, 1)


def _first(pods: Pods) -> int:
    """The number of the first megabyte that is still there."""
    return int(pods.logs("talker", "--limit-bytes=12").split(" ")[0] or 0)


def test_runs_before_the_last_two_are_removed(node: TestNode, namespace: str) -> None:
    pods = Pods(node, namespace)
    pods.create("talker", container("c", "echo run $RANDOM; exit 1"))
    node.wait_for("three runs", lambda: pods.status("talker", "c").get("restartCount", 0) >= 2, timeout=60)
    node.wait_for("two logs", lambda: len(files(node, namespace)) <= 2, timeout=30)
    assert pods.logs("talker", "--previous").startswith("run ")
