"""Logs of the node: what is asked of journalctl, and what a folder looks like."""

from pathlib import Path
from typing import Any

import pytest

from operators.pod.endpoint import nodelogs

BASE = ["journalctl", "--utc", "--no-pager", "--output=short-precise"]


@pytest.mark.parametrize(
    ("services", "query", "rest"),
    [
        (["kubelet"], {}, ["--unit=kubelet"]),
        (["a.service", "b@1"], {}, ["--unit=a.service", "--unit=b@1"]),
        (["a"], {"tailLines": "5"}, ["--lines=5", "--unit=a"]),
        (["a"], {"pattern": "--since=x"}, ["--grep=--since=x", "--unit=a"]),
        (["a"], {"boot": "-1"}, ["--boot=-1", "--unit=a"]),
        (["a"], {"sinceTime": "2026-01-02T03:04:05Z"}, ["--since=2026-01-02 03:04:05 UTC", "--unit=a"]),
    ],
)
def test_command(services: list[str], query: dict[str, str], rest: list[str]) -> None:
    assert nodelogs.command(services, query) == [*BASE, *rest]


@pytest.mark.parametrize(
    ("services", "query", "words"),
    [
        (["-x"], {}, "not a service"),
        (["a b"], {}, "not a service"),
        (["a"], {"tailLines": "-1"}, "tailLines"),
        (["a"], {"boot": "1"}, "boot"),
        (["a"], {"sinceTime": "yesterday"}, "sinceTime"),
    ],
)
def test_bad_queries(services: list[str], query: dict[str, str], words: str) -> None:
    with pytest.raises(nodelogs.BadQuery, match=words):
        nodelogs.command(services, query)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "log"
    (root / "pods").mkdir(parents=True)
    (root / "a&b.log").write_text("x")
    (root / "out").symlink_to("/etc/passwd")
    (root / "in").symlink_to(root / "a&b.log")
    return root


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", True),
        ("pods", True),
        ("a&b.log", True),
        ("in", True),
        ("out", False),
        ("../../etc/passwd", False),
        ("/etc/passwd", False),
        ("none", False),
        ("a\0b", False),
    ],
)
def test_nothing_outside_is_found(folder: Path, name: str, found: bool) -> None:
    logs: Any = nodelogs.NodeLogs(folder)
    assert (logs._find(name) is not None) is found


def test_listing(folder: Path) -> None:
    assert nodelogs.listing(folder).splitlines()[3:6] == [
        '<a href="a%26b.log">a&amp;b.log</a>',
        '<a href="in">in</a>',
        '<a href="out">out</a>',
    ]
    assert '<a href="pods/">pods/</a>' in nodelogs.listing(folder)
