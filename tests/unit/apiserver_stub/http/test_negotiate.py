"""Accept and Content-Type."""

import pytest

from apiserver_stub.http import negotiate
from apiserver_stub.http.negotiate import JSON, YAML, Wanted
from apiserver_stub.meta import status

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Wanted()),
        ("*/*", Wanted()),
        (JSON, Wanted()),
        (YAML, Wanted(YAML)),
        (f"{TABLE},application/json", Wanted(JSON, "Table")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Wanted()),
        ("application/vnd.kubernetes.protobuf, application/json", Wanted()),
        (TABLE.replace("=v1;", "=v1beta1;"), Wanted(JSON, "Table", "v1beta1")),
        ("text/html, application/yaml;q=0.8, application/json;q=0.7", Wanted(YAML)),
        ("application/json;q=x", Wanted()),
    ],
)  # fmt: skip
def test_accept(header: str, expected: Wanted) -> None:
    assert negotiate.accept(header) == expected


@pytest.mark.parametrize("header", ["text/html", "application/vnd.kubernetes.protobuf", "application/json;as=Nope"])
def test_not_acceptable(header: str) -> None:
    with pytest.raises(status.StatusError) as caught:
        negotiate.accept(header)
    assert caught.value.code == 406


def test_body_types() -> None:
    assert negotiate.body_media("application/json; charset=utf-8") == JSON
    assert negotiate.body_media("") == JSON
    with pytest.raises(status.StatusError) as caught:
        negotiate.body_media("text/plain")
    assert caught.value.code == 415
