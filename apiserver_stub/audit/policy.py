"""The audit policy: how much is written of which request (pure; audit.k8s.io/v1 Policy).

See the Kubernetes page "Auditing", "Audit policy".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from apiserver_stub.auth.authenticate import User

Object = Mapping[str, Any]

LEVELS: Final = ("None", "Metadata", "Request", "RequestResponse")
STAGES: Final = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
# The field of a rule -> what one of its items is.
_LISTS: Final = {
    "users": str,
    "userGroups": str,
    "verbs": str,
    "namespaces": str,
    "nonResourceURLs": str,
    "omitStages": str,
    "resources": dict,
}
_RULE: Final = frozenset({"level", "omitManagedFields", *_LISTS})
_POLICY: Final = frozenset({"apiVersion", "kind", "metadata", "omitStages", "omitManagedFields", "rules"})
_GROUP: Final = frozenset({"group", "resources", "resourceNames"})


class PolicyError(ValueError):
    """The policy can't be used; one sentence."""


class Target(Protocol):
    """What a request is about: http/route.py's Target."""

    @property
    def path(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def subresource(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is written of a request: up to which level, at which stages not, with managedFields or without."""

    level: str = "None"
    omit_stages: frozenset[str] = frozenset()
    omit_managed_fields: bool = False

    def reaches(self, level: str) -> bool:
        return LEVELS.index(self.level) >= LEVELS.index(level)


@dataclass(frozen=True, slots=True)
class _Rule:
    verdict: Verdict
    content: Object

    def matches(self, user: User | None, verb: str, target: Target) -> bool:
        rule = self.content
        if (users := rule.get("users")) and (user is None or user.name not in users):
            return False
        if (groups := rule.get("userGroups")) and (user is None or set(groups).isdisjoint(user.groups)):
            return False
        if (verbs := rule.get("verbs")) and verb not in verbs:
            return False
        if rule.get("namespaces") or rule.get("resources"):
            return bool(target.resource) and _covers(rule, target)
        if urls := rule.get("nonResourceURLs"):
            return not target.resource and any(_covers_path(url, target.path) for url in urls)
        return True


class Policy:
    """The first rule that matches decides; what none matches is not written."""

    def __init__(self, content: Object) -> None:
        """content: a Policy that was checked."""
        omitted = frozenset(content.get("omitStages") or ())
        without_fields = bool(content.get("omitManagedFields"))
        self._rules = []
        for rule in content["rules"]:
            own = rule.get("omitManagedFields")
            stages = omitted | frozenset(rule.get("omitStages") or ())
            verdict = Verdict(rule["level"], stages, without_fields if own is None else bool(own))
            self._rules.append(_Rule(verdict, rule))

    def judge(self, user: User | None, verb: str, target: Target) -> Verdict:
        """user: None where nobody was recognized."""
        return next((rule.verdict for rule in self._rules if rule.matches(user, verb, target)), _NOTHING)


_NOTHING: Final = Verdict()


def parse(text: str) -> Policy:
    """A policy file, YAML or JSON. Raises PolicyError."""
    import yaml  # only where there is a policy

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PolicyError(f"the policy is no YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict) or content.get("kind") != "Policy":
        raise PolicyError("expected an object of kind Policy")
    if content.get("apiVersion") != "audit.k8s.io/v1":
        raise PolicyError(f"no kind Policy is known in version {content.get('apiVersion')!r}, only in audit.k8s.io/v1")
    if faults := list(_faults(content)):
        raise PolicyError("; ".join(faults))
    return Policy(content)


def _faults(policy: Object) -> Iterator[str]:
    yield from _unknown(policy, _POLICY, "")
    yield from _of_flag(policy, "omitManagedFields", "omitManagedFields")
    yield from _stages(policy.get("omitStages"), "omitStages")
    rules = policy.get("rules")
    if not isinstance(rules, list) or not rules:
        yield "rules: at least one is needed"
        return
    for i, rule in enumerate(rules):
        if isinstance(rule, dict):
            yield from _rule(rule, f"rules[{i}]")
        else:
            yield f"rules[{i}]: expected an object"


def _rule(rule: Object, path: str) -> Iterator[str]:
    yield from _unknown(rule, _RULE, f"{path}.")
    yield from _of_flag(rule, "omitManagedFields", f"{path}.omitManagedFields")
    level = rule.get("level")
    if level is None:
        yield f"{path}.level: Required value"
    elif level not in LEVELS:
        yield f"{path}.level: Unsupported value: {level!r}: supported values: {', '.join(LEVELS)}"
    wrong = [name for name, kind in _LISTS.items() if not _is_list(rule.get(name), kind)]
    for name in wrong:
        yield f"{path}.{name}: expected a list of {'texts' if _LISTS[name] is str else 'objects'}"
    if wrong:
        return
    yield from _stages(rule.get("omitStages"), f"{path}.omitStages")
    yield from _urls(rule.get("nonResourceURLs") or (), f"{path}.nonResourceURLs")
    if rule.get("nonResourceURLs") and (rule.get("resources") or rule.get("namespaces")):
        yield f"{path}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs"
    for i, group in enumerate(rule.get("resources") or ()):
        yield from _resources(group, f"{path}.resources[{i}]")


def _resources(group: Object, path: str) -> Iterator[str]:
    yield from _unknown(group, _GROUP, f"{path}.")
    if "/" in str(group.get("group") or ""):
        yield f"{path}.group: {group['group']!r} is a group with a version; only the group is wanted"
    for name in ("resources", "resourceNames"):
        if not _is_list(group.get(name), str):
            yield f"{path}.{name}: expected a list of texts"
    if group.get("resourceNames") and not group.get("resources"):
        yield f"{path}.resourceNames: using resourceNames requires at least one resource"


def _urls(urls: Sequence[str], path: str) -> Iterator[str]:
    for i, url in enumerate(urls):
        if url == "*":
            continue
        if not url.startswith("/"):
            yield f"{path}[{i}]: {url!r}: non-resource URL rules must begin with a '/' character"
        if "*" in url[:-1]:
            yield f"{path}[{i}]: {url!r}: non-resource URL wildcards '*' must be the final character of the rule"


def _stages(stages: Any, path: str) -> Iterator[str]:
    if not _is_list(stages, str):
        yield f"{path}: expected a list of texts"
        return
    for stage in stages or ():
        if stage not in STAGES:
            yield f"{path}: Unsupported value: {stage!r}: supported values: {', '.join(STAGES)}"


def _of_flag(content: Object, name: str, path: str) -> Iterator[str]:
    if not isinstance(content.get(name), bool | None):
        yield f"{path}: expected true or false"


def _unknown(content: Object, known: frozenset[str], path: str) -> Iterator[str]:
    for name in content:
        if name not in known:
            yield f"unknown field {path}{name}"


def _is_list(value: Any, kind: type) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, kind) for item in value))


def _covers(rule: Object, target: Target) -> bool:
    """Of cluster-scoped resources the namespace is ""."""
    if (namespaces := rule.get("namespaces")) and target.namespace not in namespaces:
        return False
    groups = rule.get("resources")
    return not groups or any(_covers_resource(group, target) for group in groups)


def _covers_resource(group: Object, target: Target) -> bool:
    if (group.get("group") or "") != target.group:
        return False
    if (names := group.get("resourceNames")) and target.name not in names:
        return False
    part = target.subresource
    whole = f"{target.resource}/{part}" if part else target.resource
    return not group.get("resources") or any(
        wanted in (whole, "*") or (part and wanted == f"*/{part}") or wanted == f"{target.resource}/*"
        for wanted in group["resources"]
    )


def _covers_path(url: str, path: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url[:-1]))
