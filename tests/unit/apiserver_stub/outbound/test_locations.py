"""Names as a proxy's path has them."""

import pytest

from apiserver_stub.outbound import locations


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a", ("", "a", "")),
        ("a:80", ("", "a", "80")),
        ("a:", ("", "a", "")),
        ("https:a:", ("https", "a", "")),
        ("http:a:web", ("http", "a", "web")),
        (":a:1", ("", "a", "1")),
        ("https:a", ("", "https", "a")),
        ("HTTPS:a:1", None),
        ("https::1", None),
        ("", None),
        ("a:b:c:d", None),
    ],
)
def test_names(name: str, parts: tuple[str, str, str] | None) -> None:
    assert locations.split(name) == parts
