"""What an APIService says of the server behind it, and the headers that tell that server who asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from apiserver_stub.auth.authenticate import MASTERS, User
from apiserver_stub.http import passing

Object = dict[str, Any]

# Who this server is to an aggregated one when it asks for itself, as kube-aggregator names itself.
AGGREGATOR: Final = User("system:kube-aggregator", (MASTERS,))

USER_HEADER: Final = "X-Remote-User"
UID_HEADER: Final = "X-Remote-Uid"
GROUP_HEADER: Final = "X-Remote-Group"
EXTRA_PREFIX: Final = "X-Remote-Extra-"
# What this server says itself.
_OWN: Final = frozenset({"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-uri", "host"})
# RFC 9110's characters of a header's name that need no escape; "%" starts an escape.
_HEADER_SAFE: Final = "!#$&'*+-.^_`|~"


@dataclass(frozen=True, slots=True)
class Remote:
    """One APIService with a Service. ca_bundle: PEM in base64, "" for the machine's own CAs."""

    name: str
    uid: str
    group: str
    version: str
    namespace: str
    service: str
    port: int
    ca_bundle: str
    insecure: bool
    group_priority: int
    version_priority: int

    @property
    def path(self) -> str:
        """Of the version's own discovery document, which every server must have."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


def read(obj: Mapping[str, Any]) -> Remote | None:
    """None for what this server answers itself."""
    spec, meta = obj["spec"], obj["metadata"]
    service = spec.get("service")
    if service is None:
        return None
    return Remote(
        name=meta["name"],
        uid=meta.get("uid", ""),
        group=spec.get("group", ""),
        version=spec.get("version", ""),
        namespace=service.get("namespace", ""),
        service=service.get("name", ""),
        port=int(service.get("port") or 443),
        ca_bundle=spec.get("caBundle") or "",
        insecure=bool(spec.get("insecureSkipTLSVerify")),
        group_priority=spec.get("groupPriorityMinimum", 0),
        version_priority=spec.get("versionPriority", 0),
    )


def is_available(obj: Mapping[str, Any]) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Available" and one.get("status") == "True" for one in conditions)


def identity(user: User) -> Iterator[tuple[str, str]]:
    """The headers of a user, see "Configure the Aggregation Layer" in Kubernetes' docs."""
    yield USER_HEADER, _clean(user.name)
    if user.uid:
        yield UID_HEADER, _clean(user.uid)
    for group in user.groups:
        yield GROUP_HEADER, _clean(group)
    for key, values in user.extra.items():
        for value in values:
            yield EXTRA_PREFIX + quote(key, safe=_HEADER_SAFE), _clean(value)


def _clean(value: str) -> str:
    """A header's value: no line ends in one, whoever named the user."""
    return "".join(char if char.isprintable() else " " for char in value)


def forwarded(headers: Iterable[tuple[str, str]], *, upgrade: bool = False) -> Iterator[tuple[str, str]]:
    """A client's headers without what this server says itself, see passing.forwarded."""
    return passing.forwarded(headers, _OWN, upgrade=upgrade)
