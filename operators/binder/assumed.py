"""Pods that were just bound, until the cache knows it: two Pods must not get the same port or memory."""

from __future__ import annotations

from typing import Any

from operators._kube import meta
from operators._kube.client import Kube
from operators.binder import plan


class Assumed:
    """Bindings on their way. One instance for an operator; everything runs in its event loop."""

    def __init__(self) -> None:
        self._nodes: dict[str, tuple[dict[str, Any], str]] = {}

    def add(self, pod: dict[str, Any], node: str) -> None:
        self._nodes[meta.uid_of(pod)] = (pod, node)

    def forget(self, pod: dict[str, Any]) -> None:
        self._nodes.pop(meta.uid_of(pod), None)

    def clear(self) -> None:
        self._nodes.clear()

    def __contains__(self, pod: dict[str, Any]) -> bool:
        return meta.uid_of(pod) in self._nodes

    def on_node(self, node: str, kube: Kube) -> list[dict[str, Any]]:
        """The Pods that use a node: those the cache shows there, and those that will show up there."""
        self._settle(kube)
        seen = [
            pod for pod in kube.list("v1", "pods") if pod["spec"].get("nodeName") == node and not plan.is_finished(pod)
        ]
        return seen + [pod for pod, target in self._nodes.values() if target == node]

    def _settle(self, kube: Kube) -> None:
        for uid, (pod, _) in list(self._nodes.items()):
            cached = kube.get_or_none("v1", "pods", meta.key_of(pod))
            if cached is None or meta.uid_of(cached) != uid or cached["spec"].get("nodeName"):
                del self._nodes[uid]
