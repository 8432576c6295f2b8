"""Which FlowSchema a request falls under, and which flow of it (pure).

See the Kubernetes page "API Priority and Fairness", "FlowSchema".
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import ACCOUNT_PREFIX, Attributes

Object = Mapping[str, Any]

_ALL = "*"


@dataclass(frozen=True, slots=True)
class Schema:
    """A FlowSchema. `distinguisher`: ByUser, ByNamespace or "" (all of its requests are one flow)."""

    name: str
    uid: str
    level: str
    precedence: int
    distinguisher: str
    rules: tuple[Object, ...]

    @classmethod
    def of(cls, obj: Object) -> "Schema":
        meta, spec = obj["metadata"], obj["spec"]
        return cls(
            meta["name"],
            meta.get("uid", ""),
            spec["priorityLevelConfiguration"]["name"],
            spec.get("matchingPrecedence", 1000),
            (spec.get("distinguisherMethod") or {}).get("type", ""),
            tuple(spec.get("rules") or ()),
        )

    @property
    def order(self) -> tuple[int, str]:
        """The first that matches is the one, in this order."""
        return self.precedence, self.name

    def matches(self, user: User, wanted: Attributes) -> bool:
        return any(_covers(rule, wanted) and _names(rule, user) for rule in self.rules)

    def flow(self, user: User, wanted: Attributes) -> str:
        """What tells this request's flow from the others of the schema."""
        if self.distinguisher == "ByUser":
            return user.name
        return wanted.namespace if self.distinguisher == "ByNamespace" else ""


def _names(rule: Object, user: User) -> bool:
    return any(_is_subject(subject, user) for subject in rule.get("subjects") or ())


def _is_subject(subject: Object, user: User) -> bool:
    kind = subject["kind"]
    if kind == "User":
        return subject["user"]["name"] in (_ALL, user.name)
    if kind == "Group":
        name = subject["group"]["name"]
        return name == _ALL or name in user.groups
    account = subject["serviceAccount"]
    prefix = f"{ACCOUNT_PREFIX}{account['namespace']}:"
    return user.name.startswith(prefix) and account["name"] in (_ALL, user.name[len(prefix) :])


def _covers(rule: Object, wanted: Attributes) -> bool:
    if wanted.resource:
        return any(_covers_resource(one, wanted) for one in rule.get("resourceRules") or ())
    return any(_covers_path(one, wanted) for one in rule.get("nonResourceRules") or ())


def _covers_resource(rule: Object, wanted: Attributes) -> bool:
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    if not (_has(rule, "verbs", wanted.verb) and _has(rule, "apiGroups", wanted.group)):
        return False
    if not _has(rule, "resources", resource):
        return False
    return _has(rule, "namespaces", wanted.namespace) if wanted.namespace else bool(rule.get("clusterScope"))


def _covers_path(rule: Object, wanted: Attributes) -> bool:
    if not _has(rule, "verbs", wanted.verb):
        return False
    path = wanted.path
    return any(
        url in (_ALL, path) or (url.endswith("/*") and path.startswith(url[:-1]))
        for url in rule.get("nonResourceURLs") or ()
    )


def _has(rule: Object, name: str, value: str) -> bool:
    values = rule.get(name) or ()
    return value in values or _ALL in values


def hand(flow: str, deck: int, size: int) -> tuple[int, ...]:
    """The queues that a flow may use, `size` different ones of `deck`: two flows rarely share all of theirs.

    See "Shuffle sharding" on the Kubernetes page.
    """
    left = int.from_bytes(hashlib.sha256(flow.encode("utf-8", "surrogateescape")).digest()[:8], "big")
    drawn: list[int] = []
    for index in range(min(size, deck)):
        left, card = divmod(left, deck - index)
        for earlier in sorted(drawn):
            if card >= earlier:
                card += 1
        drawn.append(card)
    return tuple(drawn)
