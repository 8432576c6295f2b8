"""How long to fuzz, from which seed, and the server that has to bear it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.judge import Judge


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-seconds", type=float, default=30.0, help="how long the fuzzers run, all together")
    parser.addoption("--fuzz-seed", type=int, default=None, help="of the run to repeat (default: a new one)")


def _option(config: pytest.Config, name: str, otherwise: float) -> float:
    """Where the whole of tests/ is run, this folder's options are not known."""
    found = config.getoption(name, otherwise)
    return otherwise if found is None else float(found)


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    """For one of the two fuzzers."""
    return _option(request.config, "--fuzz-seconds", 30.0) / 2


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    found = int(_option(request.config, "--fuzz-seed", random.randrange(2**32)))
    print(f"--fuzz-seed {found}")
    return found


@pytest.fixture
def judge(api_server: Path) -> Iterator[Judge]:
    found = Judge(api_server)
    yield found
    found.close()
