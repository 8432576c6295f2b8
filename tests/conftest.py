"""What every test run needs."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Python 3.11 makes an event loop for whoever first asks the main thread for one, pytest-asyncio asks and never closes
# it, and the warning about it fails whichever test runs next. A thread told that it has none makes none.
asyncio.set_event_loop(None)

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new API server without operators, as a process; its admin's kubeconfig."""
    data = tmp_path_factory.mktemp("apiserver")
    argv = [sys.executable, "-P", "-m", "apiserver_stub", "--data-dir", data, "--port", "0"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert "ready" in server.stdout.readline()
            yield data / "admin.kubeconfig"
        finally:
            server.terminate()
