"""Events about Pods and their containers."""

import asyncio
from collections.abc import Callable

from operators._kube.actions import EventType
from operators._kube.client import Kube
from operators.pod.lifecycle.local import Local
from operators.pod.sources import Object


class News:
    """Tells without waiting. `kube` is there from open() on, and `node`: gives the Node object."""

    kube: Kube
    node: Callable[[], Object | None]

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def tell(self, pod: Object, container: str | None, type_: str, reason: str, message: str) -> None:
        """An Event about the Pod, or one of its containers."""
        kind: EventType = "Warning" if type_ == "Warning" else "Normal"
        path = None if container is None else field_path(pod, container)
        task = asyncio.create_task(self.kube.event(dict(pod), kind, reason, message, field_path=path))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def of_node(self, reason: str, message: str) -> None:
        """A warning about the node."""
        if (node := self.node()) is not None:
            self.tell(node, None, "Warning", reason, message)

    def of_container(self, pod: Object, container: Object, type_: str, reason: str, message: str) -> None:
        self.tell(pod, container["name"], type_, reason, message)

    def once(
        self, pod: Object, local: Local, container: str | None, reason: str, message: str, *, type_: str = "Warning"
    ) -> None:
        """One that is not repeated while the operator runs."""
        if (reason, f"{container}:{message}") not in local.told:
            local.told.add((reason, f"{container}:{message}"))
            self.tell(pod, container, type_, reason, message)


def field_path(pod: Object, container: str) -> str:
    """involvedObject.fieldPath of a container."""
    for field in ("initContainers", "ephemeralContainers"):
        if any(spec["name"] == container for spec in pod["spec"].get(field) or ()):
            return f"spec.{field}{{{container}}}"
    return f"spec.containers{{{container}}}"
