"""HorizontalPodAutoscaler: scale what it names by what its Pods use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from operators._kube import meta, quantity
from operators._kube.client import ApiError
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.meta import Object
from operators.horizontalpodautoscaler import SLEEP, measuring, plan, sources, status, targets
from operators.horizontalpodautoscaler.replicas import Tolerance
from operators.horizontalpodautoscaler.status import Word

_HPAS = ("autoscaling/v2", "horizontalpodautoscalers")
# As kube-controller-manager's --horizontal-pod-autoscaler-sync-period and -tolerance.
PERIOD_SECONDS = 15.0
_TOLERANCE = 0.1

controller = Controller("horizontalpodautoscaler", user=SLEEP.user, component="horizontal-pod-autoscaler")


class Local:
    """What is lost with the process, as upstream: recommendations, and which Pods each autoscaler has."""

    def __init__(self) -> None:
        self.histories: dict[str, plan.History] = {}
        self.pods: dict[str, tuple[Key, frozenset[str]]] = {}
        self.nodes = sources.Nodes()

    def clear(self) -> None:
        self.histories.clear()
        self.pods.clear()
        self.nodes = sources.Nodes()


_local = Local()


@dataclass(slots=True)
class Round:
    """One look at one autoscaler: what will be said of it."""

    hpa: Object
    kube: Kube
    now: datetime
    words: list[Word] = field(default_factory=list)

    def say(self, type_: str, is_true: bool, reason: str, message: str) -> None:
        self.words.append((type_, is_true, reason, message))

    async def warn(self, reason: str, message: str) -> None:
        await self.kube.event(self.hpa, "Warning", reason, message)

    async def report(
        self,
        current: int | None = None,
        desired: int | None = None,
        metrics: tuple[Object, ...] = (),
        *,
        rescaled: bool = False,
    ) -> None:
        found = status.compute(
            self.hpa, self.words, self.now, current=current, desired=desired, metrics=metrics, rescaled=rescaled
        )
        await self.kube.patch_status(self.hpa, found)


@controller.on_startup
async def start(kube: Kube) -> None:
    _local.clear()


@controller.reconcile(*_HPAS)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered, and every 15 s: what the Pods use is no object that could be watched."""
    hpa = kube.get_or_none(*_HPAS, key)
    if hpa is None or meta.is_deleting(hpa):
        gone = [uid for uid, (other, _) in _local.pods.items() if other == key]
        for uid in gone:
            _local.pods.pop(uid, None)
            _local.histories.pop(uid, None)
        return DONE
    round_ = Round(hpa, kube, now)
    try:
        await _sync(round_)
    except ApiError as error:
        kube.log.info("%s: %s", key, error)
    return Result(requeue_after=PERIOD_SECONDS)


async def _sync(round_: Round) -> None:
    try:
        path = await targets.path_of(round_.hpa, round_.kube)
        scale = await round_.kube.request("GET", path)
    except (ApiError, targets.Unknown) as error:
        await round_.warn("FailedGetScale", str(error))
        why = f"the HPA controller was unable to get the target's current scale: {error}"
        round_.say("AbleToScale", False, "FailedGetScale", why)
        await round_.report()
        return
    able = "the HPA controller was able to get the target's current scale"
    round_.say("AbleToScale", True, "SucceededGetScale", able)
    spec = round_.hpa["spec"]
    current, least = int((scale.get("spec") or {}).get("replicas") or 0), spec.get("minReplicas", 1)
    if current == 0 and least != 0:
        why = "scaling is disabled since the replica count of the target is zero"
        round_.say("ScalingActive", False, "ScalingDisabled", why)
        await round_.report(current, current)
    elif current > spec["maxReplicas"]:
        await _rescale(round_, path, scale, spec["maxReplicas"], "Current number of replicas above Spec.MaxReplicas")
    elif current < least:
        await _rescale(round_, path, scale, least, "Current number of replicas below Spec.MinReplicas")
    else:
        await _by_metrics(round_, path, scale, current)


