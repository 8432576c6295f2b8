"""Kube: what a reconcile reads (the cache) and writes (the API) with."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Protocol

from operators._kube import meta, paths, performing
from operators._kube.actions import Action, EventType, PatchType, Propagation
from operators._kube.cache import Cache
from operators._kube.errors import ApiError, RetryAfter, Terminal, raise_first
from operators._kube.meta import Key, Object, Objects
from operators._kube.paths import Kind

__all__ = ["Api", "ApiError", "Kube", "Recorder", "RetryAfter", "Terminal", "raise_first"]

CONTENT_TYPES: Mapping[str, str] = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Api(Protocol):
    """One request to the API server. Raises ApiError for every answer from 400 on and for no answer at all."""

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object: ...

    def stream(self, path: str, *, params: Mapping[str, str]) -> AsyncGenerator[Object, None]:
        """The JSON objects of an answer that goes on, one a line."""


class Recorder(Protocol):
    """Takes Events; never blocks and never raises."""

    def record(
        self, regarding: Object, type_: EventType, reason: str, message: str, field_path: str | None = None
    ) -> None: ...


class Kube:
    """The Kubernetes API as one operator sees it.

    Reads come from the cache of the watched kinds and cost nothing; objects in it are shared: never change them.
    Writes go to the API server, and what it answers is put into the cache at once, so that the next reconcile sees it.
    """

    def __init__(
        self,
        name: str,
        api: Api,
        cache: Cache,
        recorder: Recorder,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ca_pem: str = "",
    ) -> None:
        self.name = name
        #: The certificate authority that this connection trusts; "" where it is the system's.
        self.ca_pem = ca_pem
        self.clock = clock
        self.log = logging.getLogger(f"ukube.{name}")
        self._api = api
        self._cache = cache
        self._recorder = recorder
        self._doubtful: set[tuple[Kind, str]] = set()

    @property
    def api(self) -> Api:
        """Requests past the cache, for what is written for whoever can make requests."""
        return self._api

    # Reading: from the cache

    def get_or_none(self, api_version: str, resource: str, key: Key) -> Object | None:
        """The object as last seen; None when it is not there. Raises LookupError for a kind that is not watched."""
        return self._cache.store(Kind(api_version, resource)).get(key)

    def list(
        self, api_version: str, resource: str, namespace: str | None = None, selector: Object | None = None
    ) -> Objects:
        """Objects of a watched kind; `selector`: a metav1.LabelSelector, None for all of them."""
        return self._cache.store(Kind(api_version, resource)).select(namespace, selector)

    def controlled_by(self, owner: Object, api_version: str, resource: str) -> Objects:
        """Objects of a watched kind whose controller is `owner` (by UID)."""
        return self._cache.store(Kind(api_version, resource)).dependants(meta.uid_of(owner))

    # Reading: from the API server

    async def fetch(self, api_version: str, resource: str, key: Key) -> Object | None:
        """The object as it is now; None when it does not exist."""
        try:
            return await self.request("GET", paths.of_object(Kind(api_version, resource), key))
        except ApiError as error:
            if error.is_not_found:
                return None
            raise

    async def fetch_list(
        self,
        api_version: str,
        resource: str,
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Objects:
        """All objects of a kind as they are now, with apiVersion and kind set. Selectors in kubectl's notation."""
        params = {"labelSelector": label_selector, "fieldSelector": field_selector}
        return (await self._fetch_list(Kind(api_version, resource), namespace, params))[0]

    async def look(self, api_version: str, resource: str, key: Key) -> tuple[Object | None, str]:
        """One object as it is now, None when it does not exist; and the version from which it can be followed."""
        params = {"fieldSelector": f"metadata.name={key.name}"}
        objects, version = await self._fetch_list(Kind(api_version, resource), key.namespace, params)
        return (objects[0] if objects else None), version

    async def follow(
        self, api_version: str, resource: str, key: Key, version: str
    ) -> AsyncGenerator[tuple[str, Object], None]:
        """Type and object of each event of one object after `version`, until the server ends the watch.

        For single objects of kinds that are not watched as a whole; bookmarks are passed on. Raises ApiError (410 when
        the version is too old).
        """
        params = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "fieldSelector": f"metadata.name={key.name}",
            "resourceVersion": version,
        }
        events = self._api.stream(paths.of_collection(Kind(api_version, resource), key.namespace), params=params)
        async with aclosing(events):
            async for event in events:
                if event["type"] == "ERROR":
                    status = event["object"]
                    message = status.get("message", "")
                    raise ApiError(status.get("code", 500), status.get("reason", "Unknown"), message, status)
                yield event["type"], event["object"]

    # Writing

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """Any request, past the cache. Raises ApiError."""
        given = {name: value for name, value in (params or {}).items() if value}
        return await self._api.send(method, path, body=body, params=given, content_type=content_type)

    async def create(self, api_version: str, resource: str, body: Object, *, subresource: str | None = None) -> Object:
        """POST to the collection, or to a subresource of the object that `body` names (pods/binding)."""
        kind, key = Kind(api_version, resource), meta.key_of(body)
        path = paths.of_object(kind, key, subresource) if subresource else paths.of_collection(kind, key.namespace)
        return await self._write("POST", kind, key, path, body)

    async def update(self, api_version: str, resource: str, body: Object, *, subresource: str | None = None) -> Object:
        """PUT the whole object; its resourceVersion, if it has one, must still be the newest (else 409)."""
        kind, key = Kind(api_version, resource), meta.key_of(body)
        return await self._write("PUT", kind, key, paths.of_object(kind, key, subresource), body)

    async def patch(
        self,
        api_version: str,
        resource: str,
        key: Key,
        body: Any,
        *,
        content_type: PatchType = "merge",
        subresource: str | None = None,
        silent: bool = False,
    ) -> Object:
        """PATCH. `silent`: of our own status (a merge patch): the answer wakes nobody but for what others changed."""
        kind = Kind(api_version, resource)
        path = paths.of_object(kind, key, subresource)
        return await self._write("PATCH", kind, key, path, body, CONTENT_TYPES[content_type], silent=silent)

    async def delete(
        self,
        api_version: str,
        resource: str,
        key: Key,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Propagation | None = "Background",
        grace_seconds: int | None = None,
    ) -> None:
        """DELETE; an object that is gone already is fine. Raises ApiError (409) when a precondition fails."""
        kind = Kind(api_version, resource)
        preconditions = {
            name: value for name, value in (("uid", uid), ("resourceVersion", resource_version)) if value is not None
        }
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if preconditions:
            options["preconditions"] = preconditions
        if propagation is not None:
            options["propagationPolicy"] = propagation
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        known = self._known(kind, key, uid)
        try:
            answer = await self.request("DELETE", paths.of_object(kind, key), body=options)
        except ApiError as error:
            if not error.is_not_found:
                raise
            answer = {"kind": "Status", "status": "Success"}
        self._take_deleted(kind, known, answer)

    async def patch_status(self, obj: Object, status: Object, *, resource: str | None = None) -> bool:
        """Write `status` of a watched object if it differs from the one in `obj`; False when there was nothing to do.

        Only what differs is sent, guarded by the object's UID: a successor with the same name is never touched (409).
        """
        change = merge_difference(obj.get("status") or {}, status)
        if not change:
            return False
        kind = self._kind_of(obj, resource)
        body = {"metadata": {"uid": meta.uid_of(obj)}, "status": change}
        await self.patch(*kind, meta.key_of(obj), body, subresource="status", silent=True)
        return True

    async def event(
        self, regarding: Object, type: EventType, reason: str, message: str, *, field_path: str | None = None
    ) -> None:
        """Record an Event. Best effort, in the background."""
        self._recorder.record(regarding, type, reason, message, field_path)

    async def perform(self, actions: Iterable[Action], owner: Object | None = None) -> Sequence[Exception]:
        """Carry out a plan; returns what went wrong.

        Neighbours of the same type run at once (creations in batches of 1, 2, 4 …), types one after the other,
        in the plan's order. What follows a failure is left for the next reconcile.
        `owner`: becomes the controller of what is created, lends it its namespace, and gets the actions' Events.
        """
        return await performing.run(self, actions, owner)

    async def settle(self) -> None:
        """Look up what became of writes whose outcome is unknown. Raises ApiError while nobody answers."""
        for kind, namespace in tuple(self._doubtful):
            objects, _ = await self._fetch_list(kind, namespace, {})
            store = self._cache.find(kind)
            for obj in objects:
                if store is not None:
                    store.put(obj)
            self._doubtful.discard((kind, namespace))

    # Inside

    async def _write(
        self,
        method: str,
        kind: Kind,
        key: Key,
        path: str,
        body: Any,
        content_type: str = "application/json",
        *,
        silent: bool = False,
    ) -> Object:
        params = {"fieldManager": f"ukube-{self.name}"}
        if content_type == CONTENT_TYPES["apply"]:
            params["force"] = "true"
        try:
            answer = await self.request(method, path, body=body, params=params, content_type=content_type)
        except ApiError as error:
            if error.is_outcome_unknown and self._cache.find(kind) is not None:
                self._doubtful.add((kind, key.namespace))
            raise
        self._take(kind, answer, body if silent else None)
        return answer

    def _take(self, kind: Kind, answer: Object, wrote: Object | None) -> None:
        store = self._cache.find(kind)
        # Subresources like scale and binding answer with another kind.
        if store is None or not meta.uid_of(answer) or answer.get("kind") != (store.object_kind or answer.get("kind")):
            return
        store.put(answer, wrote=wrote)

    def _known(self, kind: Kind, key: Key, uid: str | None) -> Object | None:
        store = self._cache.find(kind)
        known = store.get(key) if store is not None else None
        return known if known is not None and uid in (None, meta.uid_of(known)) else None

    def _take_deleted(self, kind: Kind, known: Object | None, answer: Object) -> None:
        store = self._cache.find(kind)
        if store is None:
            return
        if answer.get("kind") != "Status":
            store.put(answer)  # marked: it waits for finalizers or its grace period
        elif known is not None and (answer.get("details") or {}).get("uid") in (None, meta.uid_of(known)):
            store.remove(known)

    async def _fetch_list(self, kind: Kind, namespace: str | None, params: Mapping[str, str]) -> tuple[Objects, str]:
        answer = await self.request("GET", paths.of_collection(kind, namespace), params=params)
        objects = complete_items(answer)
        return objects, (answer.get("metadata") or {}).get("resourceVersion", "")

    def _kind_of(self, obj: Object, resource: str | None) -> Kind:
        if resource is not None:
            return Kind(obj["apiVersion"], resource)
        for store in self._cache:
            if store.object_kind == obj.get("kind") and store.kind.api_version == obj.get("apiVersion"):
                return store.kind
        raise LookupError(f"{obj.get('apiVersion')} {obj.get('kind')} is not watched: name its resource=")


def complete_items(answer: Object) -> list[Object]:
    """The items of a list answer with the apiVersion and kind that the server leaves out of them."""
    items: list[Object] = answer.get("items") or []
    kind, api_version = str(answer.get("kind", "")).removesuffix("List"), answer.get("apiVersion")
    for item in items:
        item.setdefault("kind", kind)
        item.setdefault("apiVersion", api_version)
    return items


def merge_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Object:
    """The JSON merge patch that turns `old` into `new` (RFC 7386); {} when they are equal."""
    change: Object = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := merge_difference(before, value):
                change[name] = inner
        elif before != value:
            change[name] = value
    return change
