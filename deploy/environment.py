"""The virtual environment of an installation: pinned wheels for a given Python, unpacked by the pip of the CLI."""

import sys
from pathlib import Path

from deploy import command, paths

VERSION = 1
LOCK = paths.CHECKOUT / "requirements.lock"


def lock_text() -> str:
    return LOCK.read_text()


def make(prefix: Path, python: str) -> None:
    """Writes `prefix`/venv for the interpreter /usr/bin/python3 of version `python` ("3.13").

    Made by hand, not by the venv module: the interpreter may be that of a machine which is not running yet.
    """
    venv = prefix / "venv"
    site = venv / f"lib/python{python}/site-packages"
    site.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to("/usr/bin/python3")
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (site / "ukube.pth").write_text(f"{paths.PREFIX / 'src'}\n")
    wheels = [f"--platform={tag}_x86_64" for tag in ("manylinux2014", "manylinux_2_28", "manylinux_2_34")]
    command.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps", "--require-hashes"),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={python}", *wheels),
            *("--target", site, "--requirement", LOCK),
        ],
        doing="install the pinned dependencies",
    )
    # Launchers of other projects, written for the Python that ran pip.
    command.run(["rm", "-rf", site / "bin"], doing="tidy the virtual environment")
