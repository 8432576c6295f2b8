"""ValidatingWebhookConfiguration and MutatingWebhookConfiguration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base, formats, selector, webhook
from apiserver_stub.registry.admissionregistration import matching

Object = base.Object

_REVIEWS: Final = ("v1", "v1beta1")
_NO_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun")
_SIDE_EFFECTS: Final = ("None", "NoneOnDryRun", "Some", "Unknown")
_REINVOCATION: Final = ("IfNeeded", "Never")
_SELECTORS: Final = ("namespaceSelector", "objectSelector")


@dataclass(frozen=True, slots=True)
class Demands:
    """Rules that an object may break if it has always broken them."""

    conditions: bool = True
    no_side_effects: bool = True
    known_review: bool = True
    unique_names: bool = True


class WebhookConfigurations(base.Kind):
    """mutating: whether its webhooks may change objects."""

    mutating = False

    def default(self, obj: Object) -> None:
        super().default(obj)
        for hook in _hooks(obj):
            hook.setdefault("failurePolicy", "Fail")
            hook.setdefault("matchPolicy", "Equivalent")
            hook.setdefault("timeoutSeconds", 10)
            for name in _SELECTORS:
                hook.setdefault(name, {})
            if self.mutating:
                hook.setdefault("reinvocationPolicy", "Never")
            service = (hook.get("clientConfig") or {}).get("service")
            if service is not None:
                service.setdefault("port", 443)
            matching.default_rules(hook.get("rules") or ())

    def validate(self, obj: Object) -> list[FieldError]:
        return self._validate(obj, Demands())

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return self._validate(obj, _demands(obj, old))

    def _validate(self, obj: Object, demands: Demands) -> list[FieldError]:
        out = []
        names: set[str] = set()
        for i, hook in enumerate(_hooks(obj)):
            path = f"webhooks[{i}]"
            out += self._hook(hook, path, demands)
            out += _reviews(hook.get("admissionReviewVersions") or [], path, demands)
            name = hook.get("name", "")
            if demands.unique_names and name and name in names:
                out.append(field.duplicate(f"{path}.name", name))
            names.add(name)
        return out

    def _hook(self, hook: Object, path: str, demands: Demands) -> list[FieldError]:
        out = qualified_name(hook.get("name", ""), f"{path}.name")
        for i, rule in enumerate(hook.get("rules") or ()):
            out += matching.rule(rule, f"{path}.rules[{i}]")
        out += matching.known(f"{path}.failurePolicy", hook.get("failurePolicy"), matching.FAILURE_POLICIES)
        out += matching.known(f"{path}.matchPolicy", hook.get("matchPolicy"), matching.MATCH_POLICIES)
        out += _side_effects(hook.get("sideEffects"), f"{path}.sideEffects", demands)
        timeout = hook.get("timeoutSeconds")
        if timeout is not None and not 1 <= timeout <= 30:
            detail = "the timeout value must be between 1 and 30 seconds"
            out.append(field.invalid(f"{path}.timeoutSeconds", timeout, detail))
        for name in _SELECTORS:
            out += selector.validate(hook.get(name), f"{path}.{name}")
        if self.mutating:
            out += matching.known(f"{path}.reinvocationPolicy", hook.get("reinvocationPolicy"), _REINVOCATION)
        out += webhook.client_config(hook.get("clientConfig"), f"{path}.clientConfig")
        if demands.conditions:
            out += matching.conditions(hook.get("matchConditions") or [], f"{path}.matchConditions", params=False)
        return out


class MutatingWebhookConfigurations(WebhookConfigurations):
    mutating = True


def qualified_name(name: str, path: str) -> list[FieldError]:
    """A name with a domain, as webhooks have."""
    if not name:
        return [field.required(path)]
    found = formats.subdomain(name)
    if found:
        return [field.invalid(path, name, ",".join(found))]
    if name.count(".") < 2:
        return [field.invalid(path, name, "should be a domain with at least three segments separated by dots")]
    return []


def _hooks(obj: Object) -> list[Object]:
    return obj.get("webhooks") or []


def _side_effects(value: str | None, path: str, demands: Demands) -> list[FieldError]:
    allowed = _NO_SIDE_EFFECTS if demands.no_side_effects else _SIDE_EFFECTS
    if not value:
        return [field.required(path, f"must specify one of {', '.join(allowed)}")]
    return matching.known(path, value, allowed)


def _reviews(versions: list[str], path: str, demands: Demands) -> list[FieldError]:
    path = f"{path}.admissionReviewVersions"
    if not versions:
        return [field.required(path, f"must specify one of {', '.join(_REVIEWS)}")]
    out = []
    for i, text in enumerate(versions):
        if text in versions[:i]:
            out.append(field.invalid(f"{path}[{i}]", text, "duplicate version"))
        else:
            out += formats.faults(f"{path}[{i}]", text, formats.label_1035(text))
    if demands.known_review and not _has_known(versions):
        out.append(field.invalid(path, versions, f"must include at least one of {', '.join(_REVIEWS)}"))
    return out


def _has_known(versions: Iterable[Any]) -> bool:
    return any(text in _REVIEWS for text in versions)


def _demands(obj: Object, old: Object) -> Demands:
    before, names = _hooks(old), [hook.get("name") for hook in _hooks(old)]
    versions = [hook.get("admissionReviewVersions") or [] for hook in before]
    unchanged = [hook.get("matchConditions") for hook in before] == [h.get("matchConditions") for h in _hooks(obj)]
    return Demands(
        conditions=not unchanged,
        no_side_effects=all(hook.get("sideEffects") in _NO_SIDE_EFFECTS for hook in before),
        known_review=all(not known or _has_known(known) for known in versions),
        unique_names=len(set(names)) == len(names),
    )
