"""What Pods, Services and claims take, by the names that quotas have for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from operators._kube import quantity
from operators._kube.meta import Object

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_BINARY = "Ki"
_BY_CLASS = ".storageclass.storage.k8s.io/"
_CLASS = "volume.beta.kubernetes.io/storage-class"


class Total:
    """Sums by name, written in the notation of what was added first."""

    def __init__(self) -> None:
        self._sums: dict[str, Decimal] = {}
        self._binary: dict[str, bool] = {}

    def add(self, name: str, amount: str | int) -> None:
        value = quantity.parse(amount)
        if not self._sums.get(name):
            self._binary[name] = str(amount).endswith("i")
        self._sums[name] = self._sums.get(name, Decimal(0)) + value

    def names(self) -> set[str]:
        return set(self._sums)

    def text(self, name: str) -> str:
        """The sum; "0" where nothing was added. The API server writes it in its canonical way."""
        value = self._sums.get(name, Decimal(0))
        if self._binary.get(name) and value % 1024 == 0:
            return f"{int(value) >> 10}{_BINARY}"
        return quantity.from_milli(int(value * 1000))


def pods(items: Iterable[Object], scopes: Iterable[Mapping[str, Any]], total: Total) -> None:
    """Adds what the Pods in scope take that have not ended."""
    wanted = list(scopes)
    for pod in items:
        phase = (pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed") or not all(_in_scope(pod, rule) for rule in wanted):
            continue
        total.add("pods", 1)
        for kind in ("requests", "limits"):
            for name, value in _asked(pod["spec"], kind).items():
                for known in _names(name, kind):
                    total.add(known, value)


def _names(name: str, kind: str) -> list[str]:
    if kind == "limits":
        return [f"limits.{name}"] if name in _COMPUTE else []
    plain = name in _COMPUTE or name.startswith("hugepages-")
    return [name, f"requests.{name}"] if plain else [f"requests.{name}"]


def _asked(spec: Object, kind: str) -> dict[str, str]:
    """A Pod's requests or limits: the sum of its containers, or the most that its start takes, and its overhead."""
    running, sidecars, starting = Total(), Total(), dict[str, Decimal]()
    for container in spec.get("containers") or ():
        _add(running, container, kind)
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            _add(running, container, kind)
            _add(sidecars, container, kind)
            continue
        for name, text in ((container.get("resources") or {}).get(kind) or {}).items():
            step = quantity.parse(text) + quantity.parse(sidecars.text(name))
            starting[name] = max(starting.get(name, Decimal(0)), step)
    names = running.names() | starting.keys()
    out = {n: _greater(running.text(n), starting.get(n)) for n in names}
    out |= (spec.get("resources") or {}).get(kind) or {}
    for name, text in (spec.get("overhead") or {}).items():
        if kind == "requests" or name in out:
            both = Total()
            both.add(name, out.get(name, "0"))
            both.add(name, text)
            out[name] = both.text(name)
    return out


def _greater(text: str, other: Decimal | None) -> str:
    if other is None or quantity.parse(text) >= other:
        return text
    return quantity.from_milli(int(other * 1000))


def _add(total: Total, container: Object, kind: str) -> None:
    for name, text in ((container.get("resources") or {}).get(kind) or {}).items():
        total.add(name, text)


def _in_scope(pod: Object, rule: Mapping[str, Any]) -> bool:
    spec, scope = pod["spec"], rule.get("scopeName")
    best_effort = (pod.get("status") or {}).get("qosClass") == "BestEffort"
    match scope:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return best_effort
        case "NotBestEffort":
            return not best_effort
        case "PriorityClass":
            return _selects(rule, spec.get("priorityClassName") or "")
    return False


def _selects(rule: Mapping[str, Any], value: str) -> bool:
    match rule.get("operator"):
        case "Exists":
            return bool(value)
        case "DoesNotExist":
            return not value
        case "In":
            return value in (rule.get("values") or ())
        case "NotIn":
            return value not in (rule.get("values") or ())
    return False


def services(items: Iterable[Object], total: Total) -> None:
    for service in items:
        spec = service["spec"]
        ports = spec.get("ports") or []
        total.add("services", 1)
        if spec.get("type") == "LoadBalancer":
            total.add("services.loadbalancers", 1)
            if spec.get("allocateLoadBalancerNodePorts") is False:
                ports = [port for port in ports if port.get("nodePort")]
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            total.add("services.nodeports", len(ports))


def claims(items: Iterable[Object], total: Total) -> None:
    for claim in items:
        annotations = claim["metadata"].get("annotations") or {}
        name = annotations.get(_CLASS) or claim["spec"].get("storageClassName")
        size = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
        for prefix in ("", f"{name}{_BY_CLASS}") if name else ("",):
            total.add(f"{prefix}persistentvolumeclaims", 1)
            total.add(f"{prefix}requests.storage", size)
