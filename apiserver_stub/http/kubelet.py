"""Where a Pod's kubelet endpoint is, and which of its paths answers a request."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from multidict import MultiMapping

from apiserver_stub.http.route import truthy
from apiserver_stub.meta import status

Object = dict[str, Any]

# How the kubelet calls the streams of exec and attach.
_STREAMS = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
_ADDRESSES = ("InternalIP", "Hostname", "ExternalIP")
_DEFAULT_PORT = 10250


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str
    port: int


def endpoint(node: Object) -> Endpoint:
    """Raises StatusError (500) for a Node without an address."""
    shown = node.get("status") or {}
    addresses = {entry.get("type"): entry.get("address") for entry in shown.get("addresses") or []}
    host = next((addresses[kind] for kind in _ADDRESSES if addresses.get(kind)), None)
    if not host:
        preferred = "[InternalIP Hostname ExternalIP]"
        raise status.internal(f"no preferred addresses found; known addresses: [], preferred: {preferred}")
    port = ((shown.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port") or _DEFAULT_PORT
    return Endpoint(host, port)


def container(pod: Object, asked: str) -> str:
    """The container that a request means. Raises StatusError (400)."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    containers = _names(spec, "containers")
    others = {
        "init containers": _names(spec, "initContainers"),
        "ephemeral containers": _names(spec, "ephemeralContainers"),
    }
    if asked:
        if asked not in containers and not any(asked in names for names in others.values()):
            raise status.bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(containers) == 1:
        return containers[0]
    message = f"a container name must be specified for pod {name}, choose one of: [{' '.join(containers)}]"
    for kind, names in others.items():
        if names:
            message += f" or one of the {kind}: [{' '.join(names)}]"
    raise status.bad_request(message)


def log_path(pod: Object, name: str, query: MultiMapping[str]) -> str:
    options = [(key, value) for key, value in query.items() if key not in ("container", "pretty")]
    return _path("containerLogs", pod, name, options)


def exec_path(pod: Object, name: str, query: MultiMapping[str], verb: str) -> str:
    """verb: exec or attach."""
    options = [(_STREAMS[key], "1") for key in _STREAMS if truthy(query.get(key, ""))]
    options += [("command", value) for value in query.getall("command", [])]
    return _path(verb, pod, name, options)


def port_forward_path(pod: Object, query: MultiMapping[str]) -> str:
    return _path("portForward", pod, "", [("ports", value) for value in query.getall("ports", [])])


def _path(verb: str, pod: Object, name: str, options: list[tuple[str, str]]) -> str:
    meta = pod["metadata"]
    parts = [verb, meta["namespace"], meta["name"], *([name] if name else [])]
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    return f"{path}?{urlencode(options)}" if options else path


def _names(spec: Object, field: str) -> list[str]:
    return [container["name"] for container in spec.get(field) or []]
