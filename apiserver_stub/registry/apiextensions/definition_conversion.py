"""Conversion between the versions of a CustomResourceDefinition: the strategy and its webhook."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats, webhook

Object = dict[str, Any]

_PATH: Final = "spec.conversion"
_CLIENT: Final = f"{_PATH}.webhookClientConfig"
_REVIEWS: Final = f"{_PATH}.conversionReviewVersions"
_STRATEGIES: Final = ("None", "Webhook")
_KNOWN: Final = ("v1", "v1beta1")
_UNUSED: Final = "should not be set when strategy is not set to Webhook"


def validate(conversion: Object | None, *, known_review: bool, sound_bundle: bool) -> list[FieldError]:
    """known_review: a review version that this server speaks is asked for; sound_bundle: so are certificates that load.

    Paths are those of upstream's internal form.
    """
    if conversion is None:
        return []
    out = formats.one_of(f"{_PATH}.strategy", conversion.get("strategy"), _STRATEGIES)
    hook = conversion.get("webhook") or {}
    client, versions = hook.get("clientConfig"), hook.get("conversionReviewVersions") or []
    if conversion.get("strategy") != "Webhook":
        out += [field.forbidden(_CLIENT, _UNUSED)] if client is not None else []
        return out + ([field.forbidden(_REVIEWS, _UNUSED)] if versions else [])
    if client is None:
        out.append(field.required(_CLIENT, "required when strategy is set to Webhook"))
    else:
        out += webhook.client_config(client, _CLIENT)
        if client.get("caBundle") and sound_bundle:
            out += webhook.ca_bundle(f"{_CLIENT}.caBundle", client["caBundle"])
    return out + _reviews(versions, known_review)


def _reviews(versions: list[str], known_review: bool) -> list[FieldError]:
    if not versions:
        return [field.required(_REVIEWS)]
    out = []
    for i, text in enumerate(versions):
        where = f"{_REVIEWS}[{i}]"
        if text in versions[:i]:
            out.append(field.invalid(where, text, "duplicate version"))
            continue
        out += formats.faults(where, text, formats.label_1035(text))
    if known_review and not any(text in _KNOWN for text in versions):
        out.append(field.invalid(_REVIEWS, versions, f"must include at least one of {', '.join(_KNOWN)}"))
    return out


def speaks_known_review(conversion: Object | None) -> bool:
    """Whether a stored conversion lists a review version that this server speaks, or none at all."""
    versions = ((conversion or {}).get("webhook") or {}).get("conversionReviewVersions") or []
    return not versions or any(text in _KNOWN for text in versions)


def has_sound_bundle(conversion: Object | None) -> bool:
    """Whether a stored conversion's certificates load; so does having none."""
    client = ((conversion or {}).get("webhook") or {}).get("clientConfig") or {}
    return not client.get("caBundle") or not webhook.ca_bundle("", client["caBundle"])
