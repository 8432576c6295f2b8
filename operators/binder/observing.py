"""What the binder knows when it decides: of the cache, and of the API server where a Pod asks for more."""

from __future__ import annotations

from operators._kube import meta
from operators._kube.client import Kube
from operators._kube.meta import Object
from operators._kube.volumes import claim_names
from operators.binder import devices, neighbours, volumes
from operators.binder.assumed import Assumed
from operators.binder.cluster import Cluster, Refusal, is_finished

Labels = dict[str, dict[str, str]]


async def namespaces(pod: Object, kube: Kube) -> Labels:
    """Labels of all namespaces, where some Pod's affinity selects by them: too rare to keep them in memory."""
    if not any(neighbours.asks_for_namespaces(other) for other in (pod, *kube.list("v1", "pods"))):
        return {}
    return {meta.name_of(space): dict(meta.labels_of(space)) for space in await kube.fetch_list("v1", "namespaces")}


async def budgets(kube: Kube) -> list[Object]:
    """Only those are asked that have victims."""
    return await kube.fetch_list("policy/v1", "poddisruptionbudgets")


async def missing_devices(pod: Object, kube: Kube) -> Refusal | None:
    if not pod["spec"].get("resourceClaims"):
        return None
    found = await kube.fetch_list("resource.k8s.io/v1", "resourceclaims", meta.namespace_of(pod))
    why = devices.missing(pod, {meta.name_of(claim): claim for claim in found})
    return Refusal((why,), final=True) if why else None


def cluster(pod: Object, kube: Kube, assumed: Assumed, spaces: Labels, refusal: Refusal | None) -> Cluster:
    """As the cache has it, with the bindings that are on their way."""
    nodes = {meta.name_of(node): node for node in kube.list("v1", "nodes") if not meta.is_deleting(node)}
    pods: dict[str, list[Object]] = {name: [] for name in nodes}
    nominated: dict[str, list[Object]] = {}
    going = {meta.uid_of(other): node for other, node in assumed.pods(kube)}
    for other in kube.list("v1", "pods"):
        if is_finished(other):
            continue
        if node := other["spec"].get("nodeName") or going.get(meta.uid_of(other)):
            pods.setdefault(node, []).append(other)
        elif (node := (other.get("status") or {}).get("nominatedNodeName")) and not meta.is_deleting(other):
            nominated.setdefault(node, []).append(other)
    storage = _storage(meta.namespace_of(pod), kube) if claim_names(pod) else None
    return Cluster(nodes, pods, nominated, spaces, storage, refusal=refusal)


def _storage(namespace: str, kube: Kube) -> volumes.Storage:
    return volumes.Storage(
        kube.list("v1", "persistentvolumeclaims", namespace),
        kube.list("v1", "persistentvolumes"),
        kube.list("storage.k8s.io/v1", "storageclasses"),
    )
