"""RBAC: what a rule allows, and which rules a user has (pure; see the Kubernetes page "Using RBAC Authorization")."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apiserver_stub.auth.authenticate import User

Object = Mapping[str, Any]

GROUP = "rbac.authorization.k8s.io"
ACCOUNT_PREFIX = "system:serviceaccount:"
ALL = "*"


@dataclass(frozen=True, slots=True)
class Attributes:
    """One request, as authorizers see it. `resource` is empty for a plain path."""

    verb: str
    path: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A PolicyRule; the order of its words is kept for whoever shows it."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: Object) -> "Rule":
        keys = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
        return cls(*(tuple(rule.get(key) or ()) for key in keys))

    def allows(self, wanted: Attributes) -> bool:
        if wanted.verb not in self.verbs and ALL not in self.verbs:
            return False
        if not wanted.resource:
            return any(url_covers(url, wanted.path) for url in self.urls)
        return (
            (wanted.group in self.groups or ALL in self.groups)
            and self._names_resource(wanted)
            and (not self.names or wanted.name in self.names)
        )

    def _names_resource(self, wanted: Attributes) -> bool:
        if ALL in self.resources:
            return True
        if not wanted.subresource:
            return wanted.resource in self.resources
        combined = f"{wanted.resource}/{wanted.subresource}"
        return combined in self.resources or f"*/{wanted.subresource}" in self.resources


def url_covers(url: str, path: str) -> bool:
    """Whether a nonResourceURL, which may end with an asterisk, names the path."""
    return url == path or (url.endswith(ALL) and path.startswith(url.rstrip(ALL)))


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of a binding. `principal` is what users are looked up by, see principals()."""

    kind: str
    name: str
    namespace: str
    principal: str

    def __str__(self) -> str:
        shown = f"{self.name}/{self.namespace}" if self.kind == "ServiceAccount" else self.name
        return f'{self.kind} "{shown}"'


@dataclass(frozen=True, slots=True)
class Binding:
    """A RoleBinding, or with namespace "" a ClusterRoleBinding."""

    name: str
    namespace: str
    role_kind: str
    role_name: str
    subjects: tuple[Subject, ...]

    @classmethod
    def of(cls, binding: Object) -> "Binding":
        meta, role = binding["metadata"], binding.get("roleRef") or {}
        namespace = meta.get("namespace", "")
        subjects = (_subject(subject, namespace) for subject in binding.get("subjects") or ())
        return cls(meta["name"], namespace, role.get("kind", ""), role.get("name", ""), tuple(filter(None, subjects)))

    @property
    def role(self) -> tuple[str, str]:
        """Namespace and name of the role; the namespace of a ClusterRole is ""."""
        return (self.namespace if self.role_kind == "Role" else "", self.role_name)

    def reason(self, principals_: Collection[str]) -> str:
        """Why it allows something to a user, in upstream's words."""
        subject = next(one for one in self.subjects if one.principal in principals_)
        kind, shown = ("RoleBinding", f"{self.name}/{self.namespace}") if self.namespace else (_CLUSTER, self.name)
        return f'RBAC: allowed by {kind} "{shown}" of {self.role_kind} "{self.role_name}" to {subject}'


_CLUSTER = "ClusterRoleBinding"


def _subject(subject: Object, namespace: str) -> Subject | None:
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind == "User":
        return Subject(kind, name, "", f"u:{name}")
    if kind == "Group":
        return Subject(kind, name, "", f"g:{name}")
    own = subject.get("namespace") or namespace
    if kind == "ServiceAccount" and own:
        return Subject(kind, name, own, f"u:{ACCOUNT_PREFIX}{own}:{name}")
    return None


def principals(user: User) -> tuple[str, ...]:
    """What bindings may name the user by."""
    return (f"u:{user.name}", *(f"g:{group}" for group in user.groups))


class Policies:
    """All roles and bindings, found by subject; kept up to date by put and drop."""

    def __init__(self) -> None:
        self._roles: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self._bindings: dict[tuple[str, str], Binding] = {}
        # namespace ("": cluster-wide) and principal -> bindings by name
        self._by_principal: dict[tuple[str, str], dict[str, Binding]] = {}

    def put(self, resource: str, obj: Object) -> None:
        """resource: roles, clusterroles, rolebindings or clusterrolebindings."""
        key = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
        if resource.endswith("roles"):
            self._roles[key] = tuple(map(Rule.of, obj.get("rules") or ()))
            return
        self.drop(resource, *key)
        binding = self._bindings[key] = Binding.of(obj)
        for subject in binding.subjects:
            self._by_principal.setdefault((key[0], subject.principal), {})[key[1]] = binding

    def drop(self, resource: str, namespace: str, name: str) -> None:
        if resource.endswith("roles"):
            self._roles.pop((namespace, name), None)
            return
        binding = self._bindings.pop((namespace, name), None)
        for subject in binding.subjects if binding else ():
            held = self._by_principal.get((namespace, subject.principal), {})
            held.pop(name, None)
            if not held:
                self._by_principal.pop((namespace, subject.principal), None)

    def bindings(self, user: User, namespace: str) -> Iterator[Binding]:
        """Those that hold for the user, cluster-wide ones first, each kind by name."""
        names = principals(user)
        for scope in ("", namespace) if namespace else ("",):
            found: dict[str, Binding] = {}
            for principal in names:
                found |= self._by_principal.get((scope, principal), {})
            for name in sorted(found):
                yield found[name]

    def role(self, binding: Binding) -> tuple[Rule, ...] | None:
        return self._roles.get(binding.role)

    def role_rules(self, namespace: str, name: str) -> tuple[Rule, ...] | None:
        """The rules of a Role, or with namespace "" of a ClusterRole."""
        return self._roles.get((namespace, name))

    def allows(self, user: User, wanted: Attributes) -> tuple[bool, str]:
        """Whether, and why (upstream's words; why not: "", or which roles are missing)."""
        missing: list[Binding] = []
        for binding in self.bindings(user, wanted.namespace):
            rules = self.role(binding)
            if rules is None:
                missing.append(binding)
            elif any(rule.allows(wanted) for rule in rules):
                return True, binding.reason(principals(user))
        return False, f"RBAC: {not_found(missing)}" if missing else ""

    def rules(self, user: User, namespace: str) -> tuple[list[Rule], str]:
        """All rules of a user, and which roles are missing, in upstream's words."""
        found: list[Rule] = []
        missing: list[Binding] = []
        for binding in self.bindings(user, namespace):
            rules = self.role(binding)
            if rules is None:
                missing.append(binding)
            else:
                found += rules
        return found, not_found(missing)


def not_found(bindings: Iterable[Binding]) -> str:
    """Upstream's words for roles that bindings name and that are not there."""
    texts = dict.fromkeys(f'{one.role_kind.lower()}.{GROUP} "{one.role_name}" not found' for one in bindings)
    return next(iter(texts), "") if len(texts) < 2 else f"[{', '.join(texts)}]"
