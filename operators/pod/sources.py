"""What a Pod's environment and volumes are read from: other API objects and the Pod's own fields."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from operators._kube import quantity

Object = Mapping[str, Any]
_ESCAPES = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}
_DEFAULTED = ("cpu", "memory", "ephemeral-storage")


class Sources(Protocol):
    """What the node's Pods may name: plain objects, None when absent."""

    def config_map(self, namespace: str, name: str) -> Object | None: ...

    def secret(self, namespace: str, name: str) -> Object | None: ...

    def claim(self, namespace: str, name: str) -> Object | None: ...

    def persistent_volume(self, name: str) -> Object | None: ...

    def pods_of(self, namespace: str) -> Iterable[Object]:
        """The namespace's Pods on this node."""

    def trust_bundles(self) -> Iterable[Object] | None:
        """All ClusterTrustBundles; None where the API server has no such kind."""

    def services(self, namespace: str) -> Iterable[Object]:
        """The Services of a namespace, and `kubernetes` in `default`."""

    def token(self, pod: Object, audience: str, seconds: int) -> str:
        """A token of the Pod's ServiceAccount for the audience ("": the API server). Raises Missing."""


class Missing(Exception):
    """A Pod names something that is not there (yet): its container waits with CreateContainerConfigError.

    `message` is in kubelet's words; the Pod is tried again when an object of that name changes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Uncreatable(Missing):
    """A container that its runtime cannot make as the Pod asks: it waits with CreateContainerError."""


class Unsupported(Exception):
    """A Pod asks for something this node cannot do; `message` says what and what to use instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SandboxError(Exception):
    """A Pod's namespaces cannot be made as it asks: the Event FailedCreatePodSandBox, in kubelet's words."""


def missing_object(kind: str, name: str) -> Missing:
    return Missing(f'{kind.lower()} "{name}" not found')


def missing_key(kind: str, namespace: str, name: str, key: str) -> Missing:
    return Missing(f"couldn't find key {key} in {kind} {namespace}/{name}")


def pod_field(pod: Object, path: str, node: "NodeFacts") -> str:
    """The text of a downward API `fieldRef`; see the Kubernetes page "Downward API", "Available fields".

    Raises Unsupported for a path outside that table.
    """
    meta, spec = pod["metadata"], pod.get("spec", {})
    addresses = node.pod_ips or tuple(entry["ip"] for entry in pod.get("status", {}).get("podIPs", ()))
    plain = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": node.host_ips[0] if node.host_ips else "",
        "status.hostIPs": ",".join(node.host_ips),
        "status.podIP": addresses[0] if addresses else "",
        "status.podIPs": ",".join(addresses),
    }
    if path in plain:
        return str(plain[path])
    if path in ("metadata.labels", "metadata.annotations"):
        return _format_map(meta.get(path.removeprefix("metadata.")) or {})
    for field in ("labels", "annotations"):
        prefix = f"metadata.{field}['"
        if path.startswith(prefix) and path.endswith("']"):
            return str((meta.get(field) or {}).get(path[len(prefix) : -2], ""))
    raise Unsupported(f"unsupported fieldPath: {path}")


def container_resource(pod: Object, container: Object, ref: Object, node: "NodeFacts") -> str:
    """The number of a `resourceFieldRef`: the amount divided by `divisor`, rounded up.

    A limit of cpu, memory or ephemeral-storage that is not set reads as the Pod's own limit or else the node's
    allocatable amount, as kubelet has it.
    """
    name = ref.get("containerName")
    owner = next((c for c in _all_containers(pod) if c["name"] == name), container) if name else container
    section, _, resource = str(ref["resource"]).partition(".")
    amount = ((owner.get("resources") or {}).get(section) or {}).get(resource)
    if section == "limits" and resource in _DEFAULTED and (amount is None or quantity.parse(str(amount)) == 0):
        whole = (pod.get("spec", {}).get("resources") or {}).get("limits") or {}
        amount = whole.get(resource) or node.allocatable.get(resource)
    divisor = quantity.parse(str(ref.get("divisor") or "0")) or 1
    ratio = quantity.parse(str(amount or "0")) / divisor
    return str(math.ceil(ratio))


class NodeFacts:
    """What a Pod may ask about where it runs: addresses and allocatable resources (quantities as text)."""

    __slots__ = ("allocatable", "host_ips", "pod_ips")

    def __init__(
        self,
        *,
        host_ips: tuple[str, ...] = (),
        pod_ips: tuple[str, ...] = (),
        allocatable: Mapping[str, str] | None = None,
    ) -> None:
        self.host_ips = host_ips
        self.pod_ips = pod_ips
        self.allocatable = allocatable or {}


def _all_containers(pod: Object) -> list[Object]:
    spec = pod.get("spec", {})
    return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]


def _format_map(values: Mapping[str, str]) -> str:
    """One `key="value"` a line, the value quoted as a string of the Go language."""
    return "\n".join(f'{key}="{"".join(map(_quoted, value))}"' for key, value in sorted(values.items()))


def _quoted(char: str) -> str:
    if (named := _ESCAPES.get(char)) is not None:
        return named
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
