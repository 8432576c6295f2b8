"""Files of environment variables that containers write."""

import os

import pytest

from operators.pod.environment import file_ref


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A='1'\n", "1"),
        ("B='x'\nA='1'", "1"),
        ("\n  # comment\n\t A='1' # why\n", "1"),
        ("A='two\nlines'\nB=''\n", "two\nlines"),
        ("A='$x \\ # \"'\n", '$x \\ # "'),
        ("A=\n", ""),
        ("A= 'value'\n", ""),
        ("A=''\n", ""),
        ("B='A='\n", None),
        ("", None),
    ],
)
def test_parse(text, expected):
    assert file_ref.parse(text, "A") == expected


@pytest.mark.parametrize("text", ["A\n", "A ='1'\n", "='1'\n", "A=1\n", "A='1\n", "A='1'x\n", 'A="1"\n', "A b='1'\n"])
def test_what_is_no_such_file(text):
    with pytest.raises(ValueError, match="at line 1"):
        file_ref.parse(text, "A")


def test_read(tmp_path):
    root = tmp_path / "volume"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.env").write_text("A='1'")
    (tmp_path / "outside").write_text("A='2'")
    (root / "link").symlink_to("../outside")
    (root / "folder").symlink_to(tmp_path)
    (root / "large").write_bytes(b" " * 70_000)
    os.mkfifo(root / "pipe")
    assert file_ref.read(root, "in/a.env") == "A='1'"
    assert file_ref.read(root, "/in//./a.env") == "A='1'"
    assert file_ref.read(root, "pipe") == ""
    for path in ("link", "folder/outside", "../outside", "large", "", "in/none"):
        with pytest.raises(OSError):
            file_ref.read(root, path)
