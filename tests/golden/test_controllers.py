"""Every exchange recorded with upstream's controller manager, against our API server and operators, without a node."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ROOT, server

HERE = Path(__file__).parent
FILES = sorted(path.stem for path in (HERE / "controllers").glob("*.yaml"))
# Recorded without a kubelet and a scheduler: these play their part, or ours, and stay out.
MACHINES = {"pod", "node", "binder", "provisioner"}
LIMIT_SECONDS = 400

Steps = dict[str, list[tuple[str, bool]]]


def operators() -> list[str]:
    listed = subprocess.run(
        [sys.executable, "-P", "-m", "operators", "list"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split() if name not in MACHINES]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    """Name of each exchange, and whether it passed, by file."""
    data = tmp_path_factory.mktemp("controllers")
    config = data / "admin.kubeconfig"
    with server(data), tempfile.TemporaryFile() as log:
        words = [sys.executable, "-P", "-m", "operators", *operators(), "--kubeconfig", config]
        with subprocess.Popen([*words, "--log-level", "warning"], cwd=ROOT, stderr=log) as process:
            try:
                out = data / "out.json"
                replay = [sys.executable, HERE / "replay.py", "--kubeconfig", config, HERE / "controllers"]
                run = [*replay, "--json", out]
                subprocess.run(run, stdout=subprocess.DEVNULL, timeout=LIMIT_SECONDS, check=False)
            finally:
                process.terminate()
        found: Steps = {}
        for exchange in json.loads(out.read_text())["exchanges"]:
            found.setdefault(exchange["scenario"], []).append((exchange["step"], exchange["passed"]))
        yield found


@pytest.mark.timeout(LIMIT_SECONDS)
@pytest.mark.parametrize("file", FILES)
def test_controllers_do_as_upstreams(file: str, outcomes: Steps) -> None:
    assert outcomes[file]
    assert [step for step, passed in outcomes[file] if not passed] == []
