"""Host ports: each can belong to one Pod (pure)."""

from operators.pod.admission.rejection import Rejection, Scene
from operators.pod.lifecycle import plan
from operators.pod.sources import Object

REASON = "NodePorts"  # the scheduler's name of the predicate


def check(pod: Object, scene: Scene) -> Rejection | None:
    if any(port in scene.taken_ports for port in host_ports(pod)):
        return Rejection(
            REASON, "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        )
    return None


def host_ports(pod: Object) -> set[tuple[str, int]]:
    """(protocol in lower case, port) of the node's ports that the Pod asks for."""
    return {
        (str(port.get("protocol") or "TCP").lower(), int(port["hostPort"]))
        for container, _ in plan.containers(pod)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    }
