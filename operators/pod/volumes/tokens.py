"""The ServiceAccount tokens of this node's Pods: asked for, kept, and asked for again before they run out."""

import asyncio
import base64
import binascii
import json
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from operators._kube.errors import ApiError
from operators.pod import files, sources
from operators.pod.part import Part
from operators.pod.paths import Paths
from operators.pod.sources import Object
from operators.pod.volumes import projected

# As kubelet: a token is renewed when a fifth of its life is left, and after a day at the latest; not all at once.
_USED = 0.8
_LONGEST = 24 * 3600.0
_JITTER = 10.0
_AGAIN = 30.0  # seconds until a refused renewal is tried again


class Wanted(NamedTuple):
    """One token of a Pod. audience: "" for the API server's own; seconds: its life."""

    audience: str
    seconds: int


class Requests(Protocol):
    """The part of the API that is used. Raises ApiError."""

    async def request(self, method: str, path: str, *, body: Any = None) -> Mapping[str, Any]: ...


class Tokens(Part):
    """By Pod. What a Pod has on disk is used on, so that neither a restart nor a reboot needs the API server."""

    def __init__(self, paths: Paths, jitter: Callable[[], float] = lambda: random.uniform(0, _JITTER)) -> None:  # noqa: S311
        self._paths = paths
        self._jitter = jitter
        self._held: dict[str, dict[Wanted, str]] = {}
        self._due: dict[tuple[str, Wanted], float] = {}
        self._refusals: dict[tuple[str, Wanted], str] = {}

    async def renew(self, pod: Object, kube: Requests, now: datetime) -> float | None:
        """Gets what the Pod lacks; seconds until the next look, None for a Pod without tokens."""
        uid, clock = pod["metadata"]["uid"], now.timestamp()
        again: list[float] = []
        for wanted, paths in _places(pod).items():
            held = self._held.setdefault(uid, {})
            if wanted not in held and (kept := await asyncio.to_thread(self._kept, uid, paths)):
                held[wanted] = kept
            key = (uid, wanted)
            if wanted in held and key not in self._due:
                self._due[key] = due(held[wanted], wanted.seconds) - self._jitter()
            if wanted not in held or self._due[key] <= clock:
                try:
                    held[wanted] = await _request(pod, wanted, kube)
                    self._due[key] = clock + min(wanted.seconds * _USED, _LONGEST) - self._jitter()
                    self._refusals.pop(key, None)
                except ApiError as error:
                    self._refusals[key] = str(error)
                    self._due[key] = clock + _AGAIN
            again.append(max(self._due[key] - clock, 1.0))
        return min(again, default=None)

    def get(self, pod: Object, audience: str, seconds: int) -> str:
        """The newest token, even when it has run out. Raises sources.Missing while there is none."""
        uid, wanted = pod["metadata"]["uid"], Wanted(audience, seconds)
        found = self._held.get(uid, {}).get(wanted)
        if found is None:
            why = self._refusals.get((uid, wanted), "it was not asked for yet")
            raise sources.Missing(f"failed to fetch token: {why}")
        return found

    def forget(self, uid: str) -> None:
        self._held.pop(uid, None)
        for table in (self._due, self._refusals):
            for key in [key for key in table if key[0] == uid]:
                del table[key]

    def _kept(self, uid: str, paths: list[str]) -> str:
        root = self._paths.pod_run(uid) / "volumes"
        return next(filter(None, (files.read(root / path) for path in paths)), "")


def due(token: str, seconds: int) -> float:
    """When to renew a token that was asked for with this life, in seconds since the epoch; 0 when it does not tell."""
    try:
        payload = token.split(".")[1]
        issued = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iat"]
        return float(issued) + min(seconds * _USED, _LONGEST)
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return 0.0


def _places(pod: Object) -> dict[Wanted, list[str]]:
    """The tokens that the Pod's volumes hold, and where, below its volumes in memory."""
    found: dict[Wanted, list[str]] = {}
    for volume, source in _sources(pod):
        wanted = Wanted(source.get("audience") or "", int(source.get("expirationSeconds") or projected.TOKEN_SECONDS))
        found.setdefault(wanted, []).append(f"kubernetes.io~projected/{volume}/..data/{source['path']}")
    return found


def _sources(pod: Object) -> Iterator[tuple[str, Object]]:
    for volume in pod["spec"].get("volumes") or ():
        for part in (volume.get("projected") or {}).get("sources") or ():
            if part.get("serviceAccountToken"):
                yield volume["name"], part["serviceAccountToken"]


async def _request(pod: Object, wanted: Wanted, kube: Requests) -> str:
    """A token bound to the Pod (TokenRequest). Raises ApiError."""
    meta = pod["metadata"]
    namespace, account = meta["namespace"], pod["spec"].get("serviceAccountName") or "default"
    bound = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {"name": account, "namespace": namespace},
        "spec": {
            "audiences": [wanted.audience] if wanted.audience else [],
            "expirationSeconds": wanted.seconds,
            "boundObjectRef": bound,
        },
    }
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    return str((await kube.request("POST", path, body=body))["status"]["token"])
