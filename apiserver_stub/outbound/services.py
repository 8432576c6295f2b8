"""Where a Service leads on this node: to one of its endpoints, without a way through the packet filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from apiserver_stub.storage.log import Key, Log

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
    port_name = found.get("name") or ""
    for endpoint in endpoints(log, namespace, name):
        if endpoint.port == port_name:
            return endpoint.address, endpoint.number
    if spec.get("clusterIP") in (None, "", "None") or spec.get("selector"):
        raise Unresolved(f'no endpoints available for service "{name}"')
    return spec["clusterIP"], port


def endpoints(log: Log, namespace: str, name: str) -> Iterator[Endpoint]:
    """All that is ready behind a Service, port by port, whether or not the Service is there."""
    sliced = False
    for entry in log.list(("discovery.k8s.io", "endpointslices"), namespace):
        if (entry.labels or {}).get(_SERVICE_LABEL) == name:
            sliced = True
            slice_ = entry.decode()
            ready = [
                one for one in slice_.get("endpoints") or () if (one.get("conditions") or {}).get("ready") is not False
            ]
            yield from _each(slice_, [(one["addresses"][0], one) for one in ready if one.get("addresses")])
    if kept := log.get(Key("", "endpoints", namespace, name)):
        for subset in kept.decode().get("subsets") or ():
            yield from _each(subset, [(one["ip"], one) for one in subset.get("addresses") or ()])
    service = None if sliced else log.get(Key("", "services", namespace, name))
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
