"""Whether the node has room for a Pod, and is fit for it (pure)."""

from operators._kube import affinity, conditions, taints
from operators.pod.admission.rejection import Rejection, Scene
from operators.pod.eviction import wording
from operators.pod.resources import fitting, priority
from operators.pod.sources import Object
from operators.pod.status import qos

_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
_MEMORY_TAINT = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


def under_pressure(pod: Object, scene: Scene) -> Rejection | None:
    """A node that is short of something takes only Pods that it cannot do without; of memory, also those that
    request some."""
    present = conditions.of(scene.node)
    short = [name for name in _PRESSURES if conditions.is_true(present, name)]
    if not short or priority.is_critical(pod):
        return None
    if short == ["MemoryPressure"]:
        tolerations = pod["spec"].get("tolerations") or ()
        is_tolerant = any(taints.tolerates(toleration, _MEMORY_TAINT) for toleration in tolerations)
        if qos.compute(pod) != "BestEffort" or is_tolerant:
            return None
    return Rejection(wording.REASON, f"The node had condition: [{' '.join(short)}]. ")


def enough(pod: Object, scene: Scene) -> Rejection | None:
    """Room is made for a Pod that the node cannot do without: see operators.pod.eviction.evictor."""
    if priority.is_critical(pod):
        return None
    lacks = fitting.lacks(pod, scene.others, scene.node)
    return Rejection(lacks[0].reason, lacks[0].message) if lacks else None


def placed(pod: Object, scene: Scene) -> Rejection | None:
    """Whether a Pod that no scheduler has bound asks for another node than this."""
    if not scene.node:
        return None
    if not affinity.matches(dict(pod), dict(scene.node)):
        text = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
        return Rejection("NodeAffinity", text)
    if not priority.is_static(pod) and not taints.tolerated(pod, scene.node, ("NoExecute",)):
        text = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
        return Rejection("TaintToleration", text)
    return None
