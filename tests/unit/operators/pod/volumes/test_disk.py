"""Volumes on the disk: files swapped as a whole, folders of the right modes, nothing left behind."""

import errno
import os
import stat
from pathlib import Path

import pytest

from operators.pod.volumes import atomic, disk, host_path
from operators.pod.volumes.parts import Roots, Volume
from tests.unit.operators.pod.volumes.build import plan

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="owners can be changed by root only")


def silent(message):
    raise AssertionError(message)


def ensure(tmp_path, *volumes):
    return disk.ensure(volumes, tmp_path / "found", silent)


def planned(tmp_path, config_map, **spec):
    roots = Roots(str(tmp_path / "disk"), str(tmp_path / "memory"))
    return plan({"name": "v", "configMap": {"name": "settings", **config_map}}, roots=roots, **spec)["v"]


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


def test_files_are_swapped_as_a_whole(tmp_path):
    volume = planned(tmp_path, {"defaultMode": 0o600})
    root = Path(volume.path)
    assert ensure(tmp_path, volume) == []
    assert (root / "a.conf").read_text() == "one"
    assert mode(root / "a.conf") == 0o600
    before = (root / "..data").readlink()
    ensure(tmp_path, volume)
    assert (root / "..data").readlink() == before, "an unchanged volume is not touched"

    ensure(tmp_path, planned(tmp_path, {"items": [{"key": "b.conf", "path": "sub/new"}]}))
    assert (root / "sub/new").read_text() == "two"
    assert sorted(p.name for p in root.iterdir() if not p.name.startswith("..")) == ["sub"]
    assert len([p for p in root.iterdir() if p.name.startswith("..") and p.name != "..data"]) == 1


def test_a_folder_made_for_a_sub_path_stays_until_there_is_such_a_key(tmp_path):
    first = planned(tmp_path, {"items": [{"key": "b.conf", "path": "b"}]})
    ensure(tmp_path, first)
    root = Path(first.path)
    (root / "a.conf").mkdir()
    ensure(tmp_path, planned(tmp_path, {"items": [{"key": "a.conf", "path": "b"}]}))
    assert (root / "a.conf").is_dir()
    ensure(tmp_path, planned(tmp_path, {}))
    assert (root / "a.conf").read_text() == "one"


def test_folders_are_open_to_any_user_whatever_the_umask(tmp_path):
    volume = planned(tmp_path, {"items": [{"key": "a.conf", "path": "x/y/z"}]})
    before = os.umask(0o077)
    try:
        ensure(tmp_path, volume)
    finally:
        os.umask(before)
    for folder in ("", "..data/", "..data/x", "..data/x/y"):
        assert mode(Path(volume.path) / folder) == 0o755, folder
    assert mode(Path(volume.path) / "x/y/z") == 0o644


@root_only
def test_files_belong_to_the_pods_group(tmp_path):
    volume = planned(tmp_path, {"defaultMode": 0o400}, securityContext={"fsGroup": 1001})
    ensure(tmp_path, volume)
    found = (Path(volume.path) / "a.conf").stat()
    assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (1001, 0o440)
    folder = (Path(volume.path) / "..data/").stat()
    assert (folder.st_gid, stat.S_IMODE(folder.st_mode)) == (1001, 0o2755)


