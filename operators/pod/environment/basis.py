"""What a Pod's environment is made from, to be compared: while it is the same, so is the environment (pure)."""

from collections.abc import Iterable, Iterator
from typing import Any

from operators.pod.sources import NodeFacts, Object, Sources


def take(pod: Object, names: Iterable[tuple[str, str]], sources: Sources, node: NodeFacts) -> tuple[Any, ...]:
    """`names`: ("ConfigMap"|"Secret", name) of what the Pod names."""
    meta, namespace = pod["metadata"], pod["metadata"]["namespace"]
    return (
        meta.get("generation") or meta.get("resourceVersion"),
        meta.get("labels"),
        meta.get("annotations"),
        node.pod_ips,
        node.host_ips,
        dict(node.allocatable),
        sorted(_versions(namespace, names, sources)),
        [_version(service) for service in sources.services(namespace)],
    )


def _versions(
    namespace: str, names: Iterable[tuple[str, str]], sources: Sources
) -> Iterator[tuple[str, str, tuple[str, str]]]:
    for kind, name in names:
        found = sources.secret(namespace, name) if kind == "Secret" else sources.config_map(namespace, name)
        yield kind, name, _version(found)


def _version(found: Object | None) -> tuple[str, str]:
    meta = found["metadata"] if found is not None else {}
    return str(meta.get("uid", "")), str(meta.get("resourceVersion", ""))
