"""What goes to an extension server of a client's headers, and how it is told who asks."""

import pytest

from apiserver_stub.aggregation import remote
from apiserver_stub.auth.authenticate import User


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("Accept", True),
        ("Content-Type", True),
        ("Cookie", True),
        ("If-None-Match", True),
        ("Authorization", False),
        ("Impersonate-User", False),
        ("X-Remote-User", False),
        ("x-remote-EXTRA-scopes", False),
        ("X-Remote-Uid", False),
        ("X_Remote_Group", False),
        ("X-Forwarded-For", False),
        ("Transfer-Encoding", False),
        ("Connection", False),
        ("Named", False),
    ],
)
def test_headers(name: str, passes: bool) -> None:
    sent = [("Connection", "keep-alive, named"), (name, "1")]
    assert ((name, "1") in list(remote.forwarded(sent))) is passes


def test_headers_that_are_no_utf8() -> None:
    value = b"\xff".decode("utf-8", "surrogateescape")
    assert list(remote.forwarded([("A", value)])) == [("A", "\N{REPLACEMENT CHARACTER}")]


def test_identity() -> None:
    user = User("jane\r\nX-Remote-Group: system:masters", ("a", "b"), "7", {"example.com/s%": ("x", "y")})
    assert list(remote.identity(user)) == [
        ("X-Remote-User", "jane  X-Remote-Group: system:masters"),
        ("X-Remote-Uid", "7"),
        ("X-Remote-Group", "a"),
        ("X-Remote-Group", "b"),
        ("X-Remote-Extra-example.com%2Fs%25", "x"),
        ("X-Remote-Extra-example.com%2Fs%25", "y"),
    ]
