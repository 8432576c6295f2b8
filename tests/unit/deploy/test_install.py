"""What an installation writes."""

import configparser
from pathlib import Path

import pytest

from deploy import install, paths


def plan(tmp_path: Path, text: str = "x = 1\n") -> install.Plan:
    source = tmp_path / "module.py"
    source.write_text(text)
    return install.Plan({"pkg/module.py": source}, {"/etc/a.conf": "a\n"}, {"/etc/link": "/etc/a.conf"})


def test_everything_lands_below_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    plan(tmp_path).write(root)
    assert (root / "opt/ukube/src/pkg/module.py").read_text() == "x = 1\n"
    assert (root / "etc/a.conf").read_text() == "a\n"
    assert str((root / "etc/link").readlink()) == "/etc/a.conf"


def test_code_that_is_gone_from_the_project_goes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    old = root / "opt/ukube/src/pkg/old.py"
    old.parent.mkdir(parents=True)
    old.write_text("")
    plan(tmp_path).write(root)
    assert not old.exists()


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    assert plan(tmp_path).digest() == plan(tmp_path).digest()
    assert plan(tmp_path).digest() != plan(tmp_path, "x = 2\n").digest()


def test_a_link_replaces_whatever_was_there(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("a file")
    install.link(tmp_path, "/here", "/dev/null")
    install.link(tmp_path, "/here", "/dev/null")
    assert str((tmp_path / "here").readlink()) == "/dev/null"


@pytest.mark.parametrize("unit", install.UNITS)
def test_units_are_well_formed_and_installed(unit: str) -> None:
    text = (paths.CHECKOUT / "deploy/systemd" / unit).read_text()
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    assert parser["Unit"]["Description"]
    made = install.plan()
    assert made.files[f"/etc/systemd/system/{unit}"] == text
    assert f"/etc/systemd/system/multi-user.target.wants/{unit}" in made.links
