"""Which Pods stand behind a Service, with which addresses and ports (pure).

See the Kubernetes pages "EndpointSlices" and "Service".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from operators._kube import conditions, meta, selectors
from operators._kube.meta import Object

FAMILIES = {"IPv4": 4, "IPv6": 6}
_ZONE = "topology.kubernetes.io/zone"


def slim(obj: Object) -> Object:
    """What the cache keeps of Pods and Nodes: what this operator looks at."""
    if obj.get("kind") == "Pod":
        spec, status = obj["spec"], obj.get("status") or {}
        kept = {name: spec[name] for name in ("nodeName", "hostname", "subdomain") if name in spec}
        kept["containers"] = [_ports_of(container) for container in spec.get("containers") or ()]
        inits = spec.get("initContainers") or ()
        kept["initContainers"] = [_ports_of(c) for c in inits if c.get("restartPolicy") == "Always"]
        ready = [c for c in status.get("conditions") or () if c.get("type") == "Ready"]
        seen = {name: status[name] for name in ("phase", "podIP", "podIPs") if name in status}
        return {**obj, "metadata": _without_noise(obj), "spec": kept, "status": {**seen, "conditions": ready}}
    if obj.get("kind") == "Node":
        return {**obj, "metadata": _without_noise(obj), "spec": {}, "status": {}}
    return obj


def has_selector(service: Object) -> bool:
    """Whether its endpoints are made here; others are the user's own, or an alias of a name."""
    return bool(service["spec"].get("selector")) and service["spec"].get("type") != "ExternalName"


def is_headless(service: Object) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def selects(service: Object, pod: Object) -> bool:
    return selectors.matches({"matchLabels": service["spec"].get("selector") or {}}, meta.labels_of(pod))


def belongs(pod: Object, *, with_terminating: bool) -> bool:
    """A Pod that has an address and has not ended."""
    status = pod.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed") or not _addresses(pod):
        return False
    return with_terminating or not meta.is_deleting(pod)


def is_ready(pod: Object) -> bool:
    return conditions.is_true(conditions.of(pod), "Ready")


def addresses(pod: Object, family: str) -> list[str]:
    """The Pod's addresses of one family ("IPv4", "IPv6")."""
    return [address for address in _addresses(pod) if ipaddress.ip_address(address).version == FAMILIES[family]]


def families(service: Object) -> list[str]:
    """The address types of a Service's slices."""
    return list(service["spec"].get("ipFamilies") or ["IPv4"])


def ports(service: Object, pod: Object) -> list[Object]:
    """The Pod's ports for the Service's, as in an EndpointSlice; those that the Pod does not name are left out."""
    found = []
    for port in service["spec"].get("ports") or ():
        number = target(port, pod)
        if number is not None:
            entry = {"name": port.get("name") or "", "protocol": port.get("protocol") or "TCP", "port": number}
            found.append(entry | ({"appProtocol": port["appProtocol"]} if port.get("appProtocol") else {}))
    return found


def target(port: Mapping[str, Any], pod: Object) -> int | None:
    """The number that a Service's targetPort means in this Pod; None for a name that no container has."""
    wanted = port.get("targetPort") or port["port"]
    if isinstance(wanted, int):
        return wanted
    protocol = port.get("protocol") or "TCP"
    spec = pod["spec"]
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        for named in container.get("ports") or ():
            if named.get("name") == wanted and (named.get("protocol") or "TCP") == protocol:
                return int(named["containerPort"])
    return None


def hostname(pod: Object, service: Object) -> str:
    """The name that DNS gives the Pod below the Service; "" where it has none."""
    spec = pod["spec"]
    return str(spec.get("hostname") or "") if spec.get("subdomain") == meta.name_of(service) else ""


def endpoint(pod: Object, service: Object, family: str, nodes: Mapping[str, Object]) -> Object:
    """The Pod as an entry of a slice (discovery.k8s.io/v1 Endpoint)."""
    serving, terminating = is_ready(pod), meta.is_deleting(pod)
    always = bool(service["spec"].get("publishNotReadyAddresses"))
    entry: Object = {
        "addresses": addresses(pod, family),
        "conditions": {
            "ready": always or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "targetRef": target_ref(pod),
    }
    if name := hostname(pod, service):
        entry["hostname"] = name
    if node := pod["spec"].get("nodeName"):
        entry["nodeName"] = node
        if zone := meta.labels_of(nodes.get(node) or {}).get(_ZONE):
            entry["zone"] = zone
    if hints := _hints(entry, service["spec"].get("trafficDistribution")):
        entry["hints"] = hints
    return entry


def target_ref(pod: Object) -> Object:
    return {"kind": "Pod", "namespace": meta.namespace_of(pod), "name": meta.name_of(pod), "uid": meta.uid_of(pod)}


def _hints(entry: Object, distribution: str | None) -> Object:
    if not distribution or not entry["conditions"]["ready"]:
        return {}
    hints: Object = {}
    if entry.get("zone"):
        hints["forZones"] = [{"name": entry["zone"]}]
    if distribution == "PreferSameNode" and entry.get("nodeName"):
        hints["forNodes"] = [{"name": entry["nodeName"]}]
    return hints


def _addresses(pod: Object) -> list[str]:
    status = pod.get("status") or {}
    listed = [entry["ip"] for entry in status.get("podIPs") or () if entry.get("ip")]
    return listed or ([status["podIP"]] if status.get("podIP") else [])


def _ports_of(container: Object) -> Object:
    return {"ports": container["ports"]} if container.get("ports") else {}


def _without_noise(obj: Object) -> Object:
    return {name: value for name, value in obj["metadata"].items() if name not in ("managedFields", "annotations")}


def services_of(pod: Object, services: Iterable[Object]) -> list[Object]:
    """The Services that select a Pod."""
    return [service for service in services if has_selector(service) and selects(service, pod)]
