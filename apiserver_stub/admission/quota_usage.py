"""What an object takes from a namespace's quotas, which resources count it, and which scopes it is in."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apiserver_stub.admission import amounts
from apiserver_stub.admission.amounts import Amount, Amounts
from apiserver_stub.registry.podspec import qos, resources
from apiserver_stub.schema import kinds

Object = Mapping[str, Any]

_COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
_ONE: Final = Amount(Decimal(1), "1")
# Where the container has to say for itself what it asks for: a habit of old that clients rely on.
_MUST_SAY: Final = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
# Kinds that have a name of their own in quotas, besides count/….
_ALIASES: Final = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    }
)
_BY_CLASS: Final = ".storageclass.storage.k8s.io/"
_CLASS: Final = "volume.beta.kubernetes.io/storage-class"


@dataclass(frozen=True, slots=True)
class Usage:
    """How one kind is counted. counts: whether a name in a quota's `hard` is about this kind."""

    of: Callable[[Object], Amounts]
    counts: Callable[[str], bool]
    in_scope: Callable[[Object, Object], bool]
    missing: Callable[[Object, Iterable[str]], str] = lambda obj, names: ""
    on_update: bool = False


def usage_for(resource: kinds.Resource) -> Usage:
    """How objects of a resource are counted; every kind is by number at least."""
    own = {"pods": _pods, "services": _services, "persistentvolumeclaims": _claims}.get(resource.group_resource)
    return own() if own else _objects(resource.group_resource)


def _never(obj: Object, rule: Object) -> bool:
    return False


def _objects(group_resource: str) -> Usage:
    names = _numbers(group_resource)
    return Usage(lambda obj: dict.fromkeys(names, _ONE), lambda name: name in names, _never)


def _numbers(group_resource: str) -> list[str]:
    return [f"count/{group_resource}", *([group_resource] if group_resource in _ALIASES else [])]


# -- services


def _services() -> Usage:
    names = {*_numbers("services"), "services.nodeports", "services.loadbalancers"}
    return Usage(_of_service, lambda name: name in names, _never, on_update=True)


def _of_service(obj: Object) -> Amounts:
    spec = obj["spec"]
    out = dict.fromkeys(_numbers("services"), _ONE)
    kind, ports = spec.get("type"), spec.get("ports") or []
    if kind == "LoadBalancer":
        out["services.loadbalancers"] = _ONE
        if spec.get("allocateLoadBalancerNodePorts") is False:
            ports = [port for port in ports if port.get("nodePort")]
    if kind in ("NodePort", "LoadBalancer"):
        out["services.nodeports"] = Amount(Decimal(len(ports)), "1")
    return out


# -- persistentvolumeclaims


def _claims() -> Usage:
    names = {*_numbers("persistentvolumeclaims"), "requests.storage"}
    ends = tuple(_BY_CLASS + name for name in ("persistentvolumeclaims", "requests.storage"))
    return Usage(_of_claim, lambda name: name in names or name.endswith(ends), _claim_in_scope, on_update=True)


def _of_claim(obj: Object) -> Amounts:
    out = dict.fromkeys(_numbers("persistentvolumeclaims"), _ONE)
    annotations = obj["metadata"].get("annotations") or {}
    name = annotations.get(_CLASS) or obj["spec"].get("storageClassName")
    if name:
        out[f"{name}{_BY_CLASS}persistentvolumeclaims"] = _ONE
    storage = amounts.parse((obj["spec"].get("resources") or {}).get("requests")).get("storage")
    given = amounts.parse((obj.get("status") or {}).get("allocatedResources")).get("storage")
    if storage is not None and given is not None and given.value > storage.value:
        storage = given
    if storage is not None:
        out["requests.storage"] = storage
        if name:
            out[f"{name}{_BY_CLASS}requests.storage"] = storage
    return out


def _claim_in_scope(obj: Object, rule: Object) -> bool:
    if rule["scopeName"] != "VolumeAttributesClass":
        return False
    return _selects(rule, obj["spec"].get("volumeAttributesClassName"))


# -- pods


def _pods() -> Usage:
    return Usage(_of_pod, _counts_pods, _pod_in_scope, _unsaid)


def _counts_pods(name: str) -> bool:
    if name in ("pods", "count/pods", *_COMPUTE):
        return True
    head, _, rest = name.partition(".")
    if head in ("requests", "limits") and rest in _COMPUTE:
        return True
    return name.startswith(("hugepages-", "requests.hugepages-")) or (head == "requests" and "/" in rest)


def _of_pod(obj: Object) -> Amounts:
    out: Amounts = {"count/pods": _ONE}
    if not _is_running(obj):
        return out
    out["pods"] = _ONE
    return out | _computed(amounts.pod(obj["spec"], "requests"), amounts.pod(obj["spec"], "limits"))


def _is_running(obj: Object) -> bool:
    """Whether a Pod still takes anything: not when it has ended, nor when its node should long have removed it."""
    if (obj.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return False
    deleted = obj["metadata"].get("deletionTimestamp")
    grace = obj["metadata"].get("deletionGracePeriodSeconds")
    if not deleted or grace is None:
        return True
    end = datetime.datetime.fromisoformat(deleted) + datetime.timedelta(seconds=grace)
    return datetime.datetime.now(datetime.UTC) <= end


def _computed(requests: Amounts, limits: Amounts) -> Amounts:
    """By the names that quotas have for what containers ask for."""
    out: Amounts = {}
    for name, amount in requests.items():
        if name in _COMPUTE or name.startswith("hugepages-"):
            out[name] = amount
        if name in _COMPUTE or name.startswith("hugepages-") or not resources.is_native(name):
            out[f"requests.{name}"] = amount
    for name, amount in limits.items():
        if name in _COMPUTE:
            out[f"limits.{name}"] = amount
    return out


def _unsaid(obj: Object, names: Iterable[str]) -> str:
    """What the containers of a Pod would have to say, in the words of the refusal; "" if they do."""
    needed = _MUST_SAY.intersection(names)
    spec = obj["spec"]
    pod_level = spec.get("resources") or {}
    if not needed or pod_level.get("requests") or pod_level.get("limits"):
        return ""
    found: dict[str, set[str]] = {}
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        own = container.get("resources") or {}
        said = _computed(amounts.parse(own.get("requests")), amounts.parse(own.get("limits")))
        for name in needed - said.keys():
            found.setdefault(name, set()).add(container.get("name", ""))
    if not found:
        return ""
    return "must specify " + "; ".join(f"{name} for: {','.join(sorted(found[name]))}" for name in sorted(found))


def _pod_in_scope(obj: Object, rule: Object) -> bool:
    spec, scope = obj["spec"], rule["scopeName"]
    match scope:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return qos.of(spec) == "BestEffort"
        case "NotBestEffort":
            return qos.of(spec) != "BestEffort"
        case "PriorityClass":
            return _selects(rule, spec.get("priorityClassName"))
        case "CrossNamespacePodAffinity":
            return _looks_elsewhere(spec.get("affinity") or {})
    return False


def _selects(rule: Object, value: str | None) -> bool:
    match rule.get("operator"):
        case "Exists":
            return bool(value)
        case "DoesNotExist":
            return not value
        case "In":
            return bool(value) and value in (rule.get("values") or ())
        case "NotIn":
            return not value or value not in (rule.get("values") or ())
    return False


def _looks_elsewhere(affinity: Object) -> bool:
    """Whether an affinity term is about Pods of other namespaces."""
    for name in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(name) or {}
        terms = list(rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        weighted = rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [entry.get("podAffinityTerm") or {} for entry in weighted]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False
