"""Client libraries that people use, as they come: each runs a small program of its own against our server."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import packages, paths

HERE = Path(__file__).parent
NODE = (packages.Program("node", "nodejs", "nodejs20"), packages.Program("npm", "npm", "npm20"))


def run(*argv: str | Path, **options: Path) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", sorted(path.stem for path in HERE.glob("with_*.py")))
def test_python(program: str, api_server: Path) -> None:
    # Warnings are the libraries' own business here.
    run(sys.executable, "-W", "ignore", HERE / f"{program}.py", api_server)


@pytest.fixture(scope="module")
def client_node() -> Path:
    """A folder with client-node and the program that uses it."""
    packages.ensure(NODE, print, recommends=False)
    pinned = (HERE / "client-node" / "package-lock.json").read_bytes()
    folder = paths.cache() / f"client-node-{hashlib.sha256(pinned).hexdigest()[:16]}"
    shutil.copytree(HERE / "client-node", folder, dirs_exist_ok=True)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        run("npm", "ci", "--no-audit", "--no-fund", cwd=folder)
    return folder


@pytest.mark.timeout(600)
def test_javascript(client_node: Path, api_server: Path) -> None:
    run("node", "smoke.js", api_server, cwd=client_node)
