"""The webhooks that the configurations in the log declare, as of now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from apiserver_stub.admission.conditions import Conditions
from apiserver_stub.storage.log import Entry

Object = Mapping[str, Any]

_GROUP: Final = "admissionregistration.k8s.io"
MUTATING: Final = (_GROUP, "mutatingwebhookconfigurations")
VALIDATING: Final = (_GROUP, "validatingwebhookconfigurations")
# Versions of AdmissionReview that are spoken.
KNOWN: Final = ("v1", "v1beta1")
_DEFAULT_TIMEOUT: Final = 10


class Source(Protocol):
    """The part of the storage log that is read."""

    def list(self, table: tuple[str, str], namespace: str = "", revision: int = 0) -> Sequence[Entry]: ...
    def listen(self, table: tuple[str, str], listener: Callable[[], None]) -> None: ...


@dataclass(frozen=True, eq=False)
class Hook:
    """One webhook of a configuration.

    key: tells it from all others; timeout: seconds; version: of the AdmissionReview that it gets, "" where it takes
    none that is known.
    """

    configuration: str
    key: str
    name: str
    rules: tuple[Object, ...]
    equivalent: bool
    namespace_selector: Object | None
    object_selector: Object | None
    conditions: Conditions | None
    ignores_failures: bool
    timeout: int
    side_effects: str
    reinvocable: bool
    version: str
    client: Object

    @property
    def takes_dry_runs(self) -> bool:
        return self.side_effects in ("None", "NoneOnDryRun")


class Configurations:
    """All webhooks of one kind of configuration, by its name and then as they stand in it."""

    def __init__(self, log: Source, table: tuple[str, str]) -> None:
        self._log = log
        self._table = table
        self._hooks: tuple[Hook, ...] | None = None
        # Whether some rule may be about (group, version, resource, subresource, operation).
        self.remembered: dict[tuple[str, ...], bool] = {}
        log.listen(table, self._forget)

    def _forget(self) -> None:
        self._hooks = None
        self.remembered.clear()

    @property
    def hooks(self) -> tuple[Hook, ...]:
        if self._hooks is None:
            entries = sorted(self._log.list(self._table), key=lambda entry: entry.key.name)
            self._hooks = tuple(hook for entry in entries for hook in _declared(entry))
        return self._hooks


def _declared(entry: Entry) -> Iterable[Hook]:
    configuration = entry.key.name
    seen: dict[str, int] = {}
    for one in entry.decode().get("webhooks") or ():
        name = one.get("name", "")
        number = seen[name] = seen.get(name, -1) + 1
        yield _hook(configuration, f"{configuration}/{name}/{number}", name, one)


def _hook(configuration: str, key: str, name: str, one: Object) -> Hook:
    conditions = one.get("matchConditions") or ()
    return Hook(
        configuration=configuration,
        key=key,
        name=name,
        rules=tuple(one.get("rules") or ()),
        equivalent=one.get("matchPolicy", "Equivalent") == "Equivalent",
        namespace_selector=one.get("namespaceSelector"),
        object_selector=one.get("objectSelector"),
        conditions=Conditions(conditions) if conditions else None,
        ignores_failures=one.get("failurePolicy", "Fail") == "Ignore",
        timeout=int(one.get("timeoutSeconds") or _DEFAULT_TIMEOUT),
        side_effects=one.get("sideEffects", ""),
        reinvocable=one.get("reinvocationPolicy") == "IfNeeded",
        version=next((text for text in one.get("admissionReviewVersions") or () if text in KNOWN), ""),
        client=one.get("clientConfig") or {},
    )
