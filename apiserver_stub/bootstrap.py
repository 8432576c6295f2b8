"""What a fresh server creates by itself: system namespaces, the kubernetes Service, system priority classes."""

from typing import Any

import orjson

from apiserver_stub.meta import status
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.generic import WriteOptions
from apiserver_stub.schema import decode
from apiserver_stub.settings import SERVICE_ADDRESS

NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")


async def ensure(catalog: Catalog, port: int) -> None:
    """Creates what is missing; what is there is left alone."""
    for name in NAMESPACES:
        await _create(catalog, "", "v1", "namespaces", {"metadata": {"name": name}})
    for body in _priority_classes():
        await _create(catalog, "scheduling.k8s.io", "v1", "priorityclasses", body)
    await _create(catalog, "", "v1", "services", _service(port))


async def _create(catalog: Catalog, group: str, version: str, resource: str, body: dict[str, Any]) -> None:
    registry = catalog.find(group, version, resource)
    assert registry
    namespace = body["metadata"].get("namespace", "")
    if registry.log.head(registry.key(namespace, body["metadata"]["name"])) is not None:
        return
    try:
        obj, _ = decode.decode(orjson.dumps(body), "application/json", registry.resource)
        await registry.create(obj, namespace, WriteOptions())
    except status.StatusError as error:
        raise RuntimeError(f"bootstrap object {resource}/{body['metadata']['name']}: {error.message}") from error


def _priority_classes() -> list[dict[str, Any]]:
    why = "Used for system critical pods that must "
    return [
        {
            "metadata": {"name": "system-node-critical"},
            "value": 2000001000,
            "description": f"{why}not be moved from their current node.",
        },
        {
            "metadata": {"name": "system-cluster-critical"},
            "value": 2000000000,
            "description": f"{why}run in the cluster, but can be moved to another node if necessary.",
        },
    ]


def _service(port: int) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": SERVICE_ADDRESS,
            "clusterIPs": [SERVICE_ADDRESS],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "None",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": port}],
        },
    }
