"""Kinds that are served in two versions from one store."""

from typing import Any

# events.k8s.io/v1 is v1 with other names; v1 is stored.
_EVENT_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_EVENT_NAMES_BACK = {new: old for old, new in _EVENT_NAMES.items()}

# (group, resource) as served -> as stored
STORED = {("events.k8s.io", "events"): ("", "events")}


def stored(group: str, name: str) -> tuple[str, str]:
    """The table in which a resource is stored."""
    return STORED.get((group, name), (group, name))


def is_converted(group: str, name: str) -> bool:
    return (group, name) in STORED


# v1 always shows these two, events.k8s.io/v1 only when they say something.
_EVENT_REPORTER = ("reportingComponent", "reportingInstance")


def to_stored(obj: dict[str, Any]) -> dict[str, Any]:
    renamed = {_EVENT_NAMES_BACK.get(name, name): value for name, value in obj.items()}
    return dict.fromkeys(_EVENT_REPORTER, "") | renamed


def from_stored(obj: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in obj.items() if value or name not in _EVENT_REPORTER}
    return {_EVENT_NAMES.get(name, name): value for name, value in kept.items()}