async def _by_metrics(round_: Round, path: str, scale: Object, current: int) -> None:
    pods = await _pods(round_, scale)
    if pods is None:
        await round_.report(current)
        return
    selector = scale["status"]["selector"]
    present = int(scale["status"].get("replicas") or 0)
    space, spec = meta.namespace_of(round_.hpa), round_.hpa["spec"]
    scene = measuring.Scene(space, current, present, selector, pods, tolerance(spec), round_.now)
    source = sources.Metrics(round_.kube, _local.nodes)
    outcome = await measuring.measure(spec.get("metrics") or (), scene, source)
    for failure in outcome.failures:
        await round_.warn(failure.reason, failure.message)
    if outcome.replicas is None:
        first = outcome.failures[0]
        why = f"the HPA was unable to compute the replica count: {first.message}"
        round_.say("ScalingActive", False, first.reason, why)
        await round_.report(current, metrics=outcome.statuses)
        await round_.warn("FailedComputeMetricsReplicas", outcome.error)
        return
    found = f"the HPA was able to successfully calculate a replica count from {outcome.name}"
    round_.say("ScalingActive", True, "ValidMetricFound", found)
    uid = meta.uid_of(round_.hpa)
    normal = plan.normalize(spec, current, outcome.replicas, _local.histories.get(uid, plan.History()), round_.now)
    _local.histories[uid] = normal.history
    round_.say("AbleToScale", True, *normal.able)
    round_.say("ScalingLimited", normal.is_limited, *normal.limited)
    reason = "All metrics below target"
    if outcome.replicas > current:
        reason = f"{outcome.name} above target"
    elif outcome.replicas == current:
        reason = ""
    if normal.replicas == current:
        await round_.report(current, current, outcome.statuses)
    else:
        await _rescale(round_, path, scale, normal.replicas, reason, outcome.statuses)


async def _pods(round_: Round, scale: Object) -> list[Object] | None:
    """The Pods of the target; None, after saying why, where they can't be told."""
    selector = (scale.get("status") or {}).get("selector") or ""
    if not selector:
        await round_.warn("SelectorRequired", "selector is required")
        why = "the HPA target's scale is missing a selector"
        round_.say("ScalingActive", False, "InvalidSelector", why)
        await round_.warn("FailedComputeMetricsReplicas", "selector is required")
        return None
    space = meta.namespace_of(round_.hpa)
    pods = await round_.kube.fetch_list("v1", "pods", space, label_selector=selector)
    own = frozenset(meta.uid_of(pod) for pod in pods)
    uid, key = meta.uid_of(round_.hpa), meta.key_of(round_.hpa)
    _local.pods[uid] = (key, own)
    claims = sorted(other for other, theirs in _local.pods.values() if theirs & own)
    if len(claims) > 1:
        names = " ".join(f"{{{name} {namespace}}}" for namespace, name in claims)
        why = f"pods by selector {selector} are controlled by multiple HPAs: [{names}]"
        await round_.warn("AmbiguousSelector", why)
        round_.say("ScalingActive", False, "AmbiguousSelector", why)
        await round_.warn("FailedComputeMetricsReplicas", why)
        return None
    return pods


async def _rescale(
    round_: Round, path: str, scale: Object, size: int, reason: str, metrics: tuple[Object, ...] = ()
) -> None:
    current = int((scale.get("spec") or {}).get("replicas") or 0)
    body = {**scale, "spec": {**(scale.get("spec") or {}), "replicas": size}}
    try:
        await round_.kube.request("PUT", path, body=body)
    except ApiError as error:
        await round_.warn("FailedRescale", f"New size: {size}; reason: {reason}; error: {error}")
        why = f"the HPA controller was unable to update the target scale: {error}"
        round_.say("AbleToScale", False, "FailedUpdateScale", why)
        await round_.report(current, metrics=metrics)
        return
    done = f"the HPA controller was able to update the target scale to {size}"
    round_.say("AbleToScale", True, "SucceededRescale", done)
    await round_.kube.event(round_.hpa, "Normal", "SuccessfulRescale", f"New size: {size}; reason: {reason}")
    uid = meta.uid_of(round_.hpa)
    history = _local.histories.get(uid, plan.History(((round_.now, current),)))
    _local.histories[uid] = history.scaled(current, size, round_.now)
    await round_.report(current, size, metrics, rescaled=True)


def tolerance(spec: Object) -> Tolerance:
    """What the autoscaler allows itself in each direction, 0.1 where it does not say."""
    behavior = spec.get("behavior") or {}

    def of(way: str) -> float:
        given = (behavior.get(way) or {}).get("tolerance")
        return _TOLERANCE if given is None else float(quantity.parse(given))

    return Tolerance(of("scaleUp"), of("scaleDown"))
