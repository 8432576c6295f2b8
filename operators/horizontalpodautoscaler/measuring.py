"""How many Pods each metric of a HorizontalPodAutoscaler asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from operators._kube import quantity
from operators._kube.meta import Object
from operators.horizontalpodautoscaler import replicas, words
from operators.horizontalpodautoscaler.replicas import Proposal, Tolerance, Unusable
from operators.horizontalpodautoscaler.sources import Source


@dataclass(frozen=True, slots=True)
class Scene:
    """The target as it is: `wanted` and `present` replicas, its selector, the Pods that it selects."""

    namespace: str
    wanted: int
    present: int
    selector: str
    pods: Sequence[Object]
    tolerance: Tolerance
    now: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """`name`: as SuccessfulRescale calls the metric; `status`: its entry of currentMetrics."""

    replicas: int
    name: str
    status: Object


class Failed(Exception):
    """A metric that can't be used. `reason`: of the condition and the Event; `message`: of the Event."""

    def __init__(self, reason: str, message: str, summary: str) -> None:
        super().__init__(summary)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of all metrics together. `replicas`: None where nothing can be decided; `failures`: in order."""

    replicas: int | None
    name: str
    statuses: tuple[Object, ...]
    failures: tuple[Failed, ...]
    count: int

    @property
    def error(self) -> str:
        if not self.failures:
            return ""
        return f"invalid metrics ({len(self.failures)} invalid out of {self.count}), first error is: {self.failures[0]}"


async def measure(metrics: Sequence[Object], scene: Scene, source: Source) -> Outcome:
    """The metric that asks for the most counts; with some missing it is not scaled down."""
    found: list[Measured] = []
    failures: list[Failed] = []
    for metric in metrics:
        try:
            found.append(await _one(metric, scene, source))
        except Failed as failure:
            failures.append(failure)
    statuses = tuple(measured.status for measured in found)
    best = max(found, key=lambda measured: measured.replicas, default=None)
    if best is None or (failures and best.replicas < scene.wanted):
        return Outcome(None, "", statuses, tuple(failures), len(metrics))
    return Outcome(best.replicas, best.name, statuses, tuple(failures), len(metrics))


async def _one(metric: Object, scene: Scene, source: Source) -> Measured:
    match metric["type"]:
        case "Resource":
            return await _resource(metric["resource"], "Resource", scene, source)
        case "ContainerResource":
            return await _resource(metric["containerResource"], "ContainerResource", scene, source)
        case "Pods":
            return await _pods(metric["pods"], scene, source)
        case "Object":
            return await _object(metric["object"], scene, source)
        case "External":
            return await _external(metric["external"], scene, source)
        case other:
            why = f'unknown metric source type "{other}"'
            raise Failed("InvalidMetricSourceType", why, why)


async def _resource(spec: Object, type_: str, scene: Scene, source: Source) -> Measured:
    name, container, target = spec["name"], spec.get("container", ""), spec["target"]
    percent, value = target.get("averageUtilization"), target.get("averageValue")
    kind = "usage" if value is not None else "utilization"
    try:
        try:
            samples = await source.resource(scene.namespace, scene.selector, scene.pods, name, container)
        except Unusable as error:
            raise Unusable(f"unable to get metrics for resource {name}: {error}") from error
        more = (name, scene.pods, samples, scene.tolerance, scene.now)
        if value is not None:
            found = replicas.by_average(scene.wanted, quantity.milli(value), *more)
        else:
            found = replicas.by_utilization(scene.wanted, percent or 80, *more, container=container)
    except Unusable as error:
        message = f"failed to get {name} {kind}: {error}"
        what = "resource" if type_ == "Resource" else "container"
        raise Failed(
            f"FailedGet{type_}Metric", message, f"failed to get {name} {what} metric value: {message}"
        ) from error
    current: Object = {"averageValue": words.amount(found.average)}
    if found.utilization is not None:
        current["averageUtilization"] = found.utilization
    entry = {"name": name, **({"container": container} if container else {}), "current": current}
    field = "containerResource" if container else "resource"
    prefix = f"{name} container resource" if container and value is None else f"{name} resource"
    shown = prefix if value is not None else f"{prefix} utilization (percentage of request)"
    return Measured(found.replicas, shown, {"type": type_, field: entry})


async def _pods(spec: Object, scene: Scene, source: Source) -> Measured:
    metric, target = spec["metric"], quantity.milli(spec["target"]["averageValue"])
    try:
        try:
            samples = await source.of_pods(scene.namespace, scene.selector, metric)
        except Unusable as error:
            raise Unusable(f"unable to get metric {metric['name']}: {error}") from error
        found = replicas.by_average(scene.wanted, target, "", scene.pods, samples, scene.tolerance, scene.now)
    except Unusable as error:
        raise Failed("FailedGetPodsMetric", str(error), f"failed to get pods metric value: {error}") from error
    status = {"type": "Pods", "pods": {"metric": metric, "current": {"averageValue": words.amount(found.average)}}}
    return Measured(found.replicas, f"pods metric {metric['name']}", status)


async def _object(spec: Object, scene: Scene, source: Source) -> Measured:
    metric, described, target = spec["metric"], spec["describedObject"], spec["target"]
    try:
        try:
            usage = await source.of_object(scene.namespace, described, metric)
        except Unusable as error:
            where = f"{described['kind']} {scene.namespace}/{described['name']}"
            raise Unusable(f"unable to get metric {metric['name']}: {error} on {where}") from error
        found, current = _of_one(target, usage, scene)
    except Unusable as error:
        raise Failed("FailedGetObjectMetric", str(error), f"failed to get object metric value: {error}") from error
    status = {"type": "Object", "object": {"describedObject": described, "metric": metric, "current": current}}
    shown = f"{described['kind']} metric {metric['name']}"
    if target["type"] != "Value":
        shown = f"external metric {metric['name']}({words.shown(metric)})"  # upstream calls it so
    return Measured(found.replicas, shown, status)


async def _external(spec: Object, scene: Scene, source: Source) -> Measured:
    metric, target, name = spec["metric"], spec["target"], spec["metric"]["name"]
    try:
        try:
            usage = await source.external(scene.namespace, metric)
        except Unusable as error:
            what = f"{scene.namespace}/{name}/{words.shown(metric)}"
            raise Unusable(f"unable to get external metric {what}: {error}") from error
        found, current = _of_one(target, usage, scene)
    except Unusable as error:
        message = f"failed to get {name} external metric: {error}"
        raise Failed(
            "FailedGetExternalMetric", message, f"failed to get {name} external metric value: {message}"
        ) from error
    status = {"type": "External", "external": {"metric": metric, "current": current}}
    return Measured(found.replicas, f"external metric {name}({words.shown(metric)})", status)


def _of_one(target: Object, usage: int, scene: Scene) -> tuple[Proposal, Object]:
    """A value as a whole, or shared by the Pods; and what is shown of it."""
    if target["type"] == "Value":
        ready = replicas.count_ready(scene.pods) if scene.wanted else 0
        found = replicas.by_value(scene.wanted, quantity.milli(target["value"]), usage, ready, scene.tolerance)
        return found, {"value": words.amount(found.average)}
    found = replicas.by_share(scene.present, quantity.milli(target["averageValue"]), usage, scene.tolerance)
    return found, {"averageValue": words.amount(found.average)}
