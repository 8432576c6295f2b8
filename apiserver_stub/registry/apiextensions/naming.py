"""Which of the names that a CustomResourceDefinition asks for it gets, and whether it may be established."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.registry.apiextensions import conditions

Object = dict[str, Any]

_RESOURCE_NAMES: Final = (("plural", "PluralConflict"), ("singular", "SingularConflict"))
_KIND_NAMES: Final = (("kind", "KindConflict"), ("listKind", "ListKindConflict"))


@dataclass(frozen=True, slots=True)
class Taken:
    """Names that are in use in one group."""

    resources: frozenset[str]
    kinds: frozenset[str]


def taken(accepted: Iterable[Mapping[str, Any]]) -> Taken:
    """accepted: status.acceptedNames of all definitions of the group."""
    resources: set[str] = set()
    kinds: set[str] = set()
    for names in accepted:
        resources |= {names.get("plural", ""), names.get("singular", ""), *(names.get("shortNames") or ())}
        kinds |= {names.get("kind", ""), names.get("listKind", "")}
    return Taken(frozenset(resources), frozenset(kinds))


def decide(crd: Object, used: Taken, now: str) -> bool:
    """Puts status.acceptedNames and the conditions NamesAccepted and Established in place; whether they changed.

    Established is left to be set later (see establish), so that whoever sees NamesAccepted first may get ready.
    """
    wanted, status = crd["spec"]["names"], crd.setdefault("status", {})
    accepted = status.get("acceptedNames") or {}
    names, reason, fault = _accept(wanted, accepted, used)
    if accepted == names and conditions.find(status, "NamesAccepted") and not _differs(status, reason, fault):
        return False
    status["acceptedNames"] = names
    if reason:
        conditions.put(status, "NamesAccepted", "False", reason, fault, now)
    else:
        conditions.put(status, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now)
    if not conditions.is_true(status, "Established"):
        if not reason:
            put = ("False", "Installing", "the initial names have been accepted")
            conditions.put(status, "Established", *put, now)
        elif conditions.find(status, "Established") is None:
            conditions.put(status, "Established", "False", "NotAccepted", "not all names are accepted", now)
    return True


def establish(crd: Object, now: str) -> bool:
    """Sets Established once the names are accepted; whether that was to be done."""
    status = crd.get("status") or {}
    if not conditions.is_true(status, "NamesAccepted") or conditions.is_true(status, "Established"):
        return False
    text = "the initial names have been accepted"
    return conditions.put(status, "Established", "True", "InitialNamesAccepted", text, now)


def _differs(status: Object, reason: str, fault: str) -> bool:
    """Whether NamesAccepted has to say something else than it does."""
    found = conditions.find(status, "NamesAccepted") or {}
    value = "False" if reason else "True"
    return (found.get("status"), found.get("reason")) != (value, reason or "NoConflicts") or (
        bool(reason) and found.get("message") != fault
    )


def _accept(wanted: Object, accepted: Object, used: Taken) -> tuple[Object, str, str]:
    """The names that are accepted now, and the last conflict's reason and message ("" for none)."""
    names = {"plural": "", "kind": "", **accepted}
    reason, fault = "", ""
    for name, why in _RESOURCE_NAMES:
        if found := _conflict(wanted.get(name, ""), accepted.get(name, ""), used.resources):
            reason, fault = why, found
        else:
            _set(names, name, wanted.get(name, ""))
    found = _short_conflicts(wanted.get("shortNames") or (), accepted.get("shortNames") or (), used.resources)
    if found:
        reason, fault = "ShortNamesConflict", found
    else:
        _set(names, "shortNames", wanted.get("shortNames"))
    for name, why in _KIND_NAMES:
        if found := _conflict(wanted.get(name, ""), accepted.get(name, ""), used.kinds):
            reason, fault = why, found
        else:
            _set(names, name, wanted.get(name, ""))
    _set(names, "categories", wanted.get("categories"))
    return names, reason, fault


def _set(names: Object, name: str, value: Any) -> None:
    if value or name in ("plural", "kind"):
        names[name] = value
    else:
        names.pop(name, None)


def _conflict(wanted: str, accepted: str, used: frozenset[str]) -> str:
    return "" if wanted == accepted or wanted not in used else f'"{wanted}" is already in use'


def _short_conflicts(wanted: Sequence[str], accepted: Sequence[str], used: frozenset[str]) -> str:
    if list(wanted) == list(accepted):
        return ""
    found = [_conflict(name, "", used) for name in wanted if name not in accepted]
    faults = list(dict.fromkeys(fault for fault in found if fault))
    return f"[{', '.join(faults)}]" if len(faults) > 1 else "".join(faults)
