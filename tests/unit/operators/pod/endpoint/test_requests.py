"""What clients ask for: the queries of all routes, subprotocols, terminal sizes, exit codes."""

from pathlib import Path
from typing import Any

import pytest
from multidict import MultiDict

from operators.pod.endpoint import (
    adapter,
    backend,
    channels,
    exposition,
    logoptions,
    options,
    readings,
    runtime,
    session,
    statuses,
)
from operators.pod.endpoint.logoptions import LogOptions
from operators.pod.inventory import Inventory
from operators.pod.paths import Paths
from tests.fakes.kube import FakeKube

NOW = 1_700_000_000 * 10**9


@pytest.mark.parametrize(
    ("query", "parsed"),
    [
        ({}, LogOptions()),
        ({"follow": "true", "previous": "false", "timestamps": ""}, LogOptions(follow=True, timestamps=True)),
        ({"tailLines": "0", "limitBytes": "1"}, LogOptions(tail=0, limit=1)),
        ({"tailLines": ""}, LogOptions()),
        ({"sinceSeconds": "60"}, LogOptions(since=b"2023-11-14T22:12:20.000000000Z")),
        ({"sinceTime": "2024-01-01T00:00:00Z"}, LogOptions(since=b"2024-01-01T00:00:00.000000000Z")),
        ({"sinceTime": "2024-01-01T02:00:00 02:00"}, LogOptions(since=b"2024-01-01T00:00:00.000000000Z")),
        ({"stream": "Stderr"}, LogOptions(stream="Stderr")),
    ],
)
def test_log_options(query: dict[str, str], parsed: LogOptions) -> None:
    assert logoptions.parse(query, NOW) == parsed


@pytest.mark.parametrize(
    "query",
    [
        {"tailLines": "-1"},
        {"tailLines": "many"},
        {"tailLines": "9" * 30},
        {"tailLines": "١"},
        {"limitBytes": "0"},
        {"sinceSeconds": "0"},
        {"sinceSeconds": "1", "sinceTime": "2024-01-01T00:00:00Z"},
        {"sinceTime": "now"},
        {"stream": "stdout"},
        {"stream": "Stdout", "tailLines": "1"},
    ],
)
def test_bad_log_options(query: dict[str, str]) -> None:
    with pytest.raises(logoptions.BadLogOptions):
        logoptions.parse(query, NOW)


@pytest.mark.parametrize(
    ("query", "streams"),
    [
        (
            [("command", "ls"), ("command", "-l"), ("output", "1")],
            options.Streams(("ls", "-l"), False, True, False, False),
        ),
        ([("stdout", "true"), ("stderr", "1")], options.Streams((), False, True, True, False)),
        ([("stdin", "1"), ("stdout", "false")], options.Streams((), True, False, False, False)),
        ([("tty", "1"), ("output", "1"), ("error", "1")], options.Streams((), False, True, False, True)),
    ],
)
def test_streams(query: list[tuple[str, str]], streams: options.Streams) -> None:
    assert options.parse_streams(MultiDict(query)) == streams


@pytest.mark.parametrize("query", [[], [("stderr", "1"), ("tty", "1")], [("stdout", "0")]])
def test_no_streams(query: list[tuple[str, str]]) -> None:
    with pytest.raises(options.BadOptions, match="you must specify at least 1 of stdin, stdout, stderr"):
        options.parse_streams(MultiDict(query))


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "+1", "1.0", "٣", "http", "123456"])
def test_bad_ports(text: str) -> None:
    with pytest.raises(options.BadOptions):
        options.parse_port(text)


def test_ports() -> None:
    assert options.parse_ports(MultiDict([("ports", "80"), ("ports", "443,8080")])) == (80, 443, 8080)
    with pytest.raises(options.BadOptions):
        options.parse_ports(MultiDict())


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], ""),
        (["v5.channel.k8s.io", "v4.channel.k8s.io"], "v5.channel.k8s.io"),
        (["v6.channel.k8s.io", "v4.channel.k8s.io"], "v4.channel.k8s.io"),
        (["channel.k8s.io"], "channel.k8s.io"),
        (["chat"], None),
    ],
)
def test_negotiate(offered: list[str], chosen: str | None) -> None:
    assert channels.negotiate(offered, channels.REMOTE_COMMAND) == chosen


