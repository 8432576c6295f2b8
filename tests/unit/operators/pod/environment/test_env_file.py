"""Environment files for podman."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.pod.environment import env_file

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="="), min_size=1)
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def read(plain, conf):
    """As podman 5 reads them: lines of NAME=VALUE, comments aside; a list of NAME=VALUE in TOML."""
    found = {}
    for line in plain.split("\n"):
        if line and not line.startswith("#"):
            name, _, value = line.removesuffix("\r").partition("=")
            found[name.lstrip()] = value
    for entry in tomllib.loads(conf).get("containers", {}).get("env", []):
        name, _, value = entry.partition("=")
        found[name] = value
    return found


@given(st.dictionaries(NAMES, VALUES))
def test_every_variable_arrives(variables):
    assert read(*env_file.render(variables)) == variables


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("A", "plain", True),
        ("A", "", True),
        ("A", ' "quoted" # not a comment ', True),
        ("A", "two\nlines", False),
        ("A", "ends\r", False),
        ("A", "x" * 70_000, False),
        ("#A", "x", False),
        ("a.b-c_1", "x", True),
    ],
)
def test_fits(name, value, expected):
    assert env_file.fits(name, value) is expected


def test_nul():
    with pytest.raises(ValueError, match="NUL"):
        env_file.render({"A": "\0"})


def test_what_the_image_would_win():
    assert env_file.unsettable({"PATH": "/a\n/b", "B": "x\ny", "HOME": "/"}, {"PATH", "HOME"}) == ["PATH"]
