"""AdmissionReview: what a webhook is asked, and what its answer says."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from apiserver_stub.meta import field as fields
from apiserver_stub.meta import status
from apiserver_stub.schema import jsonsyntax

Object = dict[str, Any]

_GROUP: Final = "admission.k8s.io"
_CODES_OF_ERRORS: Final = 400


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
    result = response.get("status")
    return Answer(
        allowed=response.get("allowed") is True,
        result=result if isinstance(result, dict) else None,
        patch=patch,
        patch_type=patch_type or "",
        warnings=tuple(text for text in response.get("warnings") or () if isinstance(text, str)),
        annotations={
            key: text for key, text in (response.get("auditAnnotations") or {}).items() if isinstance(text, str)
        },
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
        raise Unreadable("couldn't get version/kind; json parse error: json: cannot unmarshal into an object")
    version, kind = review.get("apiVersion") or "", review.get("kind") or ""
    if version and kind and (kind != "AdmissionReview" or not str(version).startswith(f"{_GROUP}/")):
        raise Unreadable(
            f'no kind "{kind}" is registered for version "{version}" in scheme '
            '"k8s.io/apiserver/pkg/admission/plugin/webhook/generic/webhook.go:72"'
        )
    for name, kinds in _SHAPES.items():
        value = (review.get("response") or {}).get(name) if isinstance(review.get("response"), dict) else None
        if value is not None and not isinstance(value, kinds):
            raise Unreadable(f"json: cannot unmarshal into Go struct field AdmissionResponse.response.{name}")
    return review


_SHAPES: Final[dict[str, type]] = {
    "uid": str,
    "allowed": bool,
    "status": dict,
    "patch": str,
    "patchType": str,
    "warnings": list,
    "auditAnnotations": dict,
}


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
    except binascii.Error:
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
    given = told.get("code")
    code = given if isinstance(given, int) and _CODES_OF_ERRORS <= given < 1000 else _CODES_OF_ERRORS
    denied = f'admission webhook "{name}" denied the request'
    why = told.get("message") or told.get("reason")
    error = status.StatusError(code, "", f"{denied}: {why}" if why else f"{denied} without explanation")
    for name_ in ("reason", "details", "metadata"):
        if told.get(name_):
            error.body[name_] = told[name_]
    if isinstance(text := told.get("status"), str) and text not in ("", "Success"):
        error.body["status"] = text
    # As it stands in a Status: the code comes last.
    error.body["code"] = error.body.pop("code")
    seconds = (told.get("details") or {}).get("retryAfterSeconds")
    if seconds:
        error.headers["Retry-After"] = str(seconds)
    return error
