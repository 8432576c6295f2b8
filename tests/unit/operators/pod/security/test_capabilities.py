"""Which capabilities a container ends up with."""

import pytest

from operators.pod.security import capabilities
from operators.pod.units import security

DEFAULT = [name for name in capabilities.ALL if name in capabilities.DEFAULT]


def without(*names):
    return [name for name in DEFAULT if name not in names]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, DEFAULT),
        ({}, DEFAULT),
        ({"drop": ["ALL"]}, []),
        ({"drop": ["all"], "add": ["NET_BIND_SERVICE"]}, ["NET_BIND_SERVICE"]),
        ({"add": ["ALL"]}, list(capabilities.ALL)),
        ({"add": ["ALL"], "drop": ["CHOWN"]}, [name for name in capabilities.ALL if name != "CHOWN"]),
        ({"add": ["ALL"], "drop": ["ALL"]}, []),
        ({"add": ["CAP_CHOWN"], "drop": ["cap_kill", "NET_RAW"]}, without("KILL", "NET_RAW")),
        ({"add": ["CHOWN"], "drop": ["CHOWN"]}, without("CHOWN")),
        ({"add": ["NOT_YET_KNOWN", 'X"]\nenv=["A=b'], "drop": ["NOR_THIS"]}, DEFAULT),
    ],
)
def test_effective(asked, expected):
    assert capabilities.effective({"securityContext": {"capabilities": asked} if asked is not None else {}}) == expected


def test_the_default_is_that_of_runtimes_behind_upstream():
    assert len(capabilities.DEFAULT) == 14
    assert set(capabilities.ALL) > capabilities.DEFAULT
    assert len(capabilities.ALL) == len(set(capabilities.ALL)) == 41


def test_settings_are_toml():
    tomllib = pytest.importorskip("tomllib")
    spec = {"securityContext": {"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}}
    assert tomllib.loads("[containers]\n" + security.settings(spec)) == {
        "containers": {"default_capabilities": ["CAP_CHOWN"], "default_sysctls": []}
    }
    privileged = tomllib.loads(security.settings({"securityContext": {"privileged": True}}))
    assert privileged == {"default_sysctls": []}
