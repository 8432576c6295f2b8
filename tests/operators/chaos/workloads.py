"""The workloads of these tests: how each is made, rolled, and known to have arrived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.cluster import Cluster, Obj

from .witness import Bounds

NODES = ("n0", "n1", "n2")
_APPS = "/apis/apps/v1/namespaces/default"


@dataclass(frozen=True, slots=True)
class Workload:
    """`plural` of apps/v1; `size`: Pods that it wants."""

    plural: str
    name: str
    size: int
    spec: Obj
    bounds: Bounds

    @property
    def path(self) -> str:
        return f"{_APPS}/{self.plural}/{self.name}"

    def body(self, image: str) -> Obj:
        """The whole object."""
        selector = {"matchLabels": {"app": self.name}}
        kinds = {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"}
        spec = {"selector": selector, "template": self._template(image), **self.spec}
        return {"apiVersion": "apps/v1", "kind": kinds[self.plural], "metadata": {"name": self.name}, "spec": spec}

    def update(self, image: str) -> Obj:
        """A merge patch that begins a rolling update."""
        return {"spec": {"template": self._template(image)}}

    def has_arrived(self, found: Obj) -> bool:
        """Whether the status says that all Pods are of the present template and available."""
        status = found.get("status") or {}
        if status.get("observedGeneration") != found["metadata"]["generation"]:
            return False
        names = {
            "deployments": ("replicas", "updatedReplicas", "availableReplicas"),
            "statefulsets": ("replicas", "updatedReplicas", "availableReplicas", "currentReplicas"),
            "daemonsets": ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable"),
        }
        return all(status.get(name) == self.size for name in names[self.plural])

    def _template(self, image: str) -> Obj:
        return {"metadata": {"labels": {"app": self.name}}, "spec": {"containers": [{"name": "c", "image": image}]}}


def deployment(name: str, size: int, surge: int | str, unavailable: int | str, bounds: Bounds) -> Workload:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    spec = {"replicas": size, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
    return Workload("deployments", name, size, spec, bounds)


def stateful(name: str, size: int, policy: str) -> Workload:
    spec = {"replicas": size, "serviceName": name, "podManagementPolicy": policy}
    return Workload("statefulsets", name, size, spec, Bounds(size - 1, size))


def daemons(name: str, surge: int) -> Workload:
    rolling = {"maxSurge": surge, "maxUnavailable": 1 - surge}
    spec = {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
    count = len(NODES)
    return Workload("daemonsets", name, count, spec, Bounds(count - 1 + surge, count + surge, 1 + surge))


FEW = (
    deployment("quarter", 6, "25%", "25%", Bounds(5, 8)),
    deployment("upwards", 4, 1, 0, Bounds(4, 5)),
    deployment("downwards", 5, 0, 1, Bounds(4, 5)),
    stateful("ordered", 3, "OrderedReady"),
    daemons("daemons", 0),
)
MANY = (
    *FEW,
    deployment("twice", 3, "100%", 0, Bounds(3, 6)),
    deployment("pairs", 6, 2, 2, Bounds(4, 8)),
    deployment("half", 4, "50%", "50%", Bounds(2, 6)),
    stateful("parallel", 4, "Parallel"),
    daemons("surging", 1),
)


def service(name: str) -> Obj:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def budget(name: str) -> Obj:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}


async def furnish(cluster: Cluster, workloads: tuple[Workload, ...], image: str) -> None:
    """Makes them all, each with a Service and a budget, and waits until they have arrived."""
    for each in workloads:
        await cluster.request("POST", f"{_APPS}/{each.plural}", each.body(image))
        await cluster.request("POST", "/api/v1/namespaces/default/services", service(each.name))
        budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
        await cluster.request("POST", budgets, budget(each.name))
    for each in workloads:
        await cluster.until(each.path, each.has_arrived, 60)


def all_there(workload: Workload) -> Callable[[Obj], bool]:
    """For a list of EndpointSlices: they name each of the workload's Pods once."""

    def holds(found: Obj) -> bool:
        ends: list[Any] = [end for one in found["items"] for end in one.get("endpoints") or ()]
        ready = [end["targetRef"]["uid"] for end in ends if end["conditions"]["ready"]]
        return len(ready) == len(set(ready)) == len(ends) == workload.size

    return holds
