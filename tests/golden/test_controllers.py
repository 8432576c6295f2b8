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
        words: list[str | Path] = [sys.executable, "-P", "-m", "operators", *operators(), "--kubeconfig", config]
        with subprocess.Popen([*words, "--log-level", "warning"], cwd=ROOT, stderr=log) as process:
            try:
                found = replayed(config, data / "out.json", FILES)
                if late := sorted(file for file in FILES if differing(found[file])):
                    # A poll takes the first state that fits, and on a busy machine it may see one on the way.
                    found |= replayed(config, data / "again.json", late)
            finally:
                process.terminate()
        yield found


def replayed(config: Path, out: Path, files: list[str]) -> Steps:
    only = [word for file in files for word in ("--only", file)]
    words: list[str | Path] = ["--kubeconfig", config, HERE / "controllers", *only, "--json", out]
    subprocess.run(
        [sys.executable, HERE / "replay.py", *words], stdout=subprocess.DEVNULL, timeout=LIMIT_SECONDS / 2, check=False
    )
    found: Steps = {}
    for exchange in json.loads(out.read_text())["exchanges"]:
        found.setdefault(exchange["scenario"], []).append((exchange["step"], exchange["passed"]))
    return found


def differing(steps: list[tuple[str, bool]]) -> list[str]:
    return [step for step, passed in steps if not passed]


@pytest.mark.timeout(LIMIT_SECONDS)
@pytest.mark.parametrize("file", FILES)
def test_controllers_do_as_upstreams(file: str, outcomes: Steps) -> None:
    assert outcomes[file]
    assert differing(outcomes[file]) == []