def test_a_full_disk_leaves_the_old_set(tmp_path, monkeypatch):
    volume = planned(tmp_path, {})
    ensure(tmp_path, volume)
    before = sorted(Path(volume.path).iterdir())

    def full(handle, mode, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    changed = planned(tmp_path, {"items": [{"key": "b.conf", "path": "a.conf"}]})
    monkeypatch.setattr(os, "fchmod", full)
    (failure,) = ensure(tmp_path, changed)
    assert failure.message == 'MountVolume.SetUp failed for volume "v" : no space left on device'
    assert not failure.is_needed, "what was written before is used on"
    assert sorted(Path(volume.path).iterdir()) == before
    assert (Path(volume.path) / "a.conf").read_text() == "one"
    monkeypatch.undo()
    assert ensure(tmp_path, changed) == []
    assert (Path(volume.path) / "a.conf").read_text() == "two"


def test_what_became_unavailable_is_used_on(tmp_path):
    gone = {"kind": "absent", "name": "v", "error": 'configmap "x" not found'}
    path = tmp_path / "disk/v"
    (failure,) = ensure(tmp_path, Volume(path=str(path), **gone))
    assert (failure.message, failure.is_needed) == (
        'MountVolume.SetUp failed for volume "v" : configmap "x" not found',
        True,
    )
    atomic.ensure(path, {}, None)
    (failure,) = ensure(tmp_path, Volume(path=str(path), **gone))
    assert not failure.is_needed


def test_the_pods_own_changes_to_an_empty_dir_stay(tmp_path):
    volume = Volume("v", "directory", str(tmp_path / "a/v"))
    ensure(tmp_path, volume)
    assert mode(volume.path) == 0o777
    Path(volume.path).chmod(0o700)
    ensure(tmp_path, volume)
    assert mode(volume.path) == 0o700
    assert [entry.name for entry in (tmp_path / "a").iterdir()] == ["v"]


@root_only
def test_an_empty_dir_of_a_group(tmp_path):
    volume = Volume("v", "directory", str(tmp_path / "v"), group=7)
    ensure(tmp_path, volume)
    assert (mode(volume.path), Path(volume.path).stat().st_gid) == (0o2777, 7)


@root_only
def test_a_claims_folder_is_handed_over_once(tmp_path):
    path = tmp_path / "pv"
    path.mkdir(mode=0o755)
    (path / "file").touch(mode=0o600)
    volume = Volume("v", "claim", str(path), group=9, policy="Always")
    assert ensure(tmp_path, volume) == []
    assert (mode(path), mode(path / "file"), (path / "file").stat().st_gid) == (0o2775, 0o660, 9)
    (path / "file").chmod(0o600)
    ensure(tmp_path, volume)
    assert mode(path / "file") == 0o600, "not while the Pod runs"


def test_a_claims_folder_must_be_there(tmp_path):
    (failure,) = ensure(tmp_path, Volume("v", "claim", "/nowhere/pv"))
    assert failure.message == 'MountVolume.SetUp failed for volume "v" : path "/nowhere/pv" does not exist'


def test_events_of_claims():
    text = "error processing PVC n/c: PVC is not bound"
    (failure,) = disk.ensure([Volume("v", "absent", error=text)], Path("/nowhere"), silent)
    assert failure.message == (
        "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], "
        f"failed to process volumes=[v]: {text}"
    )


def test_host_path_types(tmp_path):
    host_path.ensure(tmp_path, "Directory")
    host_path.ensure(tmp_path / "made/deep", "DirectoryOrCreate")
    host_path.ensure(tmp_path / "file", "FileOrCreate")
    host_path.ensure(tmp_path / "any", "")
    host_path.ensure(tmp_path / "file", "File")
    assert (tmp_path / "made/deep").is_dir()
    assert (mode(tmp_path / "made/deep"), mode(tmp_path / "file")) == (0o755, 0o644)
    assert (tmp_path / "any").is_dir()
    host_path.ensure(Path("/dev/null"), "CharDevice")


@pytest.mark.parametrize(
    ("path", "host_type", "message"),
    [
        (".", "File", "hostPath type check failed: {} is not a file"),
        (".", "FileOrCreate", "hostPath type check failed: {} is not a file"),
        ("absent", "Directory", "hostPath type check failed: {} is not a directory"),
        ("file", "DirectoryOrCreate", "hostPath type check failed: {} is not a directory"),
        ("file", "Socket", "hostPath type check failed: {} is not a socket file"),
        ("file", "CharDevice", "hostPath type check failed: {} is not a character device"),
        ("file", "BlockDevice", "hostPath type check failed: {} is not a block device"),
        ("file", "Pipe", "Pipe is an invalid volume type"),
    ],
)
def test_host_paths_of_another_type(tmp_path, path, host_type, message):
    (tmp_path / "file").touch()
    volume = Volume("v", "host", str(tmp_path / path), host_type=host_type)
    (failure,) = ensure(tmp_path, volume)
    assert failure.message == f'MountVolume.SetUp failed for volume "v" : {message.format(tmp_path / path)}'


def test_a_host_path_is_looked_at_once(tmp_path):
    """Its service may be restarted while the Pod runs."""
    volume = Volume("v", "host", str(tmp_path / "socket"), host_type="File")
    (tmp_path / "socket").touch()
    assert ensure(tmp_path, volume) == []
    (tmp_path / "socket").unlink()
    assert ensure(tmp_path, volume) == []
    (tmp_path / "found/v").unlink()
    assert len(ensure(tmp_path, volume)) == 1
