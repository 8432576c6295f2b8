"""The program of hooks by HTTP, installed and run as hook.sh does it, and what hook.sh notes."""

import json
import os
import socket
import ssl
import stat
import subprocess
import threading

import pytest

from operators.pod.hooks import running, words
from operators.pod.hooks.running import Hooks
from operators.pod.paths import Paths

SCRIPT = running.Path(running.__file__).parents[1] / "libexec" / "hook.sh"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def paths(tmp_path):
    found = Paths(state=tmp_path / "state", run=tmp_path / "run")
    running.install(found)
    return found


class Server(threading.Thread):
    """Answers one connection after the other with `answers`; `heads`: what it has read."""

    def __init__(self, *answers, tls=None):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answers, self.tls, self.heads = answers, tls, []

    def run(self):
        for answer in self.answers:
            connection, _ = self.listener.accept()
            with connection:
                if self.tls is not None:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self.heads.append(connection.recv(65536).decode("latin-1"))
                connection.sendall(answer)
                connection.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.join(5)
        self.listener.close()


def call(paths, tmp_path, action, address="127.0.0.1"):
    container = {"name": "c", "lifecycle": {"preStop": {"httpGet": action}}}
    text = words.requests(container, address)["preStop"]
    file = tmp_path / "request"
    file.write_text(text)
    program = [paths.libexec / "python", "-E", "-s", "-S", paths.libexec / "hooks", file]
    return subprocess.run(program, capture_output=True, text=True, timeout=20, cwd="/")


@pytest.mark.parametrize(
    "answer", [OK, b"HTTP/1.1 500 No\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://other/\r\n\r\n"]
)
def test_any_answer_will_do(paths, tmp_path, answer):
    with Server(answer) as server:
        headers = [{"name": "X-A", "value": "1"}, {"name": "Host", "value": "me"}]
        done = call(paths, tmp_path, {"port": server.port, "path": "/bye?now", "httpHeaders": headers})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert server.heads == [
        "GET /bye?now HTTP/1.1\r\nHost: me\r\nUser-Agent: kube-lifecycle/1.36\r\n"
        "Accept: */*\r\nX-A: 1\r\nConnection: close\r\n\r\n"
    ]


def test_redirects_are_followed(paths, tmp_path):
    with Server(b"HTTP/1.1 301 Moved\r\nLocation: ./b\r\nContent-Length: 0\r\n\r\n", OK) as server:
        assert call(paths, tmp_path, {"port": server.port, "path": "/x/a"}).returncode == 0
    assert server.heads[1].startswith("GET /x/b ")


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ({"port": "none"}, "invalid syntax"),
        ({"port": 1}, "Connection refused"),
        ({"port": 1, "httpHeaders": [{"name": "A", "value": "b\r\nc"}]}, "invalid header field value"),
        ({"port": 1, "host": "no-such-name.invalid"}, "no-such-name.invalid"),
    ],
)
def test_no_answer_is_a_failure(paths, tmp_path, action, complaint):
    done = call(paths, tmp_path, action)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_https_with_any_certificate(paths, tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
         "-keyout", tmp_path / "key", "-out", tmp_path / "crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    with Server(OK, tls=context) as server:
        assert call(paths, tmp_path, {"port": server.port, "scheme": "HTTPS"}).returncode == 0


def test_http_where_https_was_meant_is_tried_without_credentials(paths, tmp_path):
    refusal = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    headers = [{"name": "Authorization", "value": "secret"}, {"name": "X-A", "value": "1"}]
    with Server(refusal, OK) as server:
        action = {"port": server.port, "scheme": "HTTPS", "path": "/x", "httpHeaders": headers}
        done = call(paths, tmp_path, action)
    assert (done.returncode, done.stdout) == (3, f"127.0.0.1:{server.port}")
    assert "X-A: 1" in server.heads[1]
    assert "secret" not in server.heads[1]


@pytest.fixture
def container(paths):
    """What hook.sh wants to see of a container; its process is ours."""
    run = paths.pod_run("u")
    run.mkdir(parents=True)
    (run / "c.cid").write_text("0" * 64)
    (run / "c.pid").write_text(str(os.getpid()))
    return run


def hook(paths, run, name, seconds, *words_, crun="exit 0"):
    """Runs hook.sh with a `crun` of our own."""
    script = paths.libexec / "hook.sh"
    script.write_text(SCRIPT.read_text())
    script.chmod(0o755)
    folder = run / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "crun").write_text(f'#!/bin/sh\necho "$@" >> {run}/crun.log\n{crun}\n')
    (folder / "crun").chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(
        [script, run, "c", name, str(seconds), *words_], env={"PATH": path}, capture_output=True, text=True, timeout=20
    )
    note = run / "hooks" / "c"
    return done.returncode, note.read_text() if note.exists() else ""


