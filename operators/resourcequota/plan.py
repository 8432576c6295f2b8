"""Where the resources of a quota are counted, and what its status is to say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from operators._kube import quantity
from operators._kube.meta import Object

_NUMBERED = ("configmaps", "replicationcontrollers", "resourcequotas", "secrets")
_BY_CLASS = ".storageclass.storage.k8s.io/"


@dataclass(slots=True)
class Sources:
    """What is to be looked at. numbers: by quota's name, the (group, resource) whose objects are only numbered."""

    pods: bool = False
    services: bool = False
    claims: bool = False
    numbers: dict[str, tuple[str, str]] = field(default_factory=dict)


def sources(hard: Iterable[str]) -> Sources:
    found = Sources()
    for name in hard:
        if name.startswith("count/"):
            resource, _, group = name.removeprefix("count/").partition(".")
            found.numbers[name] = (group, resource)
        elif name in _NUMBERED:
            found.numbers[name] = ("", name)
        elif name.partition(".")[0] == "services":
            found.services = True
        elif name in ("persistentvolumeclaims", "requests.storage") or _BY_CLASS in name:
            found.claims = True
        else:
            found.pods = True
    return found


def rules(quota: Object) -> list[Mapping[str, object]]:
    """The scopes of a quota, as rules about objects."""
    spec = quota.get("spec") or {}
    scopes = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    return [*scopes, *((spec.get("scopeSelector") or {}).get("matchExpressions") or ())]


def status(quota: Object, counted: Mapping[str, str]) -> Object:
    """The new status: what is counted now, and what could not be counted as it was."""
    hard = dict((quota.get("spec") or {}).get("hard") or {})
    before = (quota.get("status") or {}).get("used") or {}
    used = {name: counted.get(name, before.get(name)) for name in hard}
    return {"hard": hard, "used": {name: amount for name, amount in used.items() if amount is not None}}


def is_current(quota: Object, wanted: Object) -> bool:
    """Whether the status says so already, however it is written."""
    present = quota.get("status") or {}
    return all(_values(present.get(part)) == _values(wanted[part]) for part in ("hard", "used"))


def is_less(quota: Object, wanted: Object) -> bool:
    """Whether less of anything is used than the status says."""
    present = _values((quota.get("status") or {}).get("used"))
    return any(name in present and amount < present[name] for name, amount in _values(wanted["used"]).items())


def _values(amounts: Mapping[str, str] | None) -> dict[str, Decimal]:
    return {name: quantity.parse(text) for name, text in (amounts or {}).items()}
