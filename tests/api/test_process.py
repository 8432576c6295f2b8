"""The server as a process of its own: its first line, its refusals, its end, and what survives kill -9."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Start = Callable[..., "subprocess.Popen[str]"]
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def run(*argv: str | Path, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "apiserver_stub", "--bind-address", "127.0.0.1", *map(str, argv)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    line = process.stdout.readline()
    assert line.startswith("API server ready on https://127.0.0.1:"), process.communicate()
    return line.split()[4].rstrip(",")


def ask(directory: Path, path: str, body: object = None) -> tuple[int, dict[str, object]]:
    """A request with what admin.kubeconfig says."""
    config = json.loads((directory / "admin.kubeconfig").read_text())
    context = ssl.create_default_context(cafile=str(directory / "pki" / "ca.crt"))
    context.load_cert_chain(directory / "pki" / "admin.crt", directory / "pki" / "admin.key")
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(
        config["clusters"][0]["cluster"]["server"] + path, data, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_port_zero_is_told_in_the_line_and_the_kubeconfig(start: Start, tmp_path: Path) -> None:
    process = start("--data-dir", tmp_path / "d", "--port", "0")
    url = ready(process)
    config = json.loads((tmp_path / "d" / "admin.kubeconfig").read_text())
    assert config["clusters"][0]["cluster"]["server"] == url
    code, namespaces = ask(tmp_path / "d", "/api/v1/namespaces")
    names = {item["metadata"]["name"] for item in namespaces["items"]}  # type: ignore[attr-defined]
    assert (code, names) == (200, {"default", "kube-node-lease", "kube-public", "kube-system"})


def test_it_ends_on_sigterm(start: Start, tmp_path: Path) -> None:
    process = start("--data-dir", tmp_path / "d", "--port", "0")
    ready(process)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_systemd_is_told(start: Start, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(20)
        process = start("--data-dir", tmp_path / "d", "--port", "0", NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert listener.recv(100) == b"READY=1"
        ready(process)
        process.send_signal(signal.SIGTERM)
        assert listener.recv(100) == b"STOPPING=1"


def refusal(process: "subprocess.Popen[str]") -> str:
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert output == ""
    assert errors.count("\n") == 1, errors
    return errors


def test_busy_port(start: Start, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = refusal(start("--data-dir", tmp_path / "d", "--port", str(port)))
    assert error == (f"apiserver_stub: cannot listen on 127.0.0.1:{port}: the port is in use by another program\n")


def test_second_copy(start: Start, tmp_path: Path) -> None:
    ready(start("--data-dir", tmp_path / "d", "--port", "0"))
    error = refusal(start("--data-dir", tmp_path / "d", "--port", "0"))
    assert error == f"apiserver_stub: another API server is running on {tmp_path / 'd'}\n"


def test_directory_that_can_not_be_made(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = refusal(start("--data-dir", tmp_path / "file" / "d", "--port", "0"))
    assert error == f"apiserver_stub: cannot make {tmp_path / 'file' / 'd'}: Not a directory\n"


def test_damaged_database(start: Start, tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database " * 500)
    assert "state.db is damaged" in refusal(start("--data-dir", tmp_path, "--port", "0"))


def test_damaged_token_file_tells_the_line_but_no_token(start: Start, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("good,user,1\nvery-secret\n")
    error = refusal(start("--data-dir", tmp_path / "d", "--port", "0", "--token-auth-file", tmp_path / "tokens"))
    assert "tokens line 2: expected token,user,uid" in error
    assert "secret" not in error


def test_what_was_answered_survives_kill_9(start: Start, tmp_path: Path) -> None:
    process = start("--data-dir", tmp_path / "d", "--port", "0")
    ready(process)
    for number in range(20):
        body = {"metadata": {"name": f"c{number}"}, "data": {"n": str(number)}}
        assert ask(tmp_path / "d", CONFIGMAPS, body)[0] == 201
    lease = {"metadata": {"name": "l"}, "spec": {}}
    _, made = ask(tmp_path / "d", "/apis/coordination.k8s.io/v1/namespaces/default/leases", lease)
    process.kill()
    process.wait()

    ready(start("--data-dir", tmp_path / "d", "--port", "0"))
    _, found = ask(tmp_path / "d", CONFIGMAPS)
    assert len(found["items"]) == 20  # type: ignore[arg-type]
    # Leases live in memory only; no revision that was given out for one comes again.
    assert int(found["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])  # type: ignore[index]
    assert ask(tmp_path / "d", "/apis/coordination.k8s.io/v1/leases")[1]["items"] == []


def test_files_are_the_owner_s_alone(start: Start, tmp_path: Path) -> None:
    ready(start("--data-dir", tmp_path / "d", "--port", "0"))
    for path in [tmp_path / "d", *(tmp_path / "d").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_certificates_stay_from_start_to_start(start: Start, tmp_path: Path) -> None:
    files = {}
    for _ in range(2):
        process = start("--data-dir", tmp_path, "--port", "0")
        ready(process)
        found = {path.name: path.read_bytes() for path in (tmp_path / "pki").iterdir()}
        files = files or found
        assert found == files
        process.send_signal(signal.SIGTERM)
        process.wait()
        time.sleep(0.1)
