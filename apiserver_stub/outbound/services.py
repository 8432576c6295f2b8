"""Where a Service leads on this node: to one of its endpoints, without a way through the packet filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apiserver_stub.storage.log import Entry, Key, Log

_SERVICE_LABEL = "kubernetes.io/service-name"


class Unresolved(Exception):
    """The Service leads nowhere; the text is what upstream says."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address at one port; port: its name. target: ObjectReference of what answers there, {} if nobody said."""

    port: str
    address: str
    number: int
    target: Mapping[str, Any]


def server_name(namespace: str, name: str) -> str:
    """What the certificate behind a Service must be for."""
    return f"{name}.{namespace}.svc"


def resolve(log: Log, namespace: str, name: str, port: int) -> tuple[str, int]:
    """Address and port behind a Service's port: an endpoint's, or else its own. Raises Unresolved."""
    entry = log.get(Key("", "services", namespace, name))
    if entry is None:
        raise Unresolved(f'service "{name}" not found')
    spec = entry.decode()["spec"]
    if spec.get("type") == "ExternalName":
        return spec["externalName"], port
    found = next((one for one in spec.get("ports") or () if one.get("port") == port), None)
    if found is None:
        raise Unresolved(f'no service port {port} found for service "{name}"')
    endpoint = _endpoint(log, namespace, name, found.get("name") or "") or _pod(log, namespace, name, spec, found)
    if endpoint is not None:
        return endpoint
    if spec.get("clusterIP") in (None, "", "None") or spec.get("selector"):
        raise Unresolved(f'no endpoints available for service "{name}"')
    return spec["clusterIP"], port


def endpoints(log: Log, namespace: str, name: str) -> Iterator[Endpoint]:
    """All that is ready behind a Service, port by port, whether or not the Service is there."""
    noted = False
    for entry in log.list(("discovery.k8s.io", "endpointslices"), namespace):
        if (entry.labels or {}).get(_SERVICE_LABEL) == name:
            noted = True
            slice_ = entry.decode()
            ready = [
                one for one in slice_.get("endpoints") or () if (one.get("conditions") or {}).get("ready") is not False
            ]
            yield from _each(slice_, [(one["addresses"][0], one) for one in ready if one.get("addresses")])
    if kept := log.get(Key("", "endpoints", namespace, name)):
        noted = True
        for subset in kept.decode().get("subsets") or ():
            yield from _each(subset, [(one["ip"], one) for one in subset.get("addresses") or ()])
    service = None if noted else log.get(Key("", "services", namespace, name))
    if service is not None:
        yield from _selected(log, namespace, service.decode()["spec"])


def _each(holder: Mapping[str, Any], addresses: list[tuple[str, Mapping[str, Any]]]) -> Iterator[Endpoint]:
    for port in holder.get("ports") or ():
        for address, one in addresses:
            if port.get("port"):
                yield Endpoint(port.get("name") or "", address, int(port["port"]), (one.get("targetRef") or {}))


def _selected(log: Log, namespace: str, spec: Mapping[str, Any]) -> Iterator[Endpoint]:
    """The ready Pods that the Service selects, where nobody has written its endpoints."""
    wanted = spec.get("selector") or {}
    for entry in log.list(("", "pods"), namespace) if wanted else ():
        if not wanted.items() <= (entry.labels or {}).items() or not _is_ready(pod := entry.decode()):
            continue
        for port in spec.get("ports") or ():
            if number := _target(pod, port):
                target = {"kind": "Pod", "name": entry.key.name, "namespace": namespace}
                yield Endpoint(port.get("name") or "", pod["status"]["podIP"], number, target)


def _endpoint(log: Log, namespace: str, name: str, port: str) -> tuple[str, int] | None:
    for entry in log.list(("discovery.k8s.io", "endpointslices"), namespace):
        if (entry.labels or {}).get(_SERVICE_LABEL) == name and (found := _ready(entry, port)):
            return found
    kept = log.get(Key("", "endpoints", namespace, name))
    for subset in (kept.decode().get("subsets") or ()) if kept else ():
        number = _port(subset, port)
        if number and subset.get("addresses"):
            return subset["addresses"][0]["ip"], number
    return None


def _pod(
    log: Log, namespace: str, name: str, spec: Mapping[str, Any], port: Mapping[str, Any]
) -> tuple[str, int] | None:
    """A ready Pod that the Service selects; where somebody writes its EndpointSlices, they say more."""
    wanted = spec.get("selector")
    slices = log.list(("discovery.k8s.io", "endpointslices"), namespace)
    if not wanted or any((entry.labels or {}).get(_SERVICE_LABEL) == name for entry in slices):
        return None
    for entry in log.list(("", "pods"), namespace):
        labels = entry.labels or {}
        if all(labels.get(key) == value for key, value in wanted.items()):
            pod = entry.decode()
            number = _target(pod, port)
            if number and _is_ready(pod):
                return pod["status"]["podIP"], number
    return None


def _is_ready(pod: Mapping[str, Any]) -> bool:
    state = pod.get("status") or {}
    if not state.get("podIP") or pod["metadata"].get("deletionTimestamp"):
        return False
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in state.get("conditions") or ())


def _target(pod: Mapping[str, Any], port: Mapping[str, Any]) -> int | None:
    """The port of a Pod that a Service's port means, by number or by name."""
    wanted = port.get("targetPort") or port["port"]
    if isinstance(wanted, int):
        return wanted
    for container in pod["spec"].get("containers") or ():
        for one in container.get("ports") or ():
            if one.get("name") == wanted:
                return int(one["containerPort"])
    return None


def _ready(entry: Entry, port: str) -> tuple[str, int] | None:
    slice_ = entry.decode()
    number = _port(slice_, port)
    for endpoint in slice_.get("endpoints") or ():
        ready = (endpoint.get("conditions") or {}).get("ready")
        if number and ready is not False and endpoint.get("addresses"):
            return endpoint["addresses"][0], number
    return None


def _port(holder: Mapping[str, Any], name: str) -> int | None:
    for port in holder.get("ports") or ():
        if (port.get("name") or "") == name and port.get("port"):
            return int(port["port"])
    return None