@pytest.mark.parametrize(
    ("message", "size"),
    [
        (b'{"Width":80,"Height":24}', session.Size(80, 24)),
        (b'{"Width":0,"Height":24}', None),
        (b'{"Width":80}', None),
        (b'{"Width":"80","Height":24}', None),
        (b'{"Width":true,"Height":24}', None),
        (b'{"Width":99999,"Height":24}', None),
        (b"[]", None),
        (b"80x24", None),
    ],
)
def test_sizes(message: bytes, size: session.Size | None) -> None:
    assert session.parse_size(message) == size


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("executable file `x` not found in $PATH: No such file or directory", 127),
        ("executable file `/x` not found: No such file or directory", 127),
        ("the path `/etc/passwd` exists but it is not executable: Operation not permitted", 126),
        ("the path `/tmp` is not a regular file: Operation not permitted", 126),
        ("open executable: Permission denied", 126),
        ("the container `x` is not running", None),
    ],
)
def test_exit_code_of_a_failed_start(error: str, code: int | None) -> None:
    assert runtime.exit_code_of(error) == code


def test_statuses() -> None:
    assert statuses.exit_code(["true"], 0) == {"metadata": {}, "status": "Success"}
    failed = statuses.exit_code(["sh", "-c", "exit 3"], 3)
    assert failed["reason"] == "NonZeroExitCode"
    assert failed["details"] == {"causes": [{"reason": "ExitCode", "message": "3"}]}
    assert failed["message"] == (
        "command terminated with non-zero exit code: error executing command [sh -c exit 3], exit code 3"
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, ("waiting", "ContainerCreating")),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}}, ("waiting", "CrashLoopBackOff")),
        ({"state": {"waiting": {}}}, ("waiting", "")),
        ({"state": {"terminated": {"exitCode": 1}}}, ("terminated", "")),
        ({"state": {"running": {}}}, ("terminated", "")),
    ],
)
def test_state_of_a_container_without_a_process(status: dict[str, Any], state: tuple[str, str]) -> None:
    assert adapter.compute_state(status) == state


POD: dict[str, Any] = {
    "metadata": {"namespace": "ns", "name": "p", "uid": "u"},
    "spec": {"containers": [{"name": "c", "tty": True, "stdin": True}], "initContainers": [{"name": "i"}]},
    "status": {"initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 0}}}]},
}


class FakeKubelet:
    """Knows one Pod, whose container runs and whose init container has ended."""

    pki = Path("/pki")
    paths = Paths()
    kube = FakeKube("pod")
    node_name = "pi"
    static_pods = "/manifests"
    has_controllers = False
    cgroups = Path("/sys/fs/cgroup")
    reader = readings.Reader(paths, Inventory(paths))

    def node(self) -> dict[str, Any]:
        return {"status": {"nodeInfo": {"kubeletVersion": "v1.36.0"}}}

    def probe_metrics(self) -> bytes:
        return b""

    def pods(self) -> list[dict[str, Any]]:
        return [POD]

    def find(self, namespace: str, pod: str) -> dict[str, Any] | None:
        return POD if (namespace, pod) == ("ns", "p") else None

    def container_id(self, uid: str, container: str) -> str | None:
        return "id" if container == "c" else None

    def container_pid(self, uid: str, container: str) -> int | None:
        return 7 if container == "c" else None

    def netns(self, pod: dict[str, Any]) -> None:
        return None


async def test_adapter() -> None:
    adapted = adapter.Adapter(FakeKubelet(), 10250)
    running = await adapted.container("ns", "p", "c")
    assert (running.state, running.pid, running.container_id, running.tty, running.stdin) == (
        "running",
        7,
        "id",
        True,
        True,
    )
    assert str(running.log_dir) == "/var/log/pods/ns_p_u/c"
    assert (await adapted.container("ns", "p", "i")).state == "terminated"
    assert (await adapted.pod("ns", "p")).running
    with pytest.raises(backend.PodNotFound):
        await adapted.container("ns", "other", "c")
    with pytest.raises(backend.ContainerNotFound):
        await adapted.container("ns", "p", "../../etc")


async def test_own_metrics_tell_of_pods_and_process() -> None:
    text = exposition.render(await adapter.Adapter(FakeKubelet(), 10250).own_metrics())
    assert 'kubelet_node_name{node="pi"} 1\n' in text
    assert 'kubelet_running_containers{container_state="exited"} 1\n' in text
    assert "kubelet_running_pods 0\n" in text
    assert 'git_version="v1.36.0",major="1",minor="36"' in text
    assert "# TYPE process_cpu_seconds_total counter\n" in text


def test_configuration_says_what_is() -> None:
    found = adapter.Adapter(FakeKubelet(), 10250).configuration()
    assert (found["staticPodPath"], found["port"], found["containerLogMaxSize"]) == ("/manifests", 10250, "10Mi")
    assert (found["shutdownGracePeriod"], found["enforceNodeAllocatable"]) == ("30s", [])
