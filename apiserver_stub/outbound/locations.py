"""Where pods/NAME/proxy and services/NAME/proxy lead, in the words of their registries upstream."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.meta import status
from apiserver_stub.outbound import services
from apiserver_stub.outbound.connections import Place
from apiserver_stub.outbound.services import Endpoint
from apiserver_stub.storage.log import Key, Log

Object = Mapping[str, Any]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_NOT_ALLOWED: Final = "address not allowed"


@dataclass(frozen=True, slots=True)
class Location:
    """authority: as a URL has it, without a port where none was found."""

    scheme: str
    authority: str
    place: Place


def split(name: str) -> tuple[str, str, str] | None:
    """Scheme, name and port of NAME, NAME:PORT or SCHEME:NAME:PORT; None for anything else."""
    parts = name.split(":")
    if len(parts) > 3:
        return None
    scheme, name, port = parts if len(parts) == 3 else ("", parts[0], parts[1] if len(parts) > 1 else "")
    return (scheme, name, port) if name and scheme in ("", *_DEFAULT_PORTS) else None


def of_pod(log: Log, namespace: str, name: str) -> Location:
    """Raises StatusError (400, 404, 503)."""
    found = split(name)
    if found is None:
        raise status.bad_request(f'invalid pod request "{name}"')
    scheme, name, port = found
    entry = log.get(Key("", "pods", namespace, name))
    if entry is None:
        raise status.not_found(("", "pods"), name)
    pod = entry.decode()
    ports = [one for container in pod["spec"].get("containers") or () for one in container.get("ports") or ()]
    if not port and ports:
        port = str(ports[0]["containerPort"])
    named = next((one["containerPort"] for one in ports if port and one.get("name") == port), None)
    return _location(scheme, _address(pod), str(named or port))


def of_service(log: Log, namespace: str, asked: str) -> Location:
    """An endpoint that is a Pod's; no others, or who may write endpoints could reach any address.

    Raises StatusError (400, 404, 503).
    """
    found = split(asked)
    if found is None:
        raise status.bad_request(f'invalid service request "{asked}"')
    scheme, name, port = found
    service = log.get(Key("", "services", namespace, name))
    if port.isascii() and port.isdigit():
        if service is None:
            raise status.not_found(("", "services"), name)
        port = _name_of(service.decode()["spec"], int(port), name)
    behind = list(services.endpoints(log, namespace, name))
    if not behind and service is None:
        raise status.not_found(("", "endpoints"), name)
    for endpoint in behind:
        if endpoint.port == port and _is_pod(log, namespace, endpoint):
            return _location(scheme, _allowed(endpoint.address), str(endpoint.number))
    raise status.unavailable(f'no endpoints available for service "{asked if behind else name}"')


def _name_of(spec: Object, number: int, service: str) -> str:
    for port in spec.get("ports") or ():
        if port.get("port") == number:
            return port.get("name") or ""
    raise status.unavailable(f'no service port {number} found for service "{service}"')


def _is_pod(log: Log, namespace: str, endpoint: Endpoint) -> bool:
    """Whether a Pod of the namespace has the endpoint's address: the one that it names, or else any."""
    target = endpoint.target
    if not target:
        return any(endpoint.address in _addresses(entry.decode()) for entry in log.list(("", "pods"), namespace))
    if target.get("kind") != "Pod" or target.get("namespace", namespace) != namespace:
        return False
    entry = log.get(Key("", "pods", namespace, target.get("name", "")))
    return entry is not None and endpoint.address in _addresses(entry.decode())


def _addresses(pod: Object) -> list[str]:
    state = pod.get("status") or {}
    return [*(one.get("ip") or "" for one in state.get("podIPs") or ()), state.get("podIP") or ""]


def _address(pod: Object) -> str:
    return _allowed(next((one for one in _addresses(pod) if one), ""))


def _allowed(text: str) -> str:
    """The address, if it is one that others may be led to. Raises StatusError (400)."""
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(text)
    except ValueError:
        raise status.bad_request(_NOT_ALLOWED) from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise status.bad_request(_NOT_ALLOWED)
        address = address.ipv4_mapped or address
    broadcast = int(address) == 0xFFFFFFFF and address.version == 4
    if (
        broadcast
        or address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        # Linux takes all of 0.0.0.0/8 for "this host".
        or (address.version == 4 and int(address) >> 24 == 0)
    ):
        raise status.bad_request(_NOT_ALLOWED)
    return str(address)


def _location(scheme: str, host: str, port: str) -> Location:
    scheme = scheme or "http"
    if not port:
        place = Place(host, _DEFAULT_PORTS[scheme])
        return Location(scheme, place.authority.rpartition(":")[0], place)
    fault = ""
    if not (port.isascii() and port.isdigit()):
        fault = f"lookup tcp/{port}: unknown port"
    elif not 0 <= int(port[:9]) < 65536 or len(port) > 9:
        fault = f"address {port}: invalid port"
    if fault:
        raise status.unavailable(f"error trying to reach service: dial tcp: {fault}")
    place = Place(host, int(port))
    return Location(scheme, place.authority, place)
