"""StatefulSet: what one round creates and deletes (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from operators._kube import meta
from operators._kube.actions import Action, Create, Delete, Event, Note, Patch
from operators._kube.meta import Object
from operators._workloads import amounts, pods
from operators.statefulset import identity, retention


@dataclass(frozen=True, slots=True)
class Revisions:
    """`current`: of the Pods that a rolling update has not reached; `update`: of the present template."""

    current: Object
    update: Object


@dataclass(slots=True)
class Step:
    """In this order: claims, Pods to create, Pods to delete, owners of claims. `waits_for`: claims on their way out."""

    claims: list[Action] = field(default_factory=list)
    creates: list[Create] = field(default_factory=list)
    deletes: list[Action] = field(default_factory=list)
    patches: list[Patch] = field(default_factory=list)
    waits_for: list[str] = field(default_factory=list)


def step(
    set_: Object, owned: Iterable[Object], claims: Mapping[str, Object], revisions: Revisions, now: datetime
) -> Step:
    """One round towards the spec: as far as the order of Pods allows. `claims`: those of the namespace, by name."""
    made = Step()
    if meta.is_deleting(set_):
        return made
    by_number = {number: pod for pod in owned if (number := identity.ordinal(pod)) is not None}
    wanted = identity.ordinals(set_)
    condemned = [by_number[number] for number in sorted(by_number, reverse=True) if number not in wanted]
    in_order = set_["spec"].get("podManagementPolicy") != "Parallel"
    _retain(set_, by_number, claims, wanted, made)
    for number in wanted:
        if _replica(set_, number, by_number.get(number), claims, revisions, now, made) and in_order:
            return made
    replicas = [by_number.get(number) for number in wanted]
    everybody = (*replicas, *reversed(condemned))
    first_sick = next((pod for pod in everybody if pod is not None and not is_healthy(pod)), None)
    for pod in condemned:
        if _condemn(set_, pod, first_sick, now, in_order, made):
            return made
    _update(set_, by_number, revisions.update, made)
    return made


def is_healthy(pod: Object) -> bool:
    """Running, ready and meant to stay."""
    return pods.phase(pod) == "Running" and pods.is_ready(pod) and not meta.is_deleting(pod)


def _replica(
    set_: Object,
    number: int,
    pod: Object | None,
    claims: Mapping[str, Object],
    revisions: Revisions,
    now: datetime,
    made: Step,
) -> bool:
    """Brings one Pod closer; True when those after it have to wait for it."""
    if pod is None:
        _create(set_, number, claims, revisions, made)
        return True
    if pods.phase(pod) in ("Failed", "Succeeded"):
        if not meta.is_deleting(pod):
            made.deletes += [_recreating(set_, pod), _delete(set_, pod)]
        return True
    if pods.phase(pod) == "Pending":
        made.claims += _missing(set_, number, claims)
    least = set_["spec"].get("minReadySeconds", 0)
    return not is_healthy(pod) or not pods.is_available(pod, least, now)


def _recreating(set_: Object, pod: Object) -> Event:
    where = f"StatefulSet {meta.namespace_of(set_)}/{meta.name_of(set_)}"
    if pods.phase(pod) == "Failed":
        text = f"{where} is recreating failed Pod {meta.name_of(pod)}"
        return Event(set_, "Warning", "RecreatingFailedPod", text)
    text = f"{where} is recreating terminated Pod {meta.name_of(pod)}"
    return Event(set_, "Normal", "RecreatingTerminatedPod", text)


def _create(set_: Object, number: int, claims: Mapping[str, Object], revisions: Revisions, made: Step) -> None:
    name, of = identity.name(set_, number), meta.name_of(set_)
    going = [
        claim for claim in identity.claims(set_, number) if meta.is_deleting(claims.get(meta.name_of(claim)) or {})
    ]
    if going:
        made.waits_for += [meta.name_of(claim) for claim in going]
        return
    made.claims += _missing(set_, number, claims)
    revision = revisions.current if _keeps_revision(set_, number) else revisions.update
    success = Note("SuccessfulCreate", f"create Pod {name} in StatefulSet {of} successful")
    failure = Note("FailedCreate", f"create Pod {name} in StatefulSet {of} failed error: {{error}}")
    made.creates.append(Create("v1", "pods", identity.pod(set_, number, revision), success=success, failure=failure))


def _missing(set_: Object, number: int, claims: Mapping[str, Object]) -> list[Action]:
    found: list[Action] = []
    pod, of = identity.name(set_, number), meta.name_of(set_)
    for claim in identity.claims(set_, number):
        name = meta.name_of(claim)
        if name in claims:
            continue
        if owners := retention.of_set(set_):
            claim["metadata"]["ownerReferences"] = owners
        text = f"create Claim {name} Pod {pod} in StatefulSet {of} success"
        found += [Create("v1", "persistentvolumeclaims", claim), Event(set_, "Normal", "SuccessfulCreate", text)]
    return found


def _keeps_revision(set_: Object, number: int) -> bool:
    """Whether a Pod that is missing comes back as it was: below the partition of a rolling update."""
    strategy = set_["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return False
    return number < identity.start(set_) + _partition(set_)


def _condemn(set_: Object, pod: Object, first_sick: Object | None, now: datetime, in_order: bool, made: Step) -> bool:
    """Deletes a Pod that the set no longer has; True when those before it have to wait."""
    if meta.is_deleting(pod):
        return in_order
    least = set_["spec"].get("minReadySeconds", 0)
    is_fit = is_healthy(pod) and pods.is_available(pod, least, now)
    if in_order and not is_fit and pod is not first_sick:
        return True
    made.deletes.append(_delete(set_, pod))
    return in_order


def _update(set_: Object, by_number: Mapping[int, Object], update: Object, made: Step) -> None:
    """The highest ordinals first; no more than maxUnavailable of them away at once."""
    strategy = set_["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") == "OnDelete":
        return
    wanted = identity.ordinals(set_)
    away = sum(1 for number in wanted if number not in by_number or not is_healthy(by_number[number]))
    room = _most_unavailable(set_) - away
    for number in reversed(wanted[min(_partition(set_), len(wanted)) :]):
        pod = by_number.get(number)
        is_old = pod is not None and identity.revision_of(pod) != meta.name_of(update)
        if pod is not None and is_old and not meta.is_deleting(pod):
            # One that is away already may be replaced without taking another.
            if room <= 0 and is_healthy(pod):
                return
            made.deletes.append(_delete(set_, pod))
            room -= 1 if is_healthy(pod) else 0
        elif (pod is None or not is_healthy(pod)) and room <= 0:
            return


def _most_unavailable(set_: Object) -> int:
    rolling = (set_["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    value = rolling.get("maxUnavailable", 1)
    return max(1, amounts.whole(value, len(identity.ordinals(set_)), round_up=False))


def _partition(set_: Object) -> int:
    rolling = (set_["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return int(rolling.get("partition") or 0)


def _retain(
    set_: Object, by_number: Mapping[int, Object], claims: Mapping[str, Object], wanted: range, made: Step
) -> None:
    if not set_["spec"].get("volumeClaimTemplates"):
        return
    for number, pod in by_number.items():
        own = [claims[name] for c in identity.claims(set_, number) if (name := meta.name_of(c)) in claims]
        made.patches += retention.patches(set_, pod, own, is_condemned=number not in wanted)


def _delete(set_: Object, pod: Object) -> Delete:
    name, of = meta.name_of(pod), meta.name_of(set_)
    success = Note("SuccessfulDelete", f"delete Pod {name} in StatefulSet {of} successful")
    failure = Note("FailedDelete", f"delete Pod {name} in StatefulSet {of} failed error: {{error}}")
    return Delete("v1", "pods", meta.namespace_of(pod), name, uid=meta.uid_of(pod), success=success, failure=failure)
