"""The machine that MicroKube runs on: this host, or a sandbox node. Commands are given to either in the same way."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy import command, host, paths
from deploy.failure import Failure
from deploy.sandbox.node import Node


class Machine(Protocol):
    """Runs programs as root and writes files."""

    @property
    def name(self) -> str: ...

    def argv(self, words: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        """The command line, for this host, that runs `words` there."""

    def run(
        self,
        words: Sequence[str],
        *,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 60,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]: ...

    def write(self, path: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Host:
    """The machine that this program runs on, with systemd as PID 1."""

    @property
    def name(self) -> str:
        return os.uname().nodename

    def argv(self, words: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:{paths.PREFIX / 'bin'}"
        given = {"KUBECONFIG": str(paths.ADMIN_KUBECONFIG), "PATH": path, **(env or {})}
        return ["env", *(f"{key}={value}" for key, value in given.items()), *words]

    def run(
        self,
        words: Sequence[str],
        *,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 60,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return command.completed(self.argv(words, env), check=check, stdin=stdin, timeout=timeout)

    def write(self, path: str, text: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)


def installed(sandbox: str = "node") -> Machine:
    """Where MicroKube runs: this host if systemd is its PID 1, else the sandbox node of that name. Raises Failure."""
    host.require_root("looking after a node")
    if host.systemd_is_init():
        if not Path(paths.PREFIX).is_dir():
            raise Failure("MicroKube is not installed on this machine: install it with `deploy/ukube up`")
        return Host()
    node = Node(sandbox)
    if not node.exists:
        raise Failure(
            "systemd is not PID 1 here, so MicroKube cannot run on this machine itself, and there is no sandbox node: "
            "make one with `deploy/ukube sandbox up`"
        )
    node.require_running()
    return node
