"""The roles and bindings that every cluster has, and what has to be put right about those that are there (pure).

See the Kubernetes page "Using RBAC Authorization", "Default roles and role bindings", "Auto-reconciliation".
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from apiserver_stub.auth import escalation
from apiserver_stub.auth.rbac import Rule

Object = dict[str, Any]

DATA = Path(__file__).with_name("data") / "bootstrap.json"
# What our operators need beyond upstream's controllers, and whom their process may act as (docs/adr/0019).
OPERATORS = DATA.with_name("operators.json")
_GROUP, _NAMESPACE, _PROCESS = "rbac.authorization.k8s.io", "kube-system", "ukube-operators"
LABEL = "kubernetes.io/bootstrapping"
AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"
RESOURCES: Mapping[str, str] = {
    "clusterRoles": "clusterroles",
    "clusterRoleBindings": "clusterrolebindings",
    "roles": "roles",
    "roleBindings": "rolebindings",
}


def load(node: str) -> Iterator[tuple[str, Object]]:
    """Resource and object of each. node: the name of this machine's Node."""
    own = orjson.loads(OPERATORS.read_bytes().replace(b"{node}", node.encode()))
    for entry in (*orjson.loads(DATA.read_bytes()), *_of_operators(own)):
        meta: Object = {
            "name": entry["name"],
            "labels": {LABEL: "rbac-defaults"} | entry.get("labels", {}),
            "annotations": {AUTO_UPDATE: "true"},
        }
        if "namespace" in entry:
            meta["namespace"] = entry["namespace"]
        content = {name: entry[name] for name in ("aggregationRule", "rules", "roleRef", "subjects") if name in entry}
        if entry["resource"].endswith("roles") and "aggregationRule" not in content:
            content.setdefault("rules", [])
        yield entry["resource"], {"metadata": meta} | content


def _of_operators(own: Object) -> Iterator[Object]:
    """accounts: operator → its ServiceAccount in kube-system, which the operators' process may act as. rules: account →
    what it needs beyond upstream's role of that name. others: whole entries."""
    process = {"kind": "User", "apiGroup": _GROUP, "name": _PROCESS}
    for operator, account in own["accounts"].items():
        may = {
            "verbs": ["impersonate"],
            "apiGroups": [""],
            "resources": ["serviceaccounts"],
            "resourceNames": [account],
        }
        where = {"namespace": _NAMESPACE, "name": f"ukube:operator:{operator}"}
        yield {"resource": "roles", **where, "rules": [may]}
        yield {"resource": "rolebindings", **where, "subjects": [process], "roleRef": _role("Role", where["name"])}
    for account, rules in own["rules"].items():
        name = f"ukube:controller:{account}"
        subject = {"kind": "ServiceAccount", "name": account, "namespace": _NAMESPACE}
        yield {"resource": "clusterroles", "name": name, "rules": rules}
        yield {
            "resource": "clusterrolebindings",
            "name": name,
            "subjects": [subject],
            "roleRef": _role("ClusterRole", name),
        }
    yield from own["others"]


def _role(kind: str, name: str) -> Object:
    return {"kind": kind, "apiGroup": _GROUP, "name": name}


def reconciled(wanted: Object, present: Object) -> Object | None:
    """The object as it should be, None if it is right: rules and subjects are added, never taken away.

    Whoever sets the annotation to "false" keeps what he has.
    """
    meta = present["metadata"]
    if (meta.get("annotations") or {}).get(AUTO_UPDATE) == "false":
        return None
    changed = {**present, "metadata": {**meta}}
    for name in ("labels", "annotations"):
        changed["metadata"][name] = wanted["metadata"][name] | (meta.get(name) or {})
    if "rules" in wanted:
        own = list(present.get("rules") or ())
        lacking = escalation.missing([Rule.of(rule) for rule in own], [Rule.of(rule) for rule in wanted["rules"]])
        if lacking:
            changed["rules"] = own + [_rule(rule) for rule in lacking]
    if "subjects" in wanted:
        own = list(present.get("subjects") or ())
        changed["subjects"] = own + [subject for subject in wanted["subjects"] if subject not in own]
    if "aggregationRule" in wanted:
        changed["aggregationRule"] = present.get("aggregationRule") or wanted["aggregationRule"]
    return changed if changed != present else None


def _rule(rule: Rule) -> Object:
    parts = {
        "verbs": rule.verbs,
        "apiGroups": rule.groups,
        "resources": rule.resources,
        "resourceNames": rule.names,
        "nonResourceURLs": rule.urls,
    }
    return {name: list(values) for name, values in parts.items() if values}
