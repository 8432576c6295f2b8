"""Pods that were just bound, until the cache knows it: two Pods must not get the same port or memory."""

from __future__ import annotations

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.meta import Object


class Assumed:
    """Bindings on their way. One instance for an operator; everything runs in its event loop."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[Object, str]] = {}

    def add(self, pod: Object, node: str) -> None:
        self._nodes[meta.uid_of(pod)] = (pod, node)

    def forget(self, pod: Object) -> None:
        self._nodes.pop(meta.uid_of(pod), None)

    def clear(self) -> None:
        self._nodes.clear()

    def __contains__(self, pod: Object) -> bool:
        return meta.uid_of(pod) in self._nodes

    def pods(self, kube: Kube) -> list[tuple[Object, str]]:
        """Those that the cache does not show on their node yet, with that node's name."""
        for uid, (pod, _) in list(self._nodes.items()):
            cached = kube.get_or_none("v1", "pods", meta.key_of(pod))
            if cached is None or meta.uid_of(cached) != uid or cached["spec"].get("nodeName"):
                del self._nodes[uid]
        return list(self._nodes.values())
