"""What answers of webhooks mean, and which are none."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver_stub.admission.webhooks import exchange

Object = dict[str, Any]
HEAD = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}
PATCH = base64.b64encode(b"[]").decode()


def read(response: Any, *, mutating: bool = False, version: str = "v1", **head: Any) -> exchange.Answer:
    return exchange.read(orjson.dumps(HEAD | head | {"response": response}), "u", version, mutating=mutating)


def test_an_answer() -> None:
    found = read(
        {
            "uid": "u",
            "allowed": True,
            "patch": PATCH,
            "patchType": "JSONPatch",
            "warnings": ["w"],
            "auditAnnotations": {"k": "v"},
        },
        mutating=True,
    )
    assert found == exchange.Answer(True, None, b"[]", "JSONPatch", ("w",), {"k": "v"})


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (None, "webhook response was absent"),
        ({"uid": "x"}, 'expected response.uid="u", got "x"'),
        ({}, 'expected response.uid="u", got ""'),
        ({"uid": "u", "patch": PATCH}, "validating webhook may not return response.patch"),
        ({"uid": "u", "patchType": ""}, "validating webhook may not return response.patchType"),
    ],
)
def test_invalid_answers(response: Any, message: str) -> None:
    with pytest.raises(exchange.Invalid) as raised:
        read(response)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("head", "got"),
    [
        ({"apiVersion": "admission.k8s.io/v1beta1"}, "admission.k8s.io/v1beta1, Kind=AdmissionReview"),
        ({"apiVersion": "", "kind": ""}, "/, Kind="),
    ],
)
def test_other_heads(head: Object, got: str) -> None:
    with pytest.raises(exchange.Invalid) as raised:
        read({"uid": "u"}, **head)
    expected = "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview"
    assert str(raised.value) == f"{expected}, got {got}"
    assert read({"allowed": True}, version="v1beta1", **head).allowed, "v1beta1 never looked"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0-length response with status code: 200"),
        (b"nope", "couldn't get version/kind; json parse error: invalid character 'o' in literal null"),
        (b"[]", "json: cannot unmarshal array"),
        (b'{"kind":"Pod","apiVersion":"v1"}', 'no kind "Pod" is registered for version "v1"'),
        (b'{"kind":1}', "json: cannot unmarshal number"),
        (b'{"response":[]}', "into Go struct field AdmissionReview.response of type v1.AdmissionResponse"),
        (b'{"response":{"allowed":"yes"}}', "into Go struct field AdmissionResponse.response.allowed of type bool"),
        (b'{"response":{"status":{"code":"x"}}}', "of type int32"),
        (b'{"response":{"status":{"code":true}}}', "of type int32"),
        (b'{"response":{"status":{"details":{"causes":[1]}}}}', "of type v1.StatusCause"),
        (b'{"response":{"warnings":[{}]}}', "of type string"),
        (b'{"response":{"patch":"?"}}', "illegal base64 data"),
        ('{"response":{"patch":"\x80"}}'.encode(), "illegal base64 data"),
    ],
)
def test_unreadable_answers(content: bytes, message: str) -> None:
    with pytest.raises(exchange.Unreadable) as raised:
        exchange.read(content, "u", "v1beta1", mutating=True)
    assert message in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "code", "message", "details", "causes", "patch", "warnings", "uid", "reason"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_answer_is_a_surprise(response: Any) -> None:
    """Whatever comes is an answer or an error that is told; what is told can be."""
    try:
        found = read(response, version="v1beta1", mutating=True)
    except (exchange.Invalid, exchange.Unreadable):
        return
    error = exchange.refusal("w", found.result)
    assert 400 <= error.code < 1000
    orjson.dumps(error.body)


@pytest.mark.parametrize(
    ("result", "code", "body"),
    [
        (None, 400, {"message": 'admission webhook "w" denied the request without explanation'}),
        (
            {"reason": "Because"},
            400,
            {"message": 'admission webhook "w" denied the request: Because', "reason": "Because"},
        ),
        (
            {"code": 429, "message": "m", "details": {"retryAfterSeconds": 3}},
            429,
            {"details": {"retryAfterSeconds": 3}},
        ),
        ({"code": 399, "status": "Success"}, 400, {"status": "Failure"}),
        ({"code": 99999}, 400, {}),
    ],
)
def test_refusals(result: Object | None, code: int, body: Object) -> None:
    error = exchange.refusal("w", result)
    assert error.code == error.body["code"] == code
    assert error.body["kind"] == "Status" and body.items() <= error.body.items()
    assert error.headers.get("Retry-After") == ("3" if code == 429 else None)
