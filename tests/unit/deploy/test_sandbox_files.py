"""What a sandbox node keeps on the host."""

import os
from pathlib import Path

import pytest

from deploy import paths
from deploy.failure import Failure
from deploy.sandbox import cgroup, disk, keeper, kernel
from deploy.sandbox.files import Config, Folder, Running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(paths, "SANDBOXES", tmp_path)
    found = Folder("one")
    found.path.mkdir()
    return found


@pytest.mark.parametrize("name", ["", "-a", "a-", "../x", "a/b", "A", "a b", "x" * 43, ".", "a\n"])
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(Failure, match="cannot name a sandbox node"):
        Folder(name)


def test_a_note_about_a_reused_pid_is_not_believed(folder: Folder) -> None:
    started = kernel.start_time(os.getpid())
    assert started is not None
    Running(os.getpid(), started, 1, 1).write(folder)
    assert Running.read(folder) is not None
    Running(os.getpid(), started + 1, 1, 1).write(folder)
    assert Running.read(folder) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"init": 1}'])
def test_a_damaged_note_means_not_running(folder: Folder, text: str) -> None:
    folder.running.write_text(text)
    assert Running.read(folder) is None


def test_a_node_keeps_its_identity_and_its_port(folder: Folder) -> None:
    disk.prepare(folder, [Path("/a"), Path("/b")])
    identity = (folder.disk / "upper/etc/machine-id").read_text()
    port = Config.read(folder).port
    disk.prepare(folder, [Path("/c")])
    assert (folder.disk / "upper/etc/machine-id").read_text() == identity
    assert Config.read(folder) == Config(port, "/c")
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_leftover_groups_go_from_the_leaves_up(tmp_path: Path) -> None:
    (tmp_path / "node/system.slice/a.service").mkdir(parents=True)
    (tmp_path / "node/init.scope").mkdir()
    cgroup.remove_tree(tmp_path / "node", keep_top=False, patience=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "words"), [(-1, "reboot"), (-2, "power off"), (-9, "power cut"), (32, "exit of its init with 32")]
)
def test_how_a_node_ended(code: int, words: str) -> None:
    assert keeper.how_it_ended(code) == words