@pytest.mark.parametrize(
    ("name", "seconds", "words_", "crun", "expected"),
    [
        ("preStop", 5, ["exec:", "a b", "$c"], "exit 0", (0, "")),
        ("preStop", 5, ["exec:", "x"], "exit 3", (3, "preStop\n")),
        ("preStop", 5, ["exec:false", "x"], "", (1, "preStop\n")),
        ("postStart", 0, ["exec:", "x"], "exit 124", (124, "postStart\n")),
        ("preStop", 1, ["exec:", "x"], "exec sleep 9", (124, "")),
        ("preStop", 5, ["sleep:", "0"], "", (0, "")),
        ("preStop", 1, ["sleep:", "9"], "", (0, "")),
        ("postStart", 0, ["none:"], "", (1, "postStart\n")),
        ("preStop", 5, ["http:", "/no/such/file"], "", (1, "preStop\n")),
    ],
)
def test_hooks_and_the_notes_they_leave(paths, container, name, seconds, words_, crun, expected):
    assert hook(paths, container, name, seconds, *words_, crun=crun) == expected
    if words_[0] == "exec:" and crun:
        assert (container / "crun.log").read_text() == f"exec {'0' * 64} {' '.join(words_[1:])}\n"


@pytest.mark.parametrize(
    ("crun", "code", "calls"),
    [
        ("exit 0", 0, ["postStart exec: a b"]),
        ("exit 1", 1, ["postStart exec: a b", "stop TERM 7 exec: c d  e"]),
    ],
)
def test_a_failed_start_is_ended_with_the_other_hook(tmp_path, crun, code, calls):
    """start.sh between a hook.sh and a stop.sh of our own."""
    log = tmp_path / "log"
    texts = {
        "start.sh": (SCRIPT.parent / "start.sh").read_text(),
        "hook.sh": f'#!/bin/sh\nshift 2; echo "$1" $3 "$4" "$5" >> {log}\n[ $# -eq 5 ] && {crun}\n',
        "stop.sh": f'#!/bin/sh\nshift 2; echo stop "$@" >> {log}\n',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    words_ = ["/run", "c", "TERM", "7", "3", "exec:", "a", "b", "exec:", "c", "d  e"]
    assert subprocess.run([tmp_path / "start.sh", *words_], timeout=10).returncode == code
    assert log.read_text().splitlines() == calls


def test_notes_become_events_once(paths, container):
    pod = {
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": {"containers": [{"name": "c", "lifecycle": {"preStop": {"exec": {"command": ["x"]}}}}]},
    }
    told = []
    hooks = Hooks(paths, lambda pod, *rest: told.append(rest))
    hooks.report(pod)
    (container / "hooks").mkdir()
    (container / "hooks" / "c").write_text("postStart\nfallback h:1\npreStop\n")
    hooks.report(pod)
    hooks.report(pod)
    fallback = "request to HTTPS lifecycle hook h:1 got HTTP response, retry with HTTP succeeded"
    assert told == [
        ("c", "Warning", "FailedPostStartHook", "PostStartHook failed"),
        ("c", "Normal", "Killing", "FailedPostStartHook"),
        ("c", "Warning", "LifecycleHTTPFallback", fallback),
        ("c", "Warning", "FailedPreStopHook", "PreStopHook failed"),
    ]


def test_requests_are_for_root_only(paths):
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}}
    action = {"port": 1, "httpHeaders": [{"name": "Authorization", "value": "secret"}]}
    Hooks(paths, print).write_requests(pod, {"name": "c", "lifecycle": {"preStop": {"httpGet": action}}}, "10.0.0.1")
    file = paths.pod_state("u") / "hooks" / "c.preStop"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["headers"] == [["Authorization", "secret"]]
