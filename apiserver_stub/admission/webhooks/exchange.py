"""AdmissionReview: what a webhook is asked, and what its answer says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from apiserver_stub.meta import field as fields
from apiserver_stub.meta import status
from apiserver_stub.schema import diagnose, jsonsyntax

Object = dict[str, Any]

_GROUP: Final = "admission.k8s.io"
# Of errors over HTTP.
_LEAST_CODE: Final = 400


class Invalid(Exception):
    """What is wrong with an answer, in upstream's words."""


class Unreadable(Exception):
    """The answer is no AdmissionReview at all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """patch: a JSON patch, empty for none."""

    allowed: bool
    result: Mapping[str, Any] | None = None
    patch: bytes = b""
    patch_type: str = ""
    warnings: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


def question(version: str, uid: str, request: Mapping[str, Any], obj: Object | None, old: Object | None) -> bytes:
    asked = {"uid": uid, **request, "object": obj, "oldObject": old}
    return orjson.dumps({"kind": "AdmissionReview", "apiVersion": f"{_GROUP}/{version}", "request": asked})


def read(content: bytes, uid: str, version: str, *, mutating: bool) -> Answer:
    """Raises Unreadable, Invalid."""
    review = _review(content)
    response = review.get("response")
    if not isinstance(response, dict):
        raise Invalid("webhook response was absent")
    if version == "v1":
        _check_head(review, response, uid)
    patch = _patch(response)
    patch_type = response.get("patchType")
    if version != "v1":
        # That version said nothing of these: any patch is a JSON patch.
        patch, patch_type = (patch, "JSONPatch" if patch else None) if mutating else (b"", None)
    elif mutating:
        _check_patch(patch, patch_type)
    elif patch:
        raise Invalid("validating webhook may not return response.patch")
    elif patch_type is not None:
        raise Invalid("validating webhook may not return response.patchType")
    return Answer(
        allowed=response.get("allowed") is True,
        result=response.get("status"),
        patch=patch,
        patch_type=patch_type or "",
        warnings=tuple(text or "" for text in response.get("warnings") or ()),
        annotations={key: text or "" for key, text in (response.get("auditAnnotations") or {}).items()},
    )


def _review(content: bytes) -> Object:
    """Raises Unreadable."""
    if not content:
        raise Unreadable("0-length response with status code: 200 and content type: application/json")
    try:
        review = orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        fault = jsonsyntax.error(content) or str(problem)
        raise Unreadable(f"couldn't get version/kind; json parse error: {fault}") from None
    if not isinstance(review, dict):
        shown = f"json: cannot unmarshal {diagnose.value_name(review)} into Go value of type an object"
        raise Unreadable(f"couldn't get version/kind; json parse error: {shown}")
    for name in ("apiVersion", "kind"):
        _check_shape(review.get(name), "", name, _TEXT)
    version, kind = review.get("apiVersion") or "", review.get("kind") or ""
    if version and kind and (kind != "AdmissionReview" or not version.startswith(f"{_GROUP}/")):
        raise Unreadable(
            f'no kind "{kind}" is registered for version "{version}" in scheme '
            '"k8s.io/apiserver/pkg/admission/plugin/webhook/generic/webhook.go:72"'
        )
    _check_shape(review.get("response"), "AdmissionReview", "response", _RESPONSE)
    return review


class _Shape(NamedTuple):
    """A type of JSON values and what Go calls it; fields: of an object; items: of a list or map."""

    kind: type
    name: str
    fields: Mapping[str, _Shape] = MappingProxyType({})
    items: _Shape | None = None


_TEXT: Final = _Shape(str, "string")
_NUMBER: Final = _Shape(int, "int32")
_FLAG: Final = _Shape(bool, "bool")
_CAUSE: Final = _Shape(dict, "v1.StatusCause", {"reason": _TEXT, "message": _TEXT, "field": _TEXT})
_DETAILS: Final = _Shape(
    dict,
    "v1.StatusDetails",
    {
        **dict.fromkeys(("name", "group", "kind", "uid"), _TEXT),
        "causes": _Shape(list, "[]v1.StatusCause", items=_CAUSE),
        "retryAfterSeconds": _NUMBER,
    },
)
_STATUS: Final = _Shape(
    dict,
    "v1.Status",
    {**dict.fromkeys(("status", "message", "reason"), _TEXT), "code": _NUMBER, "details": _DETAILS},
)
_RESPONSE: Final = _Shape(
    dict,
    "v1.AdmissionResponse",
    {
        **dict.fromkeys(("uid", "patch", "patchType"), _TEXT),
        "allowed": _FLAG,
        "status": _STATUS,
        "warnings": _Shape(list, "[]string", items=_TEXT),
        "auditAnnotations": _Shape(dict, "map[string]string", items=_TEXT),
    },
)


def _check_shape(value: Any, holder: str, path: str, shape: _Shape) -> None:
    """Raises Unreadable where a value has not the type that it must have; null is always fine."""
    if value is None:
        return
    if not isinstance(value, shape.kind) or (shape.kind is int and isinstance(value, bool)):
        shown = diagnose.value_name(value)
        raise Unreadable(f"json: cannot unmarshal {shown} into Go struct field {holder}.{path} of type {shape.name}")
    inner = shape.name.rpartition(".")[2]
    found: Any = value
    for name, part in shape.fields.items():
        _check_shape(found.get(name), inner, f"{path}.{name}", part)
    if shape.items is not None:
        for one in found.values() if isinstance(found, dict) else found:
            _check_shape(one, holder, path, shape.items)


def _check_head(review: Object, response: Object, uid: str) -> None:
    given = response.get("uid") or ""
    if given != uid:
        raise Invalid(f"expected response.uid={fields.quote(uid)}, got {fields.quote(given)}")
    expected = f"{_GROUP}/v1, Kind=AdmissionReview"
    version, kind = review.get("apiVersion") or "", review.get("kind") or ""
    group, _, number = version.rpartition("/")
    shown = f"{group}/{number}, Kind={kind}"
    if shown != expected:
        raise Invalid(f"expected webhook response of {expected}, got {shown}")


def _patch(response: Object) -> bytes:
    try:
        return base64.b64decode(response.get("patch") or "", validate=True)
    except ValueError:
        raise Unreadable("illegal base64 data at input byte 0") from None


def _check_patch(patch: bytes, patch_type: str | None) -> None:
    if patch and patch_type is None:
        raise Invalid("webhook returned response.patch but not response.patchType")
    if not patch and patch_type is not None:
        raise Invalid("webhook returned response.patchType but not response.patch")
    if patch_type == "":
        raise Invalid('webhook returned invalid response.patchType of ""')


def refusal(name: str, result: Mapping[str, Any] | None) -> status.StatusError:
    """What a client is told of a request that a webhook doesn't allow; result: the answer's status."""
    told = dict(result or {})
    given = told.get("code") or 0
    code = given if _LEAST_CODE <= given < 1000 else _LEAST_CODE
    denied = f'admission webhook "{name}" denied the request'
    why = told.get("message") or told.get("reason")
    error = status.StatusError(code, "", f"{denied}: {why}" if why else f"{denied} without explanation")
    for part in ("reason", "details"):
        if told.get(part):
            error.body[part] = told[part]
    if told.get("status") not in (None, "", "Success"):
        error.body["status"] = told["status"]
    # As it stands in a Status: the code comes last.
    error.body["code"] = error.body.pop("code")
    seconds = (told.get("details") or {}).get("retryAfterSeconds")
    if seconds:
        error.headers["Retry-After"] = str(seconds)
    return error
