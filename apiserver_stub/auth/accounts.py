"""Tokens of ServiceAccounts: what one says, and whether what it says still holds (pure, over a view of objects).

See KEP-1205 (bound tokens), KEP-4193 (node and credential ID) and the Kubernetes page "Managing Service Accounts".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from apiserver_stub.auth.authenticate import AUTHENTICATED, User
from apiserver_stub.storage.log import Entry, Key

Object = Mapping[str, Any]

ISSUER = "https://kubernetes.default.svc.cluster.local"
# Clocks may differ by this much, in seconds.
LEEWAY = 60
# A Pod's token that was asked for with the lifetime of the admission's volume lives on for a year, for programs that
# read it only once; from then on it should have been read again.
WARNED_SECONDS = 3607
EXTENDED_SECONDS = 365 * 24 * 3600
_EXTRA = "authentication.kubernetes.io/"
_TABLES = {"pod": "pods", "secret": "secrets", "node": "nodes"}


class Entries(Protocol):
    """The part of the storage log that is read."""

    def get(self, key: Key) -> Entry | None: ...


class Refused(Exception):
    """Why a token is not accepted, in upstream's words."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The object that a token lives and dies with; `kind` is "pod", "secret" or "node"."""

    kind: str
    name: str
    uid: str

    @property
    def reference(self) -> dict[str, str]:
        return {"name": self.name, "uid": self.uid} if self.uid else {"name": self.name}


def claims(
    account: Object, audiences: Sequence[str], now: int, seconds: int, bound: Sequence[Bound], token_id: str
) -> dict[str, Any]:
    """The claims of a new token. bound: the object it is bound to, and for a Pod its Node. Times in seconds."""
    meta = account["metadata"]
    private: dict[str, Any] = {
        "namespace": meta["namespace"],
        **{one.kind: one.reference for one in bound},
        "serviceaccount": {"name": meta["name"], "uid": meta["uid"]},
    }
    is_extended = bool(bound) and bound[0].kind == "pod" and seconds == WARNED_SECONDS and list(audiences) == [ISSUER]
    if is_extended:
        private["warnafter"] = now + seconds
    return {
        "aud": list(audiences),
        "exp": now + (EXTENDED_SECONDS if is_extended else seconds),
        "iat": now,
        "iss": ISSUER,
        "jti": token_id,
        "kubernetes.io": private,
        "nbf": now,
        "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
    }


def audiences_of(found: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """The audiences that token and verifier have in common, in the verifier's order. Raises Refused."""
    given = found.get("aud")
    own = [given] if isinstance(given, str) else list(given or ())
    common = [audience for audience in wanted if audience in own]
    if not common:
        raise Refused(f"token audiences {_quoted(own)} is invalid for the target audiences {_quoted(wanted)}")
    return common


def check_times(found: Mapping[str, Any], now: float) -> None:
    """Raises Refused."""
    for name in ("exp", "nbf", "iat"):
        if not isinstance(found.get(name, 0), int | float):
            raise Refused("service account token claims could not be validated due to unexpected validation error")
    if "exp" in found and now > found["exp"] + LEEWAY:
        raise Refused("service account token has expired")
    if now < found.get("nbf", 0) - LEEWAY:
        raise Refused("service account token is not valid yet")
    if now < found.get("iat", 0) - LEEWAY:
        raise Refused("service account token is issued in the future")


def check_objects(found: Mapping[str, Any], entries: Entries) -> tuple[int, ...]:
    """That the ServiceAccount and what the token is bound to are the ones of then: the revisions that were looked at.

    As long as those are the revisions, the answer is the same. Raises Refused.
    """
    private = found["kubernetes.io"]
    namespace, account = private["namespace"], private["serviceaccount"]
    revisions = []
    entry = entries.get(Key("", "serviceaccounts", namespace, account["name"]))
    if entry is None:
        raise Refused(f'serviceaccounts "{account["name"]}" not found')
    uid = _uid(entry)
    if uid != account["uid"]:
        raise Refused(f"service account UID ({uid}) does not match claim ({account['uid']})")
    revisions.append(entry.revision)
    for kind in _checked(private):
        reference = private[kind]
        entry = entries.get(_bound_key(kind, namespace, reference["name"]))
        if entry is None:
            raise Refused("service account token has been invalidated")
        uid = _uid(entry)
        if uid != reference["uid"]:
            what = {"pod": "service account pod ref", "secret": "service account secret ref"}
            raise Refused(
                f"{kind} UID ({uid}) does not match {what.get(kind, 'service account node ref')} "
                f"claim ({reference['uid']})"
            )
        revisions.append(entry.revision)
    return tuple(revisions)


def revisions(found: Mapping[str, Any], entries: Entries) -> tuple[int, ...]:
    """What check_objects would look at, as it is now; 0 for what is gone."""
    private = found["kubernetes.io"]
    namespace = private["namespace"]
    keys = [Key("", "serviceaccounts", namespace, private["serviceaccount"]["name"])]
    keys += [_bound_key(kind, namespace, private[kind]["name"]) for kind in _checked(private)]
    return tuple(entry.revision if (entry := entries.get(key)) else 0 for key in keys)


def is_well_formed(found: Mapping[str, Any]) -> bool:
    """Whether all claims that are needed are there and are texts."""
    private = found.get("kubernetes.io")
    if not isinstance(private, dict) or not isinstance(private.get("namespace"), str):
        return False
    references = [private.get("serviceaccount"), *(private[kind] for kind in _TABLES if private.get(kind))]
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in references):
        return False
    if any(not isinstance(private[kind].get("uid"), str) for kind in _checked(private)):
        return False
    audience = found.get("aud")
    if not isinstance(audience, str | list):
        return False
    account = private["serviceaccount"]
    subject = f"system:serviceaccount:{private['namespace']}:{account['name']}"
    return isinstance(account.get("uid"), str) and found.get("sub") == subject


def user(found: Mapping[str, Any]) -> User:
    """Whom a token names."""
    private = found["kubernetes.io"]
    namespace, account = private["namespace"], private["serviceaccount"]
    extra: dict[str, tuple[str, ...]] = {}
    if found.get("jti"):
        extra[f"{_EXTRA}credential-id"] = (f"JTI={found['jti']}",)
    for kind in ("node", "pod"):
        if reference := private.get(kind):
            extra[f"{_EXTRA}{kind}-name"] = (reference["name"],)
            if reference.get("uid"):
                extra[f"{_EXTRA}{kind}-uid"] = (reference["uid"],)
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(found["sub"], groups, account["uid"], extra)


def _checked(private: Mapping[str, Any]) -> list[str]:
    """What the token is bound to; the Node of a Pod's token is only told, since the Pod goes with it."""
    return [kind for kind in _TABLES if private.get(kind) and not (kind == "node" and private.get("pod"))]


def _bound_key(kind: str, namespace: str, name: str) -> Key:
    return Key("", _TABLES[kind], "" if kind == "node" else namespace, name)


def _uid(entry: Entry) -> str:
    return str(entry.decode()["metadata"].get("uid", ""))


def _quoted(texts: Sequence[str]) -> str:
    """Go's %q of a slice."""
    return "[" + " ".join(f'"{text}"' for text in texts) + "]"
