"""Directories of volumes: made, copied, removed; nothing else is touched."""

from pathlib import Path

import pytest

from operators._node import directories

NAME = "pvc-1"


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def root(tmp_path):
    return str(tmp_path / "a" / "volumes")


def test_a_volume_is_made_once(root):
    assert directories.create(root, NAME, 0o777, 1) is False
    made = Path(root, NAME)
    assert made.stat().st_mode & 0o7777 == 0o777
    assert Path(root).stat().st_mode & 0o777 == 0o711
    (made / "file").write_text("kept")
    made.chmod(0o700)
    directories.create(root, NAME, 0o777, 1)
    assert (made / "file").read_text() == "kept"
    assert made.stat().st_mode & 0o7777 == 0o700
    assert names(root) == [NAME]


def test_half_made_ones_are_begun_anew(root):
    Path(root, f".new-{NAME}", "sub").mkdir(parents=True)
    directories.create(root, NAME, 0o777, 1)
    assert names(root) == [NAME]
    assert names(Path(root, NAME)) == []


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_directory_is_not_used(root, tmp_path, kind):
    Path(root).mkdir(parents=True)
    if kind == "file":
        Path(root, NAME).touch()
    else:
        Path(root, NAME).symlink_to(tmp_path)
    with pytest.raises(OSError):
        directories.create(root, NAME, 0o777, 1)


def test_a_copy_keeps_what_files_are(root, tmp_path):
    directories.create(root, "pvc-0", 0o777, 1)
    origin = Path(root, "pvc-0")
    (origin / "sub").mkdir()
    (origin / "sub" / "run").write_text("x")
    (origin / "sub" / "run").chmod(0o640)
    (origin / "out").symlink_to("/etc/passwd")
    (origin / ".hidden").touch()
    origin.chmod(0o2770)
    directories.create(root, NAME, 0o755, 1, source=str(origin))
    copied = Path(root, NAME)
    assert copied.stat().st_mode & 0o7777 == 0o2770
    assert names(copied) == [".hidden", "out", "sub"]
    assert (copied / "out").is_symlink()
    assert (copied / "sub" / "run").stat().st_mode & 0o777 == 0o640


def test_removal_follows_no_link(root, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    directories.create(root, NAME, 0o777, 1)
    Path(root, NAME, "link").symlink_to(outside)
    directories.remove(root, NAME)
    assert names(root) == []
    assert (outside / "file").exists()
    Path(root, NAME).symlink_to(outside)
    with pytest.raises(OSError):
        directories.remove(root, NAME)
    assert (outside / "file").exists()


def test_what_is_gone_is_fine(root):
    directories.remove(root, NAME)
    directories.create(root, "pvc-0", 0o777, 1)
    directories.remove(root, NAME)
    assert names(root) == ["pvc-0"]


def test_a_removal_is_taken_up_again(root):
    Path(root, f".gone-{NAME}", "sub").mkdir(parents=True)
    directories.remove(root, NAME)
    assert names(root) == []


def test_nothing_is_removed_through_a_link(tmp_path):
    (tmp_path / "victim" / "sub").mkdir(parents=True)
    (tmp_path / "way").symlink_to("victim")
    with pytest.raises(OSError):
        directories.remove_below(str(tmp_path), "way/sub")
    assert (tmp_path / "victim" / "sub").exists()
    directories.remove_below(str(tmp_path), "way")
    assert not (tmp_path / "way").is_symlink()
    assert (tmp_path / "victim" / "sub").exists()
    directories.remove_below(str(tmp_path), "victim/sub")
    directories.remove_below(str(tmp_path), "victim/not/there")
    assert names(tmp_path / "victim") == []


def test_tidying_throws_no_data_away(root):
    for name in ("pvc-empty", "pvc-known", "pvc-full", "other", ".new-x", ".gone-y"):
        Path(root, name).mkdir(parents=True)
    Path(root, "pvc-full", "file").touch()
    Path(root, ".gone-y", "file").touch()
    directories.tidy(root, {"pvc-known"})
    assert names(root) == ["other", "pvc-full", "pvc-known"]


def test_where_something_is_mounted_nothing_is_removed(root, monkeypatch):
    directories.create(root, NAME, 0o777, 1)
    line = f"36 35 98:0 / {root}/{NAME}/in\\040side rw - ext4 /dev/x rw\n"
    real = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **how: line if "mountinfo" in str(path) else real(path, **how))
    with pytest.raises(OSError, match="mounted"):
        directories.remove(root, NAME)
    assert Path(root, NAME).exists()
