"""events.k8s.io/v1 Events: core's, with other names; v1 is stored."""

from typing import Any, Final

Object = dict[str, Any]

_NAMES: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_NAMES_BACK: Final = {new: old for old, new in _NAMES.items()}
# v1 always shows these two, events.k8s.io/v1 only when they say something.
_REPORTER: Final = ("reportingComponent", "reportingInstance")


def to_stored(obj: Object) -> Object:
    renamed = {_NAMES_BACK.get(name, name): value for name, value in obj.items()}
    return dict.fromkeys(_REPORTER, "") | renamed


def from_stored(obj: Object) -> Object:
    kept = {name: value for name, value in obj.items() if value or name not in _REPORTER}
    return {_NAMES.get(name, name): value for name, value in kept.items()}
