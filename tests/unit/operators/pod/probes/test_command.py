"""exec probes, with a crun of our own."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from operators.pod.probes.command import Command
from operators.pod.probes.rules import Outcome

LATE = 'command timed out: "a b" timed out after 300ms'
MISSING = "executable file `x` not found in $PATH"
NOT_RUN = "rpc error: code = Unknown desc = command error: "


@pytest.fixture
def crun(tmp_path, monkeypatch):
    """crun(script) makes `crun exec CONTAINER …` run the script with the command's words."""

    def make(script):
        file = tmp_path / "crun"
        file.write_text(f"#!/bin/sh\nshift 2\n{script}\n")
        file.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return make


@pytest.fixture
def ask(asked):
    asked.prober._make_exec = lambda wires, probe, tell: Command(wires, probe, tell, "0123")

    async def once(*command, seconds=5.0):
        return await asked.once(exec={"command": list(command)}, timeoutSeconds=seconds)

    return once


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ('echo "$@"; echo err >&2', Outcome("success", "a b\nerr\n")),
        ("echo why; exit 3", Outcome("failure", "why\n")),
        ("kill -9 $$", Outcome("failure", "")),
        ("printf '\\377'; exit 255", Outcome("failure", "\ufffd")),
        (f"echo '{MISSING}'; exit 255", Outcome("unknown", NOT_RUN + MISSING, True)),
        ("head -c 200000 /dev/zero | tr '\\0' x; exit 1", Outcome("failure", "x" * 10240)),
        ("sleep 9 & echo back; exit 1", Outcome("failure", "back\n")),
        ("yes | head -1; exit 1", Outcome("failure", "y\n")),
        ("read x; echo $?; exit 1", Outcome("failure", "1\n")),
    ],
)  # fmt: skip
async def test_outcomes(script, outcome, crun, ask):
    crun(script)
    began = time.monotonic()
    assert await ask("a", "b") == outcome
    assert time.monotonic() - began < 3


async def test_what_takes_too_long_is_killed_with_all_that_crun_has_started(crun, ask, tmp_path):
    crun(f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 30' & wait")
    assert await ask("a", "b", seconds=0.3) == Outcome("failure", LATE)
    pid = int((tmp_path / "pid").read_text())
    async with asyncio.timeout(5):
        while _runs(pid):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_no_crun_and_no_container_are_errors(ask, asked, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert await ask("x") == Outcome("unknown", NOT_RUN + "[Errno 2] No such file or directory: 'crun'", True)
    asked.prober._make_exec = lambda wires, probe, tell: Command(wires, probe, tell, "")
    assert await ask("x") == Outcome("unknown", NOT_RUN + "container not running", True)


async def test_nothing_stays_open(crun, ask):
    crun("exit 0")
    await ask("x")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        await ask("x")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert _children() == ""


def _children():
    return Path("/proc/self/task", str(os.getpid()), "children").read_text()


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
