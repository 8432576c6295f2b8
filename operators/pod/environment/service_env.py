"""The environment variables that tell a container where Services are (pure)."""

from collections.abc import Iterable

from operators.pod.sources import Object


def of_services(pod: Object, services: Iterable[Object]) -> dict[str, str]:
    """As the Kubernetes page "Service", "Environment variables": `kubernetes` always, others unless enableServiceLinks
    is false; Services without an address of their own have none."""
    links = pod["spec"].get("enableServiceLinks", True)
    found: dict[str, str] = {}
    for service in sorted(services, key=lambda one: str(one["metadata"]["name"])):
        meta, spec = service["metadata"], service.get("spec") or {}
        is_api = (meta["namespace"], meta["name"]) == ("default", "kubernetes")
        if spec.get("clusterIP") in (None, "", "None") or not (is_api or links):
            continue
        if not is_api and meta["namespace"] != pod["metadata"]["namespace"]:
            continue
        found |= _variables(meta["name"], spec["clusterIP"], spec.get("ports") or ())
    return found


def _variables(service: str, address: str, ports: Iterable[Object]) -> dict[str, str]:
    prefix, host = _name(service), f"[{address}]" if ":" in address else address
    found = {f"{prefix}_SERVICE_HOST": address}
    for index, port in enumerate(ports):
        number, protocol = str(port["port"]), str(port.get("protocol") or "TCP")
        url = f"{protocol.lower()}://{host}:{number}"
        if index == 0:
            found |= {f"{prefix}_SERVICE_PORT": number, f"{prefix}_PORT": url}
        if port.get("name"):
            found[f"{prefix}_SERVICE_PORT_{_name(port['name'])}"] = number
        one = f"{prefix}_PORT_{number}_{protocol.upper()}"
        found |= {one: url, f"{one}_PROTO": protocol.lower(), f"{one}_PORT": number, f"{one}_ADDR": address}
    return found


def _name(text: str) -> str:
    return text.upper().replace("-", "_")
