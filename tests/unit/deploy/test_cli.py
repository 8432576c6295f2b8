"""The command line without a node: help, wrong usage, and the sentence for each thing that is missing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy import host, packages, paths
from deploy.cli import main as cli
from deploy.failure import Failure


def ukube(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-P", "-m", "deploy.cli", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **env})


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_every_command_has_help(command: str) -> None:
    done = ukube(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: ukube" in done.stdout


def test_help_lists_all_commands() -> None:
    out = ukube("--help").stdout
    assert [name for name in cli.COMMANDS if name not in out] == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nonsense"], 2, "No such command"),
        (["apiserver"], 2, "--data-dir"),
        (["apiserver", "--data-dir", "/tmp", "--port", "70000"], 2, "70000"),
        (["operators", "run", "--kubeconfig", "/nonexistent"], 2, "/nonexistent"),
        (["bench", "nonsense"], 1, "there is no benchmark 'nonsense'"),
        (["sandbox", "exec", "--name", "../x", "true"], 1, "cannot name a sandbox node"),
        (["sandbox", "exec", "--name", "no-such-node", "true"], 1, "does not exist"),
        (["test", "nonsense"], 2, "nonsense"),
    ],
)
def test_wrong_usage_ends_with_a_sentence(words: list[str], code: int, says: str) -> None:
    done = ukube(*words)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_without_root_the_node_commands_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Failure, match="needs root: run it with sudo"):
        host.require_root("the demo")


def test_without_a_package_tool_the_sentence_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages.shutil, "which", lambda *_, **__: None)
    with pytest.raises(Failure, match="mmdebstrap missing, and this machine has neither apt-get nor zypper"):
        packages.ensure([packages.MMDEBSTRAP], lambda _: None)


def test_a_kernel_without_overlayfs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_has_filesystem", lambda _: False)
    with pytest.raises(Failure, match="no overlayfs"):
        host.require_kernel_features()


def test_a_chroot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_is_chroot", lambda: True)
    with pytest.raises(Failure, match="this is a chroot"):
        host.require_kernel_features()


def test_the_bootstrap_skips_what_is_there() -> None:
    """The promise is 0.3 s before the CLI starts; help is the CLI's own share on top."""
    argv = [str(paths.CHECKOUT / "deploy/ukube"), "--help"]
    subprocess.run(argv, capture_output=True, check=True, timeout=300)
    times = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run(argv, capture_output=True, check=True, timeout=60)
        times.append(time.monotonic() - began)
    assert min(times) < 1.0  # generous: the machine may be busy


def test_the_bootstrap_without_python_says_what_to_install(tmp_path: Path) -> None:
    """In a copy of the checkout without a virtual environment, with a PATH without Python."""
    (tmp_path / "deploy").mkdir()
    script = (paths.CHECKOUT / "deploy/ukube").read_text().replace(" /usr/bin/python3;", ";")
    (tmp_path / "deploy/ukube").write_text(script)
    (tmp_path / "requirements-dev.lock").write_text("")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "sha256sum", "dirname", "cat", "id"):
        (programs / name).symlink_to(f"/usr/bin/{name}")
    argv = ["/bin/sh", str(tmp_path / "deploy/ukube"), "--help"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env={"PATH": str(programs)})
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_heavy_libraries_are_not_imported_for_help() -> None:
    heavy = "{'kubernetes', 'rich', 'aiohttp', 'yaml'}"
    code = f"import sys; import deploy.cli.main; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
