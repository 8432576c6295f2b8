"""What every test run needs."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import server

# Python 3.11 makes an event loop for whoever first asks the main thread for one, pytest-asyncio asks and never closes
# it, and the warning about it fails whichever test runs next. A thread told that it has none makes none.
asyncio.set_event_loop(None)


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new API server without operators, as a process; its admin's kubeconfig."""
    data = tmp_path_factory.mktemp("apiserver")
    with server(data):
        yield data / "admin.kubeconfig"
