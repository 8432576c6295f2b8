"""Every recorded exchange against a server of our own: what differs must be listed, with its reason, in the docs.

docs/reference/api-support.md holds the list. An exchange that begins to differ fails here, and so does one that is
listed and no longer differs: the list is exact.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LIST = ROOT / "docs" / "reference" / "api-support.md"
# A line of the list: | file | exchange | reason |
ROW = re.compile(r"^\| `(?P<file>[a-z-]+)` \| `(?P<step>[^`]+)` \|", re.MULTILINE)
USERS = ("plain", "other")
FILES = sorted(path.stem for path in (HERE / "scenarios").glob("*.yaml"))
# All files together take about two minutes on two shared cores.
LIMIT_SECONDS = 900

Steps = dict[str, dict[str, bool]]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The admin and the two users of the recordings. With a certificate nobody could be anonymous."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.csv"
    lines = ["admin,golden-admin,1,system:masters"]
    lines += [f"{name},golden-{name},{number},golden-team" for number, name in enumerate(USERS, 2)]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def outcomes(tokens: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    """Whether each exchange passed, by file and name."""
    data = tmp_path_factory.mktemp("apiserver")
    with server(data, "--token-auth-file", tokens) as url:
        out = data / "out.json"
        argv = [sys.executable, HERE / "replay.py", "--server", url, "--ca", data / "pki/ca.crt", "--token", "admin"]
        argv += [word for name in USERS for word in ("--user-token", f"{name}={name}")]
        argv += [HERE / "scenarios", "--json", out]
        subprocess.run(argv, stdout=subprocess.DEVNULL, timeout=LIMIT_SECONDS, check=False)
        found: Steps = {}
        for exchange in json.loads(out.read_text())["exchanges"]:
            steps = found.setdefault(exchange["scenario"], {})
            steps[exchange["step"]] = exchange["passed"] and steps.get(exchange["step"], True)
        yield found


def listed() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in ROW.finditer(LIST.read_text()):
        found.setdefault(row["file"], set()).add(row["step"])
    return found


@pytest.mark.timeout(LIMIT_SECONDS)
@pytest.mark.parametrize("file", FILES)
def test_every_difference_is_listed(file: str, outcomes: Steps) -> None:
    differing = {step for step, passed in outcomes[file].items() if not passed}
    assert differing - listed().get(file, set()) == set(), "these exchanges differ from Kubernetes and did not before"


@pytest.mark.timeout(LIMIT_SECONDS)
@pytest.mark.parametrize("file", FILES)
def test_the_list_names_nothing_that_passes(file: str, outcomes: Steps) -> None:
    differing = {step for step, passed in outcomes[file].items() if not passed}
    assert listed().get(file, set()) - differing == set(), "take these out of docs/reference/api-support.md"


def test_the_list_names_files_that_exist() -> None:
    assert listed().keys() <= set(FILES)
