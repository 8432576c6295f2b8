"""Who a token belongs to and what a user may do, asked of the API server and remembered for a while."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from operators._kube.client import ApiError, Kube
from operators.pod.endpoint.attributes import User

# As long as kubelet believes an answer: authentication.webhook.cacheTTL, authorization.webhook.cache(Un)AuthorizedTTL.
_TOKEN_SECONDS = 120.0
_ALLOWED_SECONDS = 300.0
_DENIED_SECONDS = 30.0
_REMEMBERED = 1024

_TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews"
_ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

_V = TypeVar("_V")


class Unanswered(Exception):
    """The API server can't be asked."""


class Reviews(Protocol):
    async def user_of(self, token: str) -> User | None:
        """None: nobody's token. Raises Unanswered."""

    async def allows(self, user: User, verb: str, subresource: str) -> bool:
        """Whether `user` may do `verb` with nodes/SUBRESOURCE of this node. Raises Unanswered."""


class _Memory(Generic[_V]):
    """Answers by key, each for its own time; the oldest go when there are too many."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: OrderedDict[object, tuple[float, _V]] = OrderedDict()

    def get(self, key: object) -> _V | None:
        entry = self._entries.get(key)
        return entry[1] if entry is not None and entry[0] > self._clock() else None

    def put(self, key: object, value: _V, seconds: float) -> None:
        self._entries[key] = (self._clock() + seconds, value)
        self._entries.move_to_end(key)
        while len(self._entries) > _REMEMBERED:
            self._entries.popitem(last=False)


class ApiReviews:
    """TokenReview and SubjectAccessReview, as the node's own user."""

    def __init__(self, kube: Kube, node: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._node = node
        self._users: _Memory[User] = _Memory(clock)
        self._access: _Memory[bool] = _Memory(clock)

    async def user_of(self, token: str) -> User | None:
        key = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()  # the token itself is not kept
        if (known := self._users.get(key)) is not None:
            return known
        status = await self._ask(_TOKENS, "authentication.k8s.io/v1", "TokenReview", {"token": token})
        if not status.get("authenticated"):
            return None
        user = _user(status.get("user") or {})
        self._users.put(key, user, _TOKEN_SECONDS)
        return user

    async def allows(self, user: User, verb: str, subresource: str) -> bool:
        key = (user, verb, subresource)
        if (known := self._access.get(key)) is not None:
            return known
        resource = {
            "verb": verb, "version": "v1", "resource": "nodes", "subresource": subresource, "name": self._node,
        }  # fmt: skip
        spec = {
            "user": user.name,
            "groups": list(user.groups),
            "uid": user.uid,
            "extra": {name: list(values) for name, values in user.extra},
            "resourceAttributes": resource,
        }
        status = await self._ask(_ACCESS, "authorization.k8s.io/v1", "SubjectAccessReview", spec)
        allowed = bool(status.get("allowed"))
        self._access.put(key, allowed, _ALLOWED_SECONDS if allowed else _DENIED_SECONDS)
        return allowed

    async def _ask(self, path: str, api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._kube.request(
                "POST", path, body={"apiVersion": api_version, "kind": kind, "spec": spec}
            )
        except ApiError as error:
            raise Unanswered(str(error)) from error
        return answer.get("status") or {}


def _user(info: dict[str, Any]) -> User:
    extra = tuple(sorted((name, tuple(values)) for name, values in (info.get("extra") or {}).items()))
    return User(str(info.get("username") or ""), tuple(info.get("groups") or ()), str(info.get("uid") or ""), extra)
