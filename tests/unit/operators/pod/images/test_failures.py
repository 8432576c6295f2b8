"""What failed pulls are called."""

import pytest

from operators.pod.images import failures

REFUSED = 'pinging container registry reg: Get "https://reg/v2/": dial tcp 192.0.2.1:443: connect: connection refused'
LOOKUP = "dial tcp: lookup nowhere on [::1]:53: read udp [::1]:5->[::1]:53: read: connection refused"


@pytest.mark.parametrize(
    ("name", "error", "expected"),
    [
        ("reg/a", "manifest unknown", ("ErrImagePull", "manifest unknown")),
        ("nowhere/a", LOOKUP, ("ErrImagePull", LOOKUP)),
        ("localhost/a", REFUSED, ("ErrImagePull", REFUSED)),
        (
            "reg/a",
            REFUSED,
            ("RegistryUnavailable", f"image pull failed for reg/a because the registry is unavailable: {REFUSED}"),
        ),
        (
            "reg/a",
            "Source image rejected: no",
            (
                "SignatureValidationFailed",
                "image pull failed for reg/a because the signature validation failed: Source image rejected: no",
            ),
        ),
    ],
)
def test_describe(name, error, expected):
    assert failures.describe(name, error) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0004, "0s"),
        (0.1239, "123ms"),
        (1.0, "1s"),
        (1.25, "1.25s"),
        (61.5, "1m1.5s"),
        (120.0, "2m0s"),
        (3600.0, "1h0m0s"),
    ],
)
def test_duration(seconds, expected):
    assert failures.duration(seconds) == expected
