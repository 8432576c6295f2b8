"""Nobody grants what he does not have: which rules of a role go beyond a user's own (pure).

See the Kubernetes page "Using RBAC Authorization", "Privilege escalation prevention and bootstrapping".
"""

from collections.abc import Iterable, Sequence

from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import ALL, Rule, url_covers
from apiserver_stub.meta import field

FULL_AUTHORITY = (Rule((ALL,), (ALL,), (ALL,)), Rule((ALL,), urls=(ALL,)))


def missing(own: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What of `wanted` no rule of `own` covers, in rules of one verb on one thing each."""
    return [part for rule in wanted for part in _parts(rule) if not any(_covers(one, part) for one in own)]


def message(user: User, rules: Sequence[Rule], problem: str = "") -> str:
    """Upstream's words. problem: what is to be said of roles that were not found."""
    shown = sorted({_shown(rule) for rule in _compact(rules)})
    lines = "\n".join(shown)
    text = (
        f"user {field.quote(user.name)} (groups={_list(user.groups, ' ')}) is attempting to grant RBAC permissions "
        f"not currently held:\n{lines}"
    )
    return f"{text}; resolution errors: [{problem}]" if problem else text


def _parts(rule: Rule) -> Iterable[Rule]:
    for group in rule.groups:
        for resource in rule.resources:
            for verb in rule.verbs:
                for name in rule.names or ("",):
                    yield Rule((verb,), (group,), (resource,), (name,) if rule.names else ())
    for url in rule.urls:
        for verb in rule.verbs:
            yield Rule((verb,), urls=(url,))


def _covers(own: Rule, part: Rule) -> bool:
    """part: of one verb on one resource or URL."""
    return (
        (ALL in own.verbs or part.verbs[0] in own.verbs)
        and (ALL in own.groups or all(group in own.groups for group in part.groups))
        and all(_covers_resource(own, resource) for resource in part.resources)
        and all(any(url_covers(mine, url) for mine in own.urls) for url in part.urls)
        and (not own.names or (bool(part.names) and part.names[0] in own.names))
    )


def _covers_resource(own: Rule, resource: str) -> bool:
    if ALL in own.resources or resource in own.resources:
        return True
    _, slash, subresource = resource.partition("/")
    return bool(slash) and f"*/{subresource}" in own.resources


def _compact(rules: Iterable[Rule]) -> list[Rule]:
    """Rules on the same resource become one with all their verbs; those on URLs stay."""
    compacted: dict[Rule, list[str]] = {}
    for rule in rules:
        if rule.urls:
            compacted[rule] = list(rule.verbs)
            continue
        verbs = compacted.setdefault(Rule((), rule.groups, rule.resources, rule.names), [])
        verbs += [verb for verb in rule.verbs if verb not in verbs]
    return [Rule(tuple(verbs), rule.groups, rule.resources, rule.names, rule.urls) for rule, verbs in compacted.items()]


def _shown(rule: Rule) -> str:
    parts = (
        ("APIGroups", rule.groups),
        ("Resources", rule.resources),
        ("NonResourceURLs", rule.urls),
        ("ResourceNames", rule.names),
        ("Verbs", rule.verbs),
    )
    return "{" + ", ".join(f"{name}:{_list(values, ', ')}" for name, values in parts if values) + "}"


def _list(values: Iterable[str], separator: str) -> str:
    return "[" + separator.join(field.quote(value) for value in values) + "]"
