"""FakeKube: a real Kube on a fake API server, with a cache that is always up to date.

kube = FakeKube("replicaset")
rs = kube.add("apps/v1", "replicasets", {...})          # puts an object there, as if a user had made it
result = await reconcile(meta.key_of(rs), kube, kube.now)
assert [pod["metadata"]["name"] for pod in kube.all("v1", "pods")] == [...]
assert kube.writes == ["POST pods", ...]; assert kube.events == [("Normal", "SuccessfulCreate", "Created pod: …")]
"""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from operators._kube import meta
from operators._kube.actions import EventType
from operators._kube.cache import Cache, Store
from operators._kube.client import Kube
from operators._kube.errors import ApiError
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind
from tests.fakes.api import KINDS, FakeApi, parse_path


class _EveryKind(Cache):
    """Watches whatever is asked for."""

    def __init__(self, api: FakeApi) -> None:
        super().__init__(())
        self._api = api

    def find(self, kind: Kind) -> Store | None:
        if kind not in self._stores:
            store = Store(kind, lambda store, old, new: None)
            store.object_kind = KINDS.get(kind.resource, "")
            store.replace([copy.deepcopy(obj) for obj in self._api.objects.get(kind, {}).values()], self._api.version)
            self._stores[kind] = store
        return self._stores[kind]

    def store(self, kind: Kind) -> Store:
        store = self.find(kind)
        assert store is not None
        return store


class _Events:
    def __init__(self) -> None:
        self.seen: list[tuple[Object, EventType, str, str, str | None]] = []

    def record(
        self, regarding: Object, type_: EventType, reason: str, message: str, field_path: str | None = None
    ) -> None:
        self.seen.append((regarding, type_, reason, message, field_path))


class FakeKube(Kube):
    """Reads, writes, perform and patch_status are the real ones; only the server behind them is a dict."""

    def __init__(self, name: str = "test", now: datetime | None = None) -> None:
        self.server = FakeApi(now) if now is not None else FakeApi()
        self.server.watchers.append(self._seen)
        self._every_kind = _EveryKind(self.server)
        self._events = _Events()
        super().__init__(name, self.server, self._every_kind, self._events, clock=lambda: self.server.now)

    @property
    def now(self) -> datetime:
        return self.server.now

    @property
    def events(self) -> list[tuple[str, str, str]]:
        """(type, reason, message) of each Event, in order."""
        return [(type_, reason, message) for _, type_, reason, message, _ in self._events.seen]

    @property
    def event_details(self) -> list[tuple[Object, EventType, str, str, str | None]]:
        """(regarding, type, reason, message, field path) of each Event, in order."""
        return self._events.seen

    @property
    def writes(self) -> list[str]:
        """What was written, short: "POST pods", "PATCH deployments/web", "PATCH deployments/web/status"."""
        found = []
        for method, path, _ in self.server.requests:
            kind, key, subresource = parse_path(path)
            found.append(f"{method} " + "/".join(part for part in (kind.resource, key.name, subresource) if part))
        return found

    @property
    def requests(self) -> list[tuple[str, str, Any]]:
        """(method, path, body) of each write."""
        return self.server.requests

    def forget(self) -> None:
        """Empty `writes`, `requests` and `events`."""
        self.server.requests.clear()
        self._events.seen.clear()

    def add(self, api_version: str, resource: str, obj: Object) -> Object:
        """Put an object there, as somebody else's write; status and deletionTimestamp are kept as given."""
        return self.server.create(Kind(api_version, resource), meta.namespace_of(obj), obj)

    def edit(self, api_version: str, resource: str, key: Key, change: Object) -> Object:
        """Merge `change` into an object, status included, as somebody else's write."""
        kind = Kind(api_version, resource)
        if spec := {name: value for name, value in change.items() if name != "status"}:
            old = self.server.objects[kind][key]
            self.server.change(kind, old, _merged(old, spec))
        if "status" in change:
            old = self.server.objects[kind][key]
            self.server.change(kind, old, _merged(old, {"status": change["status"]}), "status")
        return copy.deepcopy(self.server.objects[kind].get(key, {}))

    def remove(self, api_version: str, resource: str, key: Key) -> None:
        """Remove an object at once, finalizers or not, as somebody else's write."""
        kind = Kind(api_version, resource)
        self.server._remove(kind, self.server.objects[kind][key])

    def all(self, api_version: str, resource: str) -> list[Object]:
        """All objects of a kind as the server has them."""
        return [copy.deepcopy(obj) for obj in self.server.objects.get(Kind(api_version, resource), {}).values()]

    def one(self, api_version: str, resource: str, key: Key) -> Object:
        return copy.deepcopy(self.server.objects[Kind(api_version, resource)][key])

    def refuse(self, method: str, resource: str, *errors: ApiError) -> None:
        """Answer the next requests of this method ("POST", "PATCH", "DELETE" …) on a resource with these errors."""
        self.server.refuse.setdefault((method, resource), []).extend(errors)

    def tick(self, seconds: float) -> None:
        self.server.tick(seconds)

    def _seen(self, type_: str, kind: Kind, obj: Object) -> None:
        store = self._every_kind.find(kind)
        assert store is not None
        if type_ == "DELETED":
            store.remove(obj)
        else:
            store.observe(obj)


def _merged(old: Object, change: Object) -> Object:
    from tests.fakes.api import merged

    new = copy.deepcopy(merged(old, change))
    new["metadata"].pop("resourceVersion", None)
    assert isinstance(new, dict)
    return new
