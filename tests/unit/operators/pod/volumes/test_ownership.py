"""fsGroup on trees that are there already."""

import os
import stat

import pytest

from operators.pod.volumes import ownership

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners can be changed by root only")


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "pv"
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/file").touch(mode=0o600)
    (root / "a/program").touch(mode=0o711)
    (tmp_path / "outside").touch(mode=0o600)
    (root / "link").symlink_to(tmp_path / "outside")
    return root


def shown(path):
    found = path.lstat()
    return found.st_gid, oct(stat.S_IMODE(found.st_mode))


def silent(message):
    raise AssertionError(message)


def test_everything_below_and_nothing_outside(tree, tmp_path):
    assert ownership.apply(tree, 1234, "Always", silent) == 6
    assert shown(tree) == (1234, "0o2775")
    assert shown(tree / "a/b") == (1234, "0o2775")
    assert shown(tree / "a/b/file") == (1234, "0o660")
    assert shown(tree / "a/program") == (1234, "0o771")
    assert shown(tree / "link")[0] == 1234
    assert shown(tmp_path / "outside") == (0, "0o600")


def test_a_root_that_is_right_is_left_alone(tree):
    ownership.apply(tree, 1234, "Always", silent)
    (tree / "a/b/file").chmod(0o600)
    assert ownership.apply(tree, 1234, "OnRootMismatch", silent) == 0
    assert shown(tree / "a/b/file") == (1234, "0o600")
    assert ownership.apply(tree, 4321, "OnRootMismatch", silent) == 6
    assert shown(tree / "a/b/file") == (4321, "0o660")
    assert ownership.apply(tree, 4321, "Always", silent) == 6


def test_it_says_that_it_takes_long(tree, monkeypatch):
    for number in range(600):
        (tree / str(number)).touch()
    monkeypatch.setattr(ownership, "_FIRST", -1.0)
    monkeypatch.setattr(ownership, "_EVERY", -1.0)
    told: list[str] = []
    ownership.apply(tree, 1234, "Always", told.append, "data")
    assert told[0].startswith(
        "Setting volume ownership for data is taking longer than expected, consider using OnRootMismatch - https://"
    )
    assert told[1:] == ["Setting volume ownership for data, processed 512 files."]
