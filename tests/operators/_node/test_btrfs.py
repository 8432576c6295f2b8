"""Volumes on a real btrfs: subvolumes with quotas, snapshots, removal with what is nested in them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from operators._node import btrfs, directories

MEBI = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Iterator[str]:
    if os.geteuid() != 0 or shutil.which("mkfs.btrfs") is None or "btrfs" not in Path("/proc/filesystems").read_text():
        pytest.skip("needs root, btrfs-progs and a kernel with btrfs")
    image, mounted = tmp_path / "image", tmp_path / "fs"
    with image.open("wb") as file:
        file.truncate(200 * MEBI)
    mounted.mkdir()
    subprocess.run(["mkfs.btrfs", "-q", image], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", image, mounted], check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield str(mounted / "volumes")
    subprocess.run(["umount", mounted], check=True)


def write(path: Path, mebibytes: int) -> None:
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(os.urandom(MEBI))
        file.flush()
        os.fsync(file.fileno())


def test_the_size_is_a_limit_and_can_grow(root: str) -> None:
    assert directories.create(root, "v", 0o777, 8 * MEBI)
    with pytest.raises(OSError, match="quota"):
        write(Path(root, "v", "file"), 12)
    assert directories.grow(root, "v", 32 * MEBI)
    write(Path(root, "v", "file"), 12)


def test_a_copy_is_a_snapshot(root: str) -> None:
    directories.create(root, "a", 0o777, 64 * MEBI)
    Path(root, "a", "file").write_text("then")
    Path(root, "a").chmod(0o2750)
    directories.create(root, "b", 0o777, 64 * MEBI, source=f"{root}/a")
    Path(root, "a", "file").write_text("now")
    assert Path(root, "b", "file").read_text() == "then"
    assert Path(root, "b").stat().st_ino == 256, "a subvolume"
    assert Path(root, "b").stat().st_mode & 0o7777 == 0o2750


def test_removal_takes_nested_subvolumes_along(root: str) -> None:
    directories.create(root, "v", 0o777, 64 * MEBI)
    handle = os.open(f"{root}/v", os.O_RDONLY)
    btrfs.create(handle, "nested")
    os.close(handle)
    Path(root, "v", "nested", "file").touch()
    directories.remove(root, "v")
    directories.create(root, "pvc-empty", 0o777, 64 * MEBI)
    directories.tidy(root, set())
    assert list(Path(root).iterdir()) == []


@pytest.mark.parametrize("name", ["", "a/b", "a\0b", "x" * 256])
def test_names_are_single_components(name: str) -> None:
    with pytest.raises(OSError):
        btrfs.create(0, name)
