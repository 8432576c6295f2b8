"""RBAC against a reference that follows the documentation's words and nothing else: 10,000 random sets of roles."""

import random
from collections.abc import Iterator
from typing import Any

from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.rbac import Attributes, Policies

Object = dict[str, Any]
SETS = 10_000

NAMES = ("a", "b")
NAMESPACES = ("n1", "n2")
USERS = (
    User("jane", ("devs", "system:authenticated")),
    User("bob", ()),
    User("system:serviceaccount:n1:robot", ("system:serviceaccounts", "system:serviceaccounts:n1")),
)
SUBJECTS: tuple[Object, ...] = (
    {"kind": "User", "name": "jane"},
    {"kind": "User", "name": "bob"},
    {"kind": "User", "name": "system:serviceaccount:n1:robot"},
    {"kind": "Group", "name": "devs"},
    {"kind": "Group", "name": "system:serviceaccounts:n1"},
    {"kind": "ServiceAccount", "name": "robot", "namespace": "n1"},
    {"kind": "ServiceAccount", "name": "robot", "namespace": "n2"},
    {"kind": "ServiceAccount", "name": "robot"},
    {"kind": "Group", "name": "jane"},
)
VERBS, GROUPS = ("get", "list", "*"), ("", "apps", "*")
RESOURCES = ("pods", "pods/log", "*/log", "deployments", "*")
URLS = ("/healthz", "/api/*", "*", "/apis")
PATHS = ("/healthz", "/api/v1", "/apis", "/api")


def rules(chance: random.Random) -> list[Object]:
    found = []
    for _ in range(chance.randint(1, 3)):
        rule: Object = {"verbs": chance.sample(VERBS, chance.randint(1, 2))}
        if chance.random() < 0.25:
            rule["nonResourceURLs"] = chance.sample(URLS, chance.randint(1, 2))
        else:
            rule["apiGroups"] = chance.sample(GROUPS, chance.randint(1, 2))
            rule["resources"] = chance.sample(RESOURCES, chance.randint(1, 3))
            if chance.random() < 0.3:
                rule["resourceNames"] = chance.sample(NAMES, 1)
        found.append(rule)
    return found


def policies(chance: random.Random) -> Iterator[tuple[str, Object]]:
    """(resource, object): roles first or last, some bindings to roles that are not there."""
    for name in NAMES:
        if chance.random() < 0.8:
            yield "clusterroles", {"metadata": {"name": name}, "rules": rules(chance)}
        for namespace in NAMESPACES:
            if chance.random() < 0.5:
                yield "roles", {"metadata": {"name": name, "namespace": namespace}, "rules": rules(chance)}
    for number in range(chance.randint(2, 6)):
        subjects = chance.sample(SUBJECTS, chance.randint(1, 2))
        meta: Object = {"name": f"b{number}"}
        role = {"kind": "ClusterRole", "name": chance.choice((*NAMES, "gone"))}
        if chance.random() < 0.6:
            meta["namespace"] = chance.choice(NAMESPACES)
            role["kind"] = chance.choice(("Role", "ClusterRole"))
            yield "rolebindings", {"metadata": meta, "roleRef": role, "subjects": subjects}
        else:
            yield "clusterrolebindings", {"metadata": meta, "roleRef": role, "subjects": subjects}


def request(chance: random.Random) -> Attributes:
    if chance.random() < 0.2:
        return Attributes(chance.choice(("get", "post")), chance.choice(PATHS))
    resource, _, subresource = chance.choice(("pods", "pods/log", "deployments", "deployments/scale")).partition("/")
    namespace, name = chance.choice((*NAMESPACES, "")), chance.choice((*NAMES, "", "c"))
    verb = chance.choice(("get", "list", "delete"))
    return Attributes(verb, "/x", chance.choice(("", "apps", "batch")), resource, subresource, namespace, name)


def reference(objects: list[tuple[str, Object]], user: User, wanted: Attributes) -> bool:
    """A request is allowed if a rule of a role that a binding gives to the user allows it."""
    for resource, binding in objects:
        if not resource.endswith("bindings"):
            continue
        own = binding["metadata"].get("namespace", "")
        if own and own != wanted.namespace:
            continue
        if not any(is_subject(subject, own, user) for subject in binding["subjects"]):
            continue
        kind, name = binding["roleRef"]["kind"], binding["roleRef"]["name"]
        for other, role in objects:
            meta = role["metadata"]
            is_role = (other, meta["name"]) == (f"{kind.lower()}s", name)
            is_there = meta.get("namespace", "") == (own if kind == "Role" else "")
            if is_role and is_there and any(allows(rule, wanted) for rule in role["rules"]):
                return True
    return False


def is_subject(subject: Object, namespace: str, user: User) -> bool:
    if subject["kind"] == "User":
        return bool(subject["name"] == user.name)
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    where = subject.get("namespace") or namespace
    return bool(where) and user.name == f"system:serviceaccount:{where}:{subject['name']}"


def allows(rule: Object, wanted: Attributes) -> bool:
    if "*" not in rule["verbs"] and wanted.verb not in rule["verbs"]:
        return False
    if not wanted.resource:
        urls = rule.get("nonResourceURLs", [])
        return any(url == wanted.path or (url[-1] == "*" and wanted.path.startswith(url[:-1])) for url in urls)
    if "*" not in rule.get("apiGroups", []) and wanted.group not in rule.get("apiGroups", []):
        return False
    if rule.get("resourceNames") and wanted.name not in rule["resourceNames"]:
        return False
    names = {"*", f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource}
    if wanted.subresource:
        names.add(f"*/{wanted.subresource}")
    return not names.isdisjoint(rule.get("resources", []))


def test_decisions_equal_those_of_the_reference() -> None:
    allowed = 0
    for seed in range(SETS):
        chance = random.Random(seed)
        objects = list(policies(chance))
        held = Policies()
        for resource, obj in chance.sample(objects, len(objects)):
            held.put(resource, obj)
        if objects and chance.random() < 0.3:  # what is dropped has no effect any more
            resource, obj = objects.pop(chance.randrange(len(objects)))
            held.drop(resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        for _ in range(4):
            user, wanted = chance.choice(USERS), request(chance)
            expected = reference(objects, user, wanted)
            assert held.allows(user, wanted)[0] == expected, (seed, user, wanted, objects)
            allowed += expected
    # Sets that allow nothing would prove nothing.
    assert SETS * 4 * 0.05 < allowed < SETS * 4 * 0.95
