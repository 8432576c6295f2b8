"""API servers as processes of their own, for tests that must not share anything with them."""

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextlib.contextmanager
def server(data: Path, *options: str | Path) -> Iterator[str]:
    """An API server without operators that keeps its state in `data`; its URL."""
    argv = [sys.executable, "-P", "-m", "apiserver_stub", "--data-dir", data, "--port", "0", *options]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r"ready on (\S+),", process.stdout.readline())
            assert found, "the server did not start"
            yield found[1]
        finally:
            process.terminate()


@contextlib.contextmanager
def operators(data: Path, *names: str) -> Iterator[Path]:
    """Operators of the API server that keeps its state in `data`, in one process; the admin's kubeconfig."""
    config = data / "admin.kubeconfig"
    argv = [sys.executable, "-P", "-m", "operators", *names, "--kubeconfig", config, "--log-level", "warning"]
    with (data / "operators.log").open("w") as log, subprocess.Popen(argv, cwd=ROOT, stderr=log) as process:
        try:
            yield config
        finally:
            process.terminate()
