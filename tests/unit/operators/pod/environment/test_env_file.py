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
    found = env_file.render(variables)
    assert read(found.plain, found.conf) == variables


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


@pytest.mark.parametrize(("value", "message"), [("\0", "A: a NUL"), ("\udcff", "A: the value contains invalid UTF-8")])
def test_what_no_environment_can_hold(value, message):
    with pytest.raises(ValueError, match=message):
        env_file.render({"A": value})


def test_what_the_image_would_win():
    found = env_file.render({"PATH": "/a\n/b", "B": "x\ny", "HOME": "/"}, {"PATH", "HOME"})
    assert read(found.plain, found.conf) == {"_UKUBE_VALUE_0": "/a\n/b", "B": "x\ny", "HOME": "/"}
    assert found.words == ("--env-merge=PATH=${_UKUBE_VALUE_0}", "--unsetenv=_UKUBE_VALUE_0")
    with pytest.raises(ValueError, match="also set by the image"):
        env_file.render({"a.b": "x\ny"}, {"a.b"})
