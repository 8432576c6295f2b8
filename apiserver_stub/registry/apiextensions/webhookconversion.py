"""Conversion of custom objects between versions by a webhook (ConversionReview of apiextensions.k8s.io)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from apiserver_stub.meta import status
from apiserver_stub.outbound.webhooks import WebhookError, Webhooks

Object = dict[str, Any]

_GROUP: Final = "apiextensions.k8s.io"
_KNOWN: Final = ("v1", "v1beta1")
_TIMEOUT: Final = 30  # seconds, as upstream


class _BadAnswer(Exception):
    """What is wrong with an answer."""


class WebhookConversion:
    """declared: spec.conversion.webhook of a definition."""

    def __init__(self, declared: Mapping[str, Any], webhooks: Webhooks) -> None:
        self._config: Mapping[str, Any] = declared.get("clientConfig") or {}
        versions = declared.get("conversionReviewVersions") or ()
        self._version = next((version for version in versions if version in _KNOWN), "v1")
        self._webhooks = webhooks

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """All in one question; labels and annotations are all of the metadata that a webhook may change."""
        if not objects:
            return []
        who = f"conversion webhook for {_gvk(objects[0])}"
        uid = str(uuid.uuid4())
        try:
            answer = await self._webhooks.ask(self._config, self._question(uid, objects, api_version), _TIMEOUT)
            converted = self._answers(answer, uid)
        except (WebhookError, _BadAnswer) as error:
            raise status.unknown(f"{who} failed: {error}") from None
        if len(converted) != len(objects):
            raise status.unknown(f"{who} returned {len(converted)} objects, expected {len(objects)}")
        return [_checked(obj, found, api_version, who) for obj, found in zip(objects, converted, strict=True)]

    def _question(self, uid: str, objects: Sequence[Object], api_version: str) -> bytes:
        request = {"uid": uid, "desiredAPIVersion": api_version, "objects": objects}
        return orjson.dumps({"kind": "ConversionReview", "apiVersion": f"{_GROUP}/{self._version}", "request": request})

    def _answers(self, content: bytes, uid: str) -> list[Any]:
        """The converted objects in an answer. Raises _BadAnswer."""
        try:
            review = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise _BadAnswer(f"couldn't get version/kind; json parse error: {error}") from None
        review = review if isinstance(review, dict) else {}
        expected = f"{_GROUP}/{self._version}, Kind=ConversionReview"
        if (found := _gvk(review)) != expected:
            raise _BadAnswer(f"expected webhook response of {expected}, got {found}")
        response = review.get("response")
        if not isinstance(response, dict):
            raise _BadAnswer("no response provided")
        if self._version == "v1" and response.get("uid") != uid:
            raise _BadAnswer(f'expected response.uid="{uid}", got "{response.get("uid") or ""}"')
        result = response.get("result") or {}
        if result.get("status") != "Success":
            text = f"response.result.status was '{result.get('status') or ''}', not 'Success'"
            raise _BadAnswer(result.get("message") or text)
        return response.get("convertedObjects") or []


def _gvk(obj: Mapping[str, Any]) -> str:
    return f"{obj.get('apiVersion') or ''}, Kind={obj.get('kind') or ''}"


def _checked(obj: Object, found: Any, api_version: str, who: str) -> Object:
    """A converted object with the metadata that it had. Raises StatusError (500)."""
    if not isinstance(found, dict):
        raise status.unknown(f"{who} returned invalid object at index 0: invalid type")
    for name, shown, wanted in (("apiVersion", "groupVersion", api_version), ("kind", "kind", obj["kind"])):
        if found.get(name) != wanted:
            text = f"invalid {shown} (expected {wanted}, received {found.get(name) or ''})"
            raise status.unknown(f"{who} returned invalid object at index 0: {text}")
    meta, given = obj["metadata"], found.get("metadata")
    if not isinstance(given, dict):
        raise status.unknown(f"{who} returned invalid metadata: invalid metadata of type {type(given).__name__}")
    for name, shown in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        before, after = meta.get(name) or "", given.get(name) or ""
        if before != after:
            raise status.unknown(f"{who} returned invalid object: must have the same {shown}: {before} != {after}")
    kept = {name: value for name, value in meta.items() if name not in ("labels", "annotations")}
    kept |= {name: _texts(given[name], name, who) for name in ("labels", "annotations") if given.get(name)}
    return {**found, "metadata": kept}


def _texts(value: Any, name: str, who: str) -> dict[str, str]:
    if isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
        return value
    raise status.unknown(f"{who} returned invalid metadata: invalid metadata.{name}")
