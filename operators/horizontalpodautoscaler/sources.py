"""Where metrics come from: the metrics APIs where they are served, else the kubelets' own statistics."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from operators._kube import discovery, meta, paths, quantity
from operators._kube.client import ApiError, Kube
from operators._kube.meta import Object
from operators._kube.paths import Kind
from operators.horizontalpodautoscaler import words
from operators.horizontalpodautoscaler.replicas import Sample, Unusable

_RESOURCE, _CUSTOM, _EXTERNAL = "metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io"
# A node is asked once for all autoscalers of a round.
_FRESH_SECONDS = 10.0

Samples = dict[str, Sample]


class Source(Protocol):
    """Values in thousandths. Raises Unusable, in upstream's words."""

    async def resource(
        self, namespace: str, selector: str, pods: Collection[Object], name: str, container: str
    ) -> Samples: ...

    async def of_pods(self, namespace: str, selector: str, metric: Object) -> Samples: ...

    async def of_object(self, namespace: str, described: Object, metric: Object) -> int: ...

    async def external(self, namespace: str, metric: Object) -> int: ...


@dataclass(frozen=True, slots=True)
class Count:
    """What a container had used by then: nanoseconds of CPU; and what it uses: bytes."""

    cpu: int
    memory: int
    at: datetime


class Nodes:
    """The last two readings of each node's kubelet, by (UID of the Pod, container)."""

    def __init__(self) -> None:
        self._read: dict[str, float] = {}
        self._old: dict[str, dict[tuple[str, str], Count]] = {}
        self._new: dict[str, dict[tuple[str, str], Count]] = {}

    async def usage(self, kube: Kube, pods: Collection[Object], resource: str, container: str) -> Samples:
        """Pods of which a container says nothing yet are left out."""
        for node in {pod["spec"]["nodeName"] for pod in pods if pod["spec"].get("nodeName")}:
            await self._look(kube, node)
        found: Samples = {}
        for pod in pods:
            if sample := self._of(pod, resource, container):
                found[meta.name_of(pod)] = sample
        return found

    async def _look(self, kube: Kube, node: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._read.get(node, -math.inf) < _FRESH_SECONDS:
            return
        path = f"/api/v1/nodes/{quote(node, safe='')}/proxy/stats/summary"
        summary = await kube.request("GET", path, params={"only_cpu_and_memory": "true"})
        self._read[node] = now
        self._old[node], self._new[node] = self._new.get(node, {}), counts(summary)

    def _of(self, pod: Object, resource: str, container: str) -> Sample | None:
        node, uid = pod["spec"].get("nodeName", ""), meta.uid_of(pod)
        names = [c["name"] for c in pod["spec"]["containers"] if container in ("", c["name"])]
        values = []
        for name in names:
            new, old = (known.get(node, {}).get((uid, name)) for known in (self._new, self._old))
            if new is None:
                return None
            sample = rate(old, new) if resource == "cpu" else Sample(new.memory * 1000, new.at)
            if sample is None:
                return None
            values.append(sample)
        if not values:
            return None
        return Sample(sum(value.value for value in values), values[0].at, values[0].window)


def counts(summary: Object) -> dict[tuple[str, str], Count]:
    """What /stats/summary says of each container."""
    found = {}
    for pod in summary.get("pods") or ():
        for container in pod.get("containers") or ():
            cpu, memory = container.get("cpu") or {}, container.get("memory") or {}
            if "usageCoreNanoSeconds" in cpu and "workingSetBytes" in memory:
                count = Count(cpu["usageCoreNanoSeconds"], memory["workingSetBytes"], meta.parse_time(cpu["time"]))
                found[pod["podRef"]["uid"], container["name"]] = count
    return found


def rate(old: Count | None, new: Count) -> Sample | None:
    """Thousandths of a core; None with one reading alone, and after the container was started again."""
    if old is None or new.cpu < old.cpu or new.at <= old.at:
        return None
    seconds = (new.at - old.at).total_seconds()
    return Sample(math.ceil((new.cpu - old.cpu) / seconds / 1e6), new.at, seconds)


class Metrics:
    """`Source` over the API server."""

    def __init__(self, kube: Kube, nodes: Nodes) -> None:
        self._kube = kube
        self._nodes = nodes

    async def resource(
        self, namespace: str, selector: str, pods: Collection[Object], name: str, container: str
    ) -> Samples:
        if name not in ("cpu", "memory"):
            raise Unusable("no metrics returned from resource metrics API")
        path = paths.of_collection(Kind(f"{_RESOURCE}/v1beta1", "pods"), namespace)
        try:
            answer = await self._kube.request("GET", path, params={"labelSelector": selector})
            found = of_resource(answer, name, container)
        except ApiError as error:
            if not error.is_not_found:
                raise Unusable(f"unable to fetch metrics from resource metrics API: {error}") from error
            found = await self._from_nodes(pods, name, container)
        if not found:
            raise Unusable("no metrics returned from resource metrics API")
        return found

    async def _from_nodes(self, pods: Collection[Object], name: str, container: str) -> Samples:
        try:
            return await self._nodes.usage(self._kube, pods, name, container)
        except ApiError as error:
            raise Unusable(f"unable to fetch metrics from resource metrics API: {error}") from error

    async def of_pods(self, namespace: str, selector: str, metric: Object) -> Samples:
        where = f"namespaces/{quote(namespace)}/pods/*/{quote(metric['name'], safe='')}"
        items = await self._custom(where, metric, selector)
        return {
            item["describedObject"]["name"]: Sample(
                quantity.milli(item["value"]), meta.parse_time(item["timestamp"]), item.get("windowSeconds") or 60
            )
            for item in items
        }

    async def of_object(self, namespace: str, described: Object, metric: Object) -> int:
        name, what = quote(described["name"], safe=""), quote(metric["name"], safe="")
        if described["kind"] == "Namespace":
            where = f"namespaces/{name}/metrics/{what}"
        else:
            where = f"namespaces/{quote(namespace)}/{await self._plural(described)}/{name}/{what}"
        items = await self._custom(where, metric)
        return quantity.milli(items[0]["value"])

    async def external(self, namespace: str, metric: Object) -> int:
        path = f"/apis/{_EXTERNAL}/v1beta1/namespaces/{quote(namespace)}/{quote(metric['name'], safe='')}"
        try:
            answer = await self._kube.request("GET", path, params={"labelSelector": words.selector(metric)})
        except ApiError as error:
            raise Unusable(f"unable to fetch metrics from external metrics API: {error}") from error
        if not answer.get("items"):
            raise Unusable("no metrics returned from external metrics API")
        return sum(quantity.milli(item["value"]) for item in answer["items"])

    async def _custom(self, where: str, metric: Object, selector: str = "") -> list[Object]:
        try:
            version = (await self._kube.request("GET", f"/apis/{_CUSTOM}"))["preferredVersion"]["groupVersion"]
        except ApiError as error:
            why = f"no custom metrics API ({_CUSTOM}) registered" if error.is_not_found else str(error)
            raise Unusable(f"unable to fetch metrics from custom metrics API: {why}") from error
        params = {"labelSelector": selector, "metricLabelSelector": words.selector(metric)}
        try:
            answer = await self._kube.request("GET", f"/apis/{version}/{where}", params=params)
        except ApiError as error:
            raise Unusable(f"unable to fetch metrics from custom metrics API: {error}") from error
        items: list[Object] = answer.get("items") or []
        if not items:
            raise Unusable("no metrics returned from custom metrics API")
        return items

    async def _plural(self, described: Object) -> str:
        api_version = described.get("apiVersion") or "v1"
        try:
            entries = (await discovery.resource_list(self._kube, api_version)).get("resources") or []
        except ApiError as error:
            raise Unusable(f"unable to fetch metrics from custom metrics API: {error}") from error
        names = [entry["name"] for entry in entries if entry["kind"] == described["kind"] and "/" not in entry["name"]]
        if not names:
            raise Unusable(f'no matches for kind "{described["kind"]}" in version "{api_version}"')
        group = meta.group_of(api_version)
        return f"{names[0]}.{group}" if group else str(names[0])


def of_resource(answer: Object, name: str, container: str) -> Samples:
    """PodMetrics as values by Pod. Raises Unusable where the container is not there."""
    found: Samples = {}
    for item in answer.get("items") or ():
        parts = [c for c in item.get("containers") or () if container in ("", c["name"])]
        if container and not parts:
            where = f"{meta.namespace_of(item)}/{meta.name_of(item)}"
            raise Unusable(f"container {container} not present in metrics for pod {where}")
        if parts and all(name in (part.get("usage") or {}) for part in parts):
            value = sum(quantity.milli(part["usage"][name]) for part in parts)
            at, window = meta.parse_time(item["timestamp"]), words.seconds(item.get("window") or "")
            found[meta.name_of(item)] = Sample(value, at, window)
    return found
