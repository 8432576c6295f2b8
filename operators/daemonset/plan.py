"""DaemonSet: what one round creates and deletes (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from operators._kube import meta
from operators._kube.actions import Create, Delete, Event, Note
from operators._kube.meta import Object
from operators._workloads import amounts, pods
from operators.daemonset import daemons

BURST = 250
_CREATED = Note("SuccessfulCreate", "Created pod: {name}")
_NOT_CREATED = Note("FailedCreate", "Error creating: {error}")
_DELETED = Note("SuccessfulDelete", "Deleted pod: {name}")
_NOT_DELETED = Note("FailedDelete", "Error deleting: {error}")


@dataclass(slots=True)
class Step:
    """`again`: seconds until the next look for the sake of a Pod that failed and waits to be replaced."""

    events: list[Event] = field(default_factory=list)
    deletes: list[Delete] = field(default_factory=list)
    creates: list[Create] = field(default_factory=list)
    again: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A round's facts. `code`: hash of the present template's revision; `failures`: Pods that failed, by Node."""

    nodes: Sequence[Object]
    code: str
    now: datetime
    failures: Mapping[str, int] = field(default_factory=dict)


def step(set_: Object, owned: Iterable[Object], scene: Scene) -> Step:
    """Pods where they are missing, none where they are not wanted; then the rolling update."""
    made = Step()
    if meta.is_deleting(set_):
        return made
    on_node = by_node(owned)
    for node in scene.nodes:
        _settle(set_, node, on_node.get(meta.name_of(node), []), scene, made)
    known = {meta.name_of(node) for node in scene.nodes}
    for name, found in on_node.items():
        if name not in known:
            # A Pod of a Node that is gone; one that was never bound to it would wait for ever.
            made.deletes += [_delete(pod) for pod in found if not meta.is_deleting(pod)]
    if (set_["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate":
        taken = {action.name for action in made.deletes}
        surges = most_surge(set_, scene) > 0
        outdated = _surged(set_, on_node, scene, made) if surges else _outdated(set_, on_node, scene)
        made.deletes += [_delete(pod) for pod in outdated if meta.name_of(pod) not in taken]
    made.creates, made.deletes = made.creates[:BURST], made.deletes[:BURST]
    return made


def by_node(owned: Iterable[Object]) -> dict[str, list[Object]]:
    """The Pods by the Node they are on, or meant for; oldest first."""
    found: dict[str, list[Object]] = {}
    for pod in sorted(owned, key=lambda pod: (pod["metadata"].get("creationTimestamp") or "", meta.name_of(pod))):
        found.setdefault(daemons.node_of(pod), []).append(pod)
    return found


def is_new(set_: Object, pod: Object, code: str) -> bool:
    """Whether a Pod was made from the present template."""
    labels = meta.labels_of(pod)
    generation = daemons.template_generation(set_)
    return labels.get(daemons.HASH) == code or (bool(generation) and labels.get(daemons.GENERATION) == generation)


def most_unavailable(set_: Object, scene: Scene) -> int:
    return _limit(set_, scene, "maxUnavailable", 1)


def most_surge(set_: Object, scene: Scene) -> int:
    return _limit(set_, scene, "maxSurge", 0)


def backoff(failures: int) -> timedelta:
    """How long a Node waits after its Pod has failed: a second, doubling up to 15 minutes."""
    return timedelta(seconds=min(2 ** min(max(failures - 1, 0), 20), 900))


def _settle(set_: Object, node: Object, present: Sequence[Object], scene: Scene, made: Step) -> None:
    is_wanted, may_stay = daemons.wants(set_, node)
    if not may_stay:
        made.deletes += [_delete(pod) for pod in present if not meta.is_deleting(pod)]
        return
    living = [pod for pod in present if not _replaced(set_, node, pod, scene, made)]
    staying = [pod for pod in living if not meta.is_deleting(pod)]
    ended = [pod for pod in present if pod not in living]
    if is_wanted and not living and not ended:
        made.creates.append(_create(set_, node, scene))
    elif most_surge(set_, scene):
        # A new one may stand beside an old one.
        new = [pod for pod in staying if is_new(set_, pod, scene.code)]
        old = [pod for pod in staying if pod not in new]
        made.deletes += [_delete(pod) for pod in (*new[1:], *old[1:])]
    else:
        made.deletes += [_delete(pod) for pod in staying[1:]]


def _replaced(set_: Object, node: Object, pod: Object, scene: Scene, made: Step) -> bool:
    """Sees to a Pod that has ended: it goes, failed ones after a while; False for one that has not ended."""
    phase = pods.phase(pod)
    if phase not in ("Failed", "Succeeded"):
        return False
    if meta.is_deleting(pod):
        return True
    where = f"{meta.namespace_of(pod)}/{meta.name_of(pod)} on node {meta.name_of(node)}"
    if phase == "Succeeded":
        text = f"Found succeeded daemon pod {where}, will try to delete it"
        made.events.append(Event(set_, "Normal", "SucceededDaemonPod", text))
        made.deletes.append(_delete(pod))
        return True
    waits = backoff(scene.failures.get(meta.name_of(node), 0))
    left = (meta.parse_time(pod["metadata"]["creationTimestamp"]) + waits - scene.now).total_seconds()
    if left > 0:
        made.again = left if made.again is None else min(made.again, left)
        return True
    text = f"Found failed daemon pod {where}, will try to kill it"
    made.events.append(Event(set_, "Warning", "FailedDaemonPod", text))
    made.deletes.append(_delete(pod))
    return True


def _outdated(set_: Object, on_node: Mapping[str, Sequence[Object]], scene: Scene) -> list[Object]:
    """Old Pods that may go now, to be made anew: those that serve nobody, and others as far as maxUnavailable goes."""
    idle: list[Object] = []
    serving: list[Object] = []
    away = 0
    for staying in _staying(set_, on_node, scene):
        if len(staying) != 1:
            away += 1  # it is made, or thinned out, first
            continue
        is_available = _is_available(set_, staying[0], scene)
        away += 0 if is_available else 1
        if not is_new(set_, staying[0], scene.code):
            (serving if is_available else idle).append(staying[0])
    room = max(0, most_unavailable(set_, scene) - away)
    return [*idle, *serving[:room]]


def _surged(set_: Object, on_node: Mapping[str, Sequence[Object]], scene: Scene, made: Step) -> list[Object]:
    """With maxSurge, new Pods are made beside the old ones, which go when those are available."""
    nodes = {meta.name_of(node): node for node in scene.nodes}
    idle: list[str] = []
    serving: list[str] = []
    gone: list[Object] = []
    surging = 0
    for staying in _staying(set_, on_node, scene):
        new = [pod for pod in staying if is_new(set_, pod, scene.code)]
        old = [pod for pod in staying if pod not in new]
        if old and not new:
            (serving if _is_available(set_, old[0], scene) else idle).append(daemons.node_of(old[0]))
        elif old and _is_available(set_, new[0], scene):
            gone += old
        elif old:
            surging += 1
    room = max(0, most_surge(set_, scene) - surging)
    made.creates += [_create(set_, nodes[name], scene) for name in (*idle, *serving[:room])]
    return gone


def _staying(set_: Object, on_node: Mapping[str, Sequence[Object]], scene: Scene) -> Iterator[list[Object]]:
    """For each Node that the set wants: its Pods that neither end nor have ended."""
    for node in scene.nodes:
        if daemons.wants(set_, node)[0]:
            yield [pod for pod in on_node.get(meta.name_of(node), ()) if pods.is_active(pod)]


def _is_available(set_: Object, pod: Object, scene: Scene) -> bool:
    return pods.is_available(pod, set_["spec"].get("minReadySeconds", 0), scene.now)


def _limit(set_: Object, scene: Scene, name: str, default: int) -> int:
    rolling = (set_["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    wanted = sum(1 for node in scene.nodes if daemons.wants(set_, node)[0])
    return amounts.whole(rolling.get(name, default), wanted, round_up=True)


def _create(set_: Object, node: Object, scene: Scene) -> Create:
    return Create("v1", "pods", daemons.pod(set_, node, scene.code), success=_CREATED, failure=_NOT_CREATED)


def _delete(pod: Object) -> Delete:
    where = ("v1", "pods", meta.namespace_of(pod), meta.name_of(pod))
    return Delete(*where, uid=meta.uid_of(pod), success=_DELETED, failure=_NOT_DELETED)
