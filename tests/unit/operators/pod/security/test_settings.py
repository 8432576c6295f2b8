"""What the node's owner decides."""

import pytest

from operators.pod.security import settings
from operators.pod.security.settings import Settings


@pytest.mark.parametrize(
    ("seccomp", "sysctls", "expected"),
    [
        (None, None, Settings()),
        ("", "", Settings()),
        ("Unconfined", "net.core.somaxconn,kernel.msg*", Settings(False, ("net.core.somaxconn", "kernel.msg*"))),
        ("RuntimeDefault", " a  b,, ", Settings(True, ("a", "b"))),
    ],
)
def test_read(monkeypatch, seccomp, sysctls, expected):
    for name, value in (("UKUBE_SECCOMP_DEFAULT", seccomp), ("UKUBE_ALLOWED_UNSAFE_SYSCTLS", sysctls)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert settings.read() == expected
