"""What a user may do: system:masters everything, everybody else what RBAC says, nodes what their Pods need as well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from apiserver_stub.auth import nodes
from apiserver_stub.auth.authenticate import MASTERS, User
from apiserver_stub.auth.rbac import GROUP, Attributes, Policies
from apiserver_stub.meta import status
from apiserver_stub.storage.log import Compacted, Entry, Event

# Always open, as kube-apiserver's --authorization-always-allow-paths: probes must not hang on somebody's roles.
_PUBLIC: Final = frozenset({"/healthz", "/livez", "/readyz"})
_RESOURCES: Final = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
# Decisions that are kept until a role or a binding changes.
_REMEMBERED: Final = 4096


class History(Protocol):
    """The part of the storage log that is read."""

    @property
    def revision(self) -> int: ...
    def list(self, table: tuple[str, str], namespace: str = "", revision: int = 0) -> Sequence[Entry]: ...
    def after(self, table: tuple[str, str], revision: int) -> Iterator[Event]: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """reason: in upstream's words, may be empty."""

    allowed: bool
    reason: str = ""


_ALLOWED: Final = Decision(True)


class Authorizer:
    """Decides by the roles and bindings in the log as they are at that moment."""

    def __init__(self, log: History) -> None:
        self._log = log
        self._policies = Policies()
        self._revision = -1
        self._decided: dict[tuple[str, tuple[str, ...], Attributes], Decision] = {}

    @property
    def policies(self) -> Policies:
        """As of now."""
        if self._revision != self._log.revision:
            self._follow()
        return self._policies

    def decide(self, user: User, wanted: Attributes) -> Decision:
        if MASTERS in user.groups:
            return _ALLOWED
        policies = self.policies
        key = (user.name, user.groups, wanted)
        found = self._decided.get(key)
        if found is None:
            if not wanted.resource and wanted.path in _PUBLIC:
                return _ALLOWED
            if node := nodes.name_of(user):
                return self._of_node(node, user, wanted)  # depends on Pods: not kept
            found = Decision(*policies.allows(user, wanted))
            if len(self._decided) >= _REMEMBERED:
                self._decided.clear()
            self._decided[key] = found
        return found

    def _of_node(self, node: str, user: User, wanted: Attributes) -> Decision:
        """Either authorizer may allow it; both tell why not."""
        rules = self._policies.role_rules("", "system:node") or ()
        allowed, why = nodes.decide(node, wanted, rules, lambda: (e.decode() for e in self._log.list(("", "pods"))))
        if allowed:
            return _ALLOWED
        by_role, reason = self._policies.allows(user, wanted)
        return Decision(by_role, reason if by_role else "\n".join(filter(None, (why, reason))))

    def check(self, user: User, wanted: Attributes) -> None:
        """Raises StatusError (403)."""
        if MASTERS in user.groups:
            return
        decision = self.decide(user, wanted)
        if not decision.allowed:
            raise refusal(user, wanted, decision.reason)

    def _follow(self) -> None:
        """Takes over what has changed since the last look."""
        now = self._log.revision
        try:
            if self._revision < 0:
                raise Compacted
            for resource in _RESOURCES:
                for event in self._log.after((GROUP, resource), self._revision):
                    self._decided.clear()
                    if event.deleted:
                        self._policies.drop(resource, event.entry.key.namespace, event.entry.key.name)
                    else:
                        self._policies.put(resource, event.entry.decode())
        except Compacted:
            self._read()
        self._revision = now

    def _read(self) -> None:
        self._policies = Policies()
        self._decided.clear()
        for resource in _RESOURCES:
            for entry in self._log.list((GROUP, resource)):
                self._policies.put(resource, entry.decode())


def refusal(user: User, wanted: Attributes, reason: str = "") -> status.StatusError:
    """403 in upstream's words."""
    why = f": {reason}" if reason else ""
    if not wanted.resource:
        return status.forbidden_path(user.name, wanted.verb, wanted.path, why)
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    message = (
        f'User "{user.name}" cannot {wanted.verb} resource "{resource}" in API group "{wanted.group}" {where}{why}'
    )
    return status.forbidden((wanted.group, wanted.resource), wanted.name, message)
