"""The priority levels and flow schemas that every server has from the start.

See the Kubernetes page "API Priority and Fairness", "Defaults".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Object = dict[str, Any]

_ANNOTATIONS: Final = {"apf.kubernetes.io/autoupdate-spec": "true"}
# Name -> concurrency shares, lendable percent, queues, hand size.
_LEVELS: Final = {
    "global-default": (20, 50, 128, 6),
    "leader-election": (10, 0, 16, 4),
    "node-high": (40, 25, 64, 6),
    "system": (30, 33, 64, 6),
    "workload-high": (40, 50, 128, 6),
    "workload-low": (100, 90, 128, 6),
}
_ALL: Final = ["*"]
_ANYTHING: Final = {
    "resourceRules": [{"verbs": _ALL, "apiGroups": _ALL, "resources": _ALL, "clusterScope": True, "namespaces": _ALL}],
    "nonResourceRules": [{"verbs": _ALL, "nonResourceURLs": _ALL}],
}
_LEASES: Final = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "namespaces": _ALL}
_NODES: Final = {
    "verbs": _ALL,
    "apiGroups": [""],
    "resources": ["nodes", "nodes/status"],
    "clusterScope": True,
    "namespaces": _ALL,
}
_PROBES: Final = {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}


def _group(name: str) -> Object:
    return {"kind": "Group", "group": {"name": name}}


def _user(name: str) -> Object:
    return {"kind": "User", "user": {"name": name}}


_EVERYBODY: Final = [_group("system:unauthenticated"), _group("system:authenticated")]
_CONTROLLERS: Final = _user("system:kube-controller-manager")
_SCHEDULER: Final = _user("system:kube-scheduler")
_KUBE_SYSTEM: Final = {"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}
# Name -> priority level, precedence, what tells flows apart, subjects, rules.
_SCHEMAS: Final[Mapping[str, tuple[str, int, str, list[Object], Object]]] = {
    "catch-all": ("catch-all", 10000, "ByUser", _EVERYBODY, _ANYTHING),
    "exempt": ("exempt", 1, "", [_group("system:masters")], _ANYTHING),
    "global-default": ("global-default", 9900, "ByUser", _EVERYBODY, _ANYTHING),
    "kube-controller-manager": ("workload-high", 800, "ByNamespace", [_CONTROLLERS], _ANYTHING),
    "kube-scheduler": ("workload-high", 800, "ByNamespace", [_SCHEDULER], _ANYTHING),
    "kube-system-service-accounts": ("workload-high", 900, "ByNamespace", [_KUBE_SYSTEM], _ANYTHING),
    "probes": ("exempt", 2, "", _EVERYBODY, {"nonResourceRules": [_PROBES]}),
    "service-accounts": ("workload-low", 9000, "ByUser", [_group("system:serviceaccounts")], _ANYTHING),
    "system-leader-election": (
        "leader-election",
        100,
        "ByUser",
        [_CONTROLLERS, _SCHEDULER, _KUBE_SYSTEM],
        {"resourceRules": [{"verbs": ["get", "create", "update"], **_LEASES}]},
    ),
    "system-node-high": (
        "node-high",
        400,
        "ByUser",
        [_group("system:nodes")],
        {"resourceRules": [_NODES, {"verbs": _ALL, **_LEASES}]},
    ),
    "system-nodes": ("system", 500, "ByUser", [_group("system:nodes")], _ANYTHING),
}


# What nobody may change, neither the level nor the schema.
MANDATORY: Final = ("catch-all", "exempt")


def level_spec(name: str) -> Object:
    """The spec of a priority level; raises KeyError."""
    if name == "exempt":
        return {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
    if name == "catch-all":
        limited = {"nominalConcurrencyShares": 5, "lendablePercent": 0, "limitResponse": {"type": "Reject"}}
        return {"type": "Limited", "limited": limited}
    shares, lendable, queues, hand = _LEVELS[name]
    queuing = {"queues": queues, "handSize": hand, "queueLengthLimit": 50}
    response = {"type": "Queue", "queuing": queuing}
    limited = {"nominalConcurrencyShares": shares, "lendablePercent": lendable, "limitResponse": response}
    return {"type": "Limited", "limited": limited}


def schema_spec(name: str) -> Object:
    """The spec of a flow schema; raises KeyError."""
    level, precedence, distinguisher, subjects, rules = _SCHEMAS[name]
    spec: Object = {
        "priorityLevelConfiguration": {"name": level},
        "matchingPrecedence": precedence,
        "rules": [{"subjects": subjects, **rules}],
    }
    return spec | ({"distinguisherMethod": {"type": distinguisher}} if distinguisher else {})


def levels() -> Iterator[Object]:
    """PriorityLevelConfigurations."""
    for name in ("catch-all", "exempt", *_LEVELS):
        yield {"metadata": {"name": name, "annotations": _ANNOTATIONS}, "spec": level_spec(name)}


def schemas() -> Iterator[Object]:
    """FlowSchemas."""
    for name in _SCHEMAS:
        yield {"metadata": {"name": name, "annotations": _ANNOTATIONS}, "spec": schema_spec(name)}
