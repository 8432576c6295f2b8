"""What a Pod's environment and volumes are read from: other API objects and the Pod's own fields."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from operators._kube import quantity

Object = Mapping[str, Any]


class Sources(Protocol):
    """What the node's Pods may name. ConfigMaps and Secrets are plain objects; None when absent."""

    def config_map(self, namespace: str, name: str) -> Object | None: ...

    def secret(self, namespace: str, name: str) -> Object | None: ...

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


class Unsupported(Exception):
    """A Pod asks for something this node cannot do; `message` says what and what to use instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


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

    A limit that is not set reads as the node's allocatable amount, as kubelet has it.
    """
    name = ref.get("containerName")
    owner = next((c for c in _all_containers(pod) if c["name"] == name), container) if name else container
    section, _, resource = str(ref["resource"]).partition(".")
    amount = ((owner.get("resources") or {}).get(section) or {}).get(resource)
    if amount is None:
        amount = node.allocatable.get(resource, "0") if section == "limits" else "0"
    divisor = quantity.parse(str(ref.get("divisor") or "0")) or 1
    ratio = quantity.parse(str(amount)) / divisor
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
    # One `key="value"` a line, the value quoted as a Go string literal; JSON's escapes are the same for text.
    return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in sorted(values.items()))
