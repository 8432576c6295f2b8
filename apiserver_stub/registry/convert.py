"""Kinds that are served in several versions or groups from one store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from apiserver_stub.registry.autoscaling import convert as autoscaling
from apiserver_stub.registry.events import convert as events

Object = dict[str, Any]


class Converter(Protocol):
    """Between a served version and the stored one; both take and return objects without kind and apiVersion.

    The result may share parts with what was given, which is not changed.
    """

    def to_stored(self, obj: Object) -> Object: ...

    def from_stored(self, obj: Object) -> Object: ...


@dataclass(frozen=True, slots=True)
class Served:
    """table: (group, resource) under which the objects are stored. converter: None for the stored version itself."""

    table: tuple[str, str]
    converter: Converter | None = None


# (group, version, resource) of everything that is not stored just as it is served.
_BUILTIN: Final[Mapping[tuple[str, str, str], Served]] = {
    ("autoscaling", "v1", "horizontalpodautoscalers"): Served(("autoscaling", "horizontalpodautoscalers"), autoscaling),
    ("events.k8s.io", "v1", "events"): Served(("", "events"), events),
}
_TABLES: Final = {(group, name): served.table for (group, _, name), served in _BUILTIN.items()}


def served(group: str, version: str, name: str) -> Served:
    return _BUILTIN.get((group, version, name)) or Served((group, name))


def stored(group: str, name: str) -> tuple[str, str]:
    """The table in which a resource is stored."""
    return _TABLES.get((group, name), (group, name))
