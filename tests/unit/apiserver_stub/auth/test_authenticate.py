"""Token files and the names in certificates."""

from pathlib import Path

import pytest

from apiserver_stub.auth import authenticate
from apiserver_stub.auth.authenticate import User


def test_token_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text('one,alice,1,"a,b"\n\ntwo,bob,2\n')
    tokens = authenticate.TokenFile.read(path)
    assert tokens.find("one") == User("alice", ("a", "b", "system:authenticated"), "1")
    assert tokens.find("two") == User("bob", ("system:authenticated",), "2")
    assert tokens.find("three") is None


@pytest.mark.parametrize("line", ["onlytoken", "t,u", ",user,1", "token,,1"])
def test_mistakes_in_it_name_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"a,b,c\n{line}\n")
    with pytest.raises(ValueError, match="line 2: expected token,user,uid"):
        authenticate.TokenFile.read(path)


def test_certificate() -> None:
    subject = ((("organizationName", "g1"),), (("organizationName", "g2"),), (("commonName", "me"),))
    assert authenticate.from_certificate({"subject": subject}) == User("me", ("g1", "g2", "system:authenticated"))
    assert authenticate.from_certificate({"subject": ((("organizationName", "system:masters"),),)}) is None
