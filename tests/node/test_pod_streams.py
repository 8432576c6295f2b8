"""kubectl logs, exec, attach, cp and port-forward against real containers, through the API server."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.node.conftest import TestNode

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: main}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: localhost/busybox:latest
    imagePullPolicy: Never
    workingDir: /tmp
    env: [{name: GREETING, value: "good day"}]
    securityContext: {runAsUser: 1234, runAsGroup: 2345}
    command:
    - sh
    - -c
    - mkdir /tmp/www; echo hello > /tmp/www/index.html; httpd -p 127.0.0.1:8080 -h /tmp/www;
      i=0; while true; do echo out $i; echo err $i >&2; i=$((i+1)); sleep 0.3; done
---
apiVersion: v1
kind: Pod
metadata: {name: reader}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: localhost/busybox:latest
    imagePullPolicy: Never
    stdin: true
    command: [sh, -c, 'while read line; do echo got $line; [ $line = quit ] && exit 3; done; echo end; sleep 1000']
"""


@pytest.fixture(scope="module")
def pods(node: TestNode) -> Iterator[list[str]]:
    """The flags that lead to both Pods; they run."""
    node.kubectl("create", "namespace", "streams")
    flags = ["-n", "streams"]
    node.kubectl("apply", *flags, "-f", "-", input=MANIFEST)
    node.kubectl("wait", *flags, "--for=condition=Ready", "pod", "--all", "--timeout=30s")
    yield flags
    node.kubectl("delete", "namespace", "streams", "--timeout=60s", check=False, timeout=70)


def by_protocol(node: TestNode, websocket: bool, *words: str, input: str | None = None) -> tuple[int, str, str]:
    flag = "true" if websocket else "false"
    environment = [f"KUBECTL_REMOTE_COMMAND_WEBSOCKETS={flag}", f"KUBECTL_PORT_FORWARD_WEBSOCKETS={flag}"]
    done = node.run(["env", *environment, "kubectl", *words], check=False, input=input)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("websocket", [True, False], ids=["websocket", "spdy"])
def test_exec_is_as_the_container_is(node: TestNode, pods: list[str], websocket: bool) -> None:
    script = "id -u; id -g; pwd; echo $GREETING; echo oops >&2; exit 3"
    code, out, err = by_protocol(node, websocket, "exec", *pods, "main", "--", "sh", "-c", script)
    assert (code, out) == (3, "1234\n2345\n/tmp\ngood day\n")
    assert err == "oops\ncommand terminated with exit code 3\n"
    text = "line of text\n" * 200_000
    assert by_protocol(node, websocket, "exec", "-i", *pods, "main", "--", "cat", input=text) == (0, text, "")


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("no-such-program", 127, "executable file `no-such-program` not found in $PATH"),
        ("/etc/passwd", 126, "not executable"),
    ],
)
def test_exec_of_what_cannot_run(node: TestNode, pods: list[str], command: str, code: int, message: str) -> None:
    done = node.kubectl("exec", *pods, "main", "--", command, check=False)
    assert done.returncode == code
    assert message in done.stderr


def test_exec_with_a_terminal(node: TestNode, pods: list[str]) -> None:
    """`script` gives kubectl a terminal."""
    command = f"kubectl exec {' '.join(pods)} -it main -- sh -c 'tty; echo $TERM; stty size; exit 7'"
    done = node.run(
        ["script", "--quiet", "--return", "--command", f"stty rows 33 cols 99; {command}", "/dev/null"], False
    )
    assert done.returncode == 7
    said = done.stdout.replace("\r", "").replace("^@", "")  # script tells the end of its own input
    assert said.split("\n")[:3] == ["/dev/pts/0", "xterm", "33 99"]


def test_a_client_who_goes_takes_the_command_along(node: TestNode, pods: list[str]) -> None:
    client = node.popen(["timeout", "2", "kubectl", "exec", *pods, "main", "--", "sh", "-c", "sleep 4711 | sleep 4711"])
    count = ["pgrep", "--count", "--full", "^sleep 4711"]
    node.wait_for("both run", lambda: node.run(count, check=False).stdout == "2\n")
    client.communicate()
    node.wait_for("both are gone", lambda: node.run(count, check=False).stdout == "0\n", timeout=5)
    assert node.run(["sh", "-c", "ls -d /run/ukube-exec-*"], check=False).stdout == ""


def test_logs(node: TestNode, pods: list[str]) -> None:
    node.wait_for("some lines", lambda: len(node.kubectl("logs", *pods, "main").stdout.splitlines()) > 8)
    lines = node.kubectl("logs", *pods, "main").stdout.splitlines()
    assert set(lines[:4]) == {"out 0", "err 0", "out 1", "err 1"}
    # What is written while the answer is under way belongs to it too: not every try shows just three.
    node.wait_for("three lines", lambda: len(node.kubectl("logs", *pods, "main", "--tail=3").stdout.splitlines()) == 3)
    assert len(node.kubectl("logs", *pods, "main", "--since=1s").stdout.splitlines()) < 9
    assert node.kubectl("logs", *pods, "main", "--limit-bytes=5").stdout in ("out 0", "err 0")
    stamped = node.kubectl("logs", *pods, "main", "--timestamps", "--tail=1").stdout
    assert stamped.split(" ")[0].endswith("Z")
    done = node.kubectl("logs", *pods, "main", "--previous", check=False)
    assert 'previous terminated container "c" in pod "main" not found' in done.stderr


def test_copy(node: TestNode, pods: list[str]) -> None:
    node.run(["sh", "-c", "head -c 5000000 /dev/urandom > /root/original"])
    node.kubectl("cp", *pods, "/root/original", "main:/tmp/copy")
    node.kubectl("cp", *pods, "main:/tmp/copy", "/root/back")
    node.run(["cmp", "/root/original", "/root/back"])


@pytest.mark.parametrize("websocket", ["true", "false"])
def test_port_forward(node: TestNode, pods: list[str], websocket: str) -> None:
    """httpd listens on the loopback of the Pod's own network only."""
    variable = f"KUBECTL_PORT_FORWARD_WEBSOCKETS={websocket}"
    client = node.popen(["env", variable, "kubectl", "port-forward", *pods, "main", "18080:8080"])
    try:
        assert client.stdout is not None
        assert "18080 -> 8080" in client.stdout.readline()
        for _ in range(3):
            assert node.run(["curl", "--silent", "--max-time", "5", "http://127.0.0.1:18080/"]).stdout == "hello\n"
    finally:
        node.run(["pkill", "--full", "kubectl port-forward"], check=False)
        client.communicate()


def test_attach_and_follow_to_the_end(node: TestNode, pods: list[str]) -> None:
    """Clients may come and go: only stdinOnce would end the container's stdin with the first of them."""
    follower = node.popen(["kubectl", "logs", "-f", *pods, "reader"])
    watcher = node.popen(["timeout", "1", "kubectl", "attach", *pods, "reader"])
    watcher.communicate()
    for word in ("one", "two", "quit"):
        client = node.popen(["timeout", "3", "kubectl", "attach", "-i", *pods, "reader"], stderr=subprocess.DEVNULL)
        time.sleep(0.7)
        assert client.stdin is not None and client.stdout is not None
        client.stdin.write(f"{word}\n")
        client.stdin.flush()
        assert client.stdout.readline() == f"got {word}\n"
        client.communicate()
    out, _ = follower.communicate(timeout=10)
    assert out == "got one\ngot two\ngot quit\n"
