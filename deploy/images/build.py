"""Brings images onto a machine, each made once and found again by a label with the hash of its recipe."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy import command, packages, paths
from deploy.failure import Failure
from deploy.images import recipes
from deploy.machine import Machine
from deploy.sandbox import recipe as distribution

HERE = Path(__file__).parent
LABEL = "microkube.recipe"


def busybox(machine: Machine, name: str) -> str:
    """The image of the machine's own busybox, under that name; returns the name."""
    script = (HERE / "busybox.sh").read_text()
    key = hashlib.sha256(script.encode()).hexdigest()[:16]
    if not is_present(machine, name, key):
        try:
            machine.run(["sh", "-c", script, "busybox.sh", name, key], timeout=120)
        except subprocess.CalledProcessError as error:
            raise Failure(f"could not make the image {name}", command.tail(error.stdout + error.stderr)) from error
    return name


def ensure(machine: Machine, recipe: recipes.Recipe, name: str, say: Callable[[str], None]) -> bool:
    """Makes sure that the machine has the image; returns False if it had it already."""
    if is_present(machine, name, recipe.key):
        return False
    archive = archived(recipe, say)
    say(f"podman import {name}")
    changes = [word for change in (*recipe.changes, f"LABEL {LABEL}={recipe.key}") for word in ("--change", change)]
    with archive.open("rb") as source:
        done = subprocess.run(
            machine.argv(["podman", "import", "--quiet", *changes, "-", name]),
            check=False,
            stdin=source,
            capture_output=True,
            timeout=300,
        )
    if done.returncode != 0:
        raise Failure(f"could not import the image {name}", command.tail(done.stderr.decode(errors="replace")))
    return True


def is_present(machine: Machine, name: str, key: str) -> bool:
    """Whether the machine has that image, made by the recipe with that key."""
    found = machine.run(["podman", "image", "inspect", "--format", "{{json .Labels}}", name], check=False)
    if found.returncode != 0:
        return False
    labels = json.loads(found.stdout) or {}
    return bool(labels.get(LABEL) == key)


def archived(recipe: recipes.Recipe, say: Callable[[str], None]) -> Path:
    """The image's root file system as a tar archive, from the cache or newly made."""
    folder = paths.cache() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{recipe.packages[0]}-{recipe.key}.tar"
    with (folder / f"{recipe.packages[0]}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            packages.ensure([packages.MMDEBSTRAP], say)
            say(f"mmdebstrap: {', '.join(recipe.packages)} of Debian {distribution.SUITE}")
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                root = Path(scratch) / "root"
                _unpack(recipe, root)
                _trim(recipe, root)
                made = Path(scratch) / "image.tar"
                with tarfile.open(made, "w") as tar:
                    tar.add(root, arcname=".")
                made.rename(archive)
    return archive


def _unpack(recipe: recipes.Recipe, root: Path) -> None:
    root.mkdir()
    root.chmod(0o755)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    words = ["--variant=extract", "--quiet", "--skip=check/empty", f"--include={','.join(recipe.packages)}"]
    command.run(
        ["mmdebstrap", *words, distribution.SUITE, root], doing=f"unpack {', '.join(recipe.packages)}", timeout=600
    )


def _trim(recipe: recipes.Recipe, root: Path) -> None:
    """Removes what a container does not need, and adds the recipe's own files."""
    for name in recipes.SUPERFLUOUS:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in ("proc", "sys", "dev", "etc", *recipe.folders):
        (root / name).mkdir(parents=True, exist_ok=True)
    for device in (root / "dev").iterdir():
        if not device.is_dir():
            device.unlink()
    for name, text in {"etc/passwd": recipes.USERS, "etc/group": recipes.GROUPS, **recipe.files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if "tmp" in recipe.folders:
        (root / "tmp").chmod(0o1777)
    shell = root / "usr/bin/busybox"
    if shell.exists():
        _link_applets(shell)


def _link_applets(busybox: Path) -> None:
    for applet in command.run([busybox, "--list"], doing="list busybox's applets").split():
        link = busybox.parent / applet
        if not link.exists() and not link.is_symlink():
            link.symlink_to("busybox")
