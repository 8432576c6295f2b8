"""Objects of the watched kinds as last seen: fed by lists, watch events and the answers to our own writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from operators._kube import meta, selectors
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind

#: Called as changed(store, old, new) after each change; `old` is None for a new object, `new` for one that is gone.
Listener = Callable[["Store", Object | None, Object | None], None]

# How many deleted UIDs are remembered: enough to outlast any answer that is still on its way.
_GRAVES = 1024

#: What to keep of an object; must leave its metadata's name, namespace, uid, resourceVersion and ownerReferences.
Keep = Callable[[Object], Object]


class Store:
    """All objects of one kind.

    News of one object come by three ways (list, watch, answer to a write) and may overtake each other, so each is
    compared by resourceVersion, and the dead are remembered by UID: what was deleted does not come back.
    """

    def __init__(self, kind: Kind, changed: Listener, keep: Keep | None = None) -> None:
        self.kind = kind
        self.object_kind = ""
        self.listed = False
        self._changed = changed
        self._keep = keep
        self._objects: dict[Key, Object] = {}
        self._namespaces: dict[str, dict[Key, Object]] = {}
        self._dependants: dict[str, dict[Key, Object]] = {}
        self._graves: dict[str, None] = {}
        self._listed_version = 0
        self._seen_version = 0

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Object]:
        return iter(list(self._objects.values()))

    def get(self, key: Key) -> Object | None:
        return self._objects.get(key)

    def select(self, namespace: str | None, selector: Object | None) -> list[Object]:
        """The objects in a namespace (None or "": in all), that a label selector selects (None: all of them)."""
        found = self._namespaces.get(namespace, {}) if namespace else self._objects
        if selector is None:
            return list(found.values())
        return [obj for obj in found.values() if selectors.matches(selector, meta.labels_of(obj))]

    def dependants(self, uid: str) -> list[Object]:
        """The objects whose controller has this UID."""
        return list(self._dependants.get(uid, {}).values())

    def put(self, obj: Object, *, wrote: Object | None = None) -> bool:
        """Take a newer state of one object; False when it is old news.

        `wrote`: the merge patch of ours that this answers. It wakes nobody, unless others have changed the object too
        since we last saw it: their own event brings no newer version than this.
        """
        key, uid, version = meta.key_of(obj), meta.uid_of(obj), meta.version_of(obj)
        old = self._objects.get(key)
        if uid in self._graves:
            return False
        if old is None and self.listed and version and version <= self._listed_version:
            return False  # it was not in a list that is newer than this
        if old is not None and version and version <= meta.version_of(old):
            return False
        self._insert(key, obj, old)
        if wrote is None or old is None or not self._is_just(wrote, old, self._objects[key]):
            self._changed(self, old, obj)
        return True

    def _is_just(self, patch: Object, old: Object, new: Object) -> bool:
        expected = _merged(old, patch)
        if self._keep is not None:
            expected = self._keep(expected)
        versions = {"resourceVersion": meta.version_of(new)}
        return bool(_merged(expected, {"metadata": versions}) == _merged(new, {"metadata": versions}))

    def observe(self, obj: Object) -> None:
        """A state that came from a watch."""
        self._seen_version = max(self._seen_version, meta.version_of(obj))
        self.put(obj)

    def remove(self, obj: Object) -> None:
        """A DELETED event, or the answer to a DELETE that left nothing."""
        self._seen_version = max(self._seen_version, meta.version_of(obj))
        key, uid = meta.key_of(obj), meta.uid_of(obj)
        self._bury(uid)
        old = self._objects.get(key)
        if old is not None and meta.uid_of(old) == uid:
            self._discard(key, old)
            self._changed(self, old, None)

    def replace(self, objects: Iterable[Object], version: int) -> None:
        """Take a complete list made at `version`: update what differs and sweep what is no longer there."""
        if version < self._seen_version:
            # The server's history began anew (another data directory, a restored backup): versions mean nothing now.
            self._graves.clear()
            for key, old in list(self._objects.items()):
                self._discard(key, old)
                self._changed(self, old, None)
        present = set()
        self.listed, self._listed_version = False, version
        for obj in objects:
            present.add(meta.key_of(obj))
            self.put(obj)
        for key, old in list(self._objects.items()):
            # What a write of ours created after the list was made is newer than the list, and stays.
            if key not in present and meta.version_of(old) <= version:
                self._bury(meta.uid_of(old))
                self._discard(key, old)
                self._changed(self, old, None)
        self.listed, self._seen_version = True, version

    def _insert(self, key: Key, obj: Object, old: Object | None) -> None:
        if old is not None:
            self._discard(key, old)
        # Who set which field is for the API server alone, and is often half of an object.
        obj.get("metadata", {}).pop("managedFields", None)
        if self._keep is not None:
            obj = self._keep(obj)
        self._objects[key] = obj
        self._namespaces.setdefault(key.namespace, {})[key] = obj
        reference = meta.controller_of(obj)
        if reference is not None:
            self._dependants.setdefault(reference.get("uid", ""), {})[key] = obj

    def _discard(self, key: Key, old: Object) -> None:
        del self._objects[key]
        _drop(self._namespaces, key.namespace, key)
        reference = meta.controller_of(old)
        if reference is not None:
            _drop(self._dependants, reference.get("uid", ""), key)

    def _bury(self, uid: str) -> None:
        self._graves[uid] = None
        while len(self._graves) > _GRAVES:
            del self._graves[next(iter(self._graves))]


class Cache:
    """The stores of all kinds that one operator watches."""

    def __init__(
        self,
        kinds: Iterable[Kind],
        changed: Listener = lambda store, old, new: None,
        keep: Keep | None = None,
    ) -> None:
        self._stores = {kind: Store(kind, changed, keep) for kind in kinds}

    def __iter__(self) -> Iterator[Store]:
        return iter(self._stores.values())

    def find(self, kind: Kind) -> Store | None:
        return self._stores.get(kind)

    def store(self, kind: Kind) -> Store:
        """Raises LookupError for a kind that this operator does not watch."""
        try:
            return self._stores[kind]
        except KeyError:
            raise LookupError(f"{kind} is not watched: name it in reconcile(), owns= or watches=") from None

    def unlisted(self) -> list[Kind]:
        """The kinds that have not been listed yet."""
        return [store.kind for store in self if not store.listed]


def metadata_of(obj: Object) -> Object:
    """A `Keep` for those who need neither spec nor status."""
    return {name: obj[name] for name in ("apiVersion", "kind", "metadata") if name in obj}


def _drop(index: dict[str, dict[Key, Any]], name: str, key: Key) -> None:
    entries = index.get(name)
    if entries is not None and entries.pop(key, None) is not None and not entries:
        del index[name]


def _merged(obj: Object, patch: Object) -> Object:
    """The object with a merge patch applied (RFC 7386)."""
    found = dict(obj)
    for name, value in patch.items():
        if isinstance(value, dict):
            before = found.get(name)
            found[name] = _merged(before if isinstance(before, dict) else {}, value)
        elif value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return found
