"""What a server creates by itself: system namespaces, the kubernetes Service and where it leads, priority classes."""

import asyncio
from typing import Any

import orjson

from apiserver_stub.auth import bootstrap_roles
from apiserver_stub.meta import status
from apiserver_stub.registry.apiregistration import bootstrap as apiservices
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.core import service_allocation
from apiserver_stub.registry.core.service_registry import ServiceRegistry
from apiserver_stub.registry.flowcontrol import bootstrap as flowcontrol
from apiserver_stub.registry.generic import WriteOptions, now
from apiserver_stub.schema import decode
from apiserver_stub.settings import SERVICE_ADDRESS

_WRITER = WriteOptions(field_manager="kube-apiserver")
NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")


# The accounts that operators act as; upstream's controller manager makes the same with the first token it asks for.
ACCOUNTS = (
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "ephemeral-volume-controller",
    "generic-garbage-collector",
    "namespace-controller",
    "node-controller",
    "persistent-volume-binder",
    "pvc-protection-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "service-account-controller",
    "volume-provisioner",
    "volume-snapshotter",
)


async def ensure(catalog: Catalog, address: str, port: int, node: str) -> None:
    """Creates what is missing; what is there is left alone, but for where the server listens.

    address: of this machine, for Pods; "" where it has none. node: what its Node is called.
    """
    for name in NAMESPACES:
        await _create(catalog, "", "v1", "namespaces", {"metadata": {"name": name}})
    # At once: the log writes what comes together together.
    await asyncio.gather(*(_role(catalog, resource, wanted) for resource, wanted in bootstrap_roles.load(node)))
    await asyncio.gather(*(_create(catalog, "", "v1", "serviceaccounts", _account(name)) for name in ACCOUNTS))
    await _flow_control(catalog)
    local = apiservices.local(catalog.kinds.groups(), now())
    await asyncio.gather(*(_create_whole(catalog, "apiregistration.k8s.io", "apiservices", body) for body in local))
    for body in _priority_classes():
        await _create(catalog, "scheduling.k8s.io", "v1", "priorityclasses", body)
    await _create(catalog, "", "v1", "services", _service(port))
    await _service_range(catalog)
    await lead(catalog, address, port)


async def lead(catalog: Catalog, address: str, port: int) -> None:
    """Has the Service kubernetes lead to an address of this machine; "" for none leaves it as it is."""
    if address:
        await _replace(catalog, "", "v1", "endpoints", _endpoints(address, port))
        await _replace(catalog, "discovery.k8s.io", "v1", "endpointslices", _endpoint_slice(address, port))


async def _create(catalog: Catalog, group: str, version: str, resource: str, body: dict[str, Any]) -> None:
    registry = catalog.find(group, version, resource)
    assert registry
    namespace = body["metadata"].get("namespace", "")
    if registry.log.head(registry.key(namespace, body["metadata"]["name"])) is not None:
        return
    try:
        obj, _ = decode.decode(orjson.dumps(body), "application/json", registry.resource)
        await registry.create(obj, namespace, _WRITER)
    except status.StatusError as error:
        raise RuntimeError(f"bootstrap object {resource}/{body['metadata']['name']}: {error.message}") from error


async def _create_whole(catalog: Catalog, group: str, resource: str, body: dict[str, Any]) -> None:
    """Creates an object of version v1 together with its status."""
    registry = catalog.find(group, "v1", resource)
    assert registry
    name = body["metadata"]["name"]
    if registry.log.head(registry.key("", name)) is not None:
        return
    await _create(catalog, group, "v1", resource, body)
    await registry.update("", name, lambda obj: obj | {"status": body["status"]}, _WRITER, "status")


async def _flow_control(catalog: Catalog) -> None:
    group, plural = "flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"
    levels = [body | {"status": {}} for body in flowcontrol.levels()]
    await asyncio.gather(
        *(_create_whole(catalog, group, plural, body) for body in levels),
        *(_create(catalog, group, "v1", "flowschemas", body) for body in flowcontrol.schemas()),
    )


async def _role(catalog: Catalog, resource: str, wanted: dict[str, Any]) -> None:
    """Creates a role or a binding, or adds to one that is there what it lacks."""
    registry = catalog.find("rbac.authorization.k8s.io", "v1", resource)
    assert registry
    namespace, name = wanted["metadata"].get("namespace", ""), wanted["metadata"]["name"]
    entry = registry.log.head(registry.key(namespace, name))
    if entry is None:
        await _create(catalog, registry.resource.group, registry.resource.version, resource, wanted)
    elif (changed := bootstrap_roles.reconciled(wanted, registry.object(entry))) is not None:
        await registry.update(namespace, name, lambda old: changed, _WRITER)


async def _service_range(catalog: Catalog) -> None:
    """The range of Services' addresses as an object, and an object for each address that is in use."""
    name, registry = "kubernetes", catalog.find("networking.k8s.io", "v1", "servicecidrs")
    assert registry
    body = {"metadata": {"name": name}, "spec": {"cidrs": [str(service_allocation.RANGE)]}}
    await _create(catalog, "networking.k8s.io", "v1", "servicecidrs", body)
    if not registry.object(registry.get("", name)).get("status", {}).get("conditions"):
        ready = {
            "type": "Ready",
            "status": "True",
            "lastTransitionTime": now(),
            "reason": "",
            "message": "Kubernetes default Service CIDR is ready",
        }
        options = WriteOptions(field_manager="kubernetes-service-cidr-controller")
        await registry.update("", name, lambda obj: obj | {"status": {"conditions": [ready]}}, options, "status")
    services = catalog.find("", "v1", "services")
    assert isinstance(services, ServiceRegistry)
    await services.repair()


async def _replace(catalog: Catalog, group: str, version: str, resource: str, body: dict[str, Any]) -> None:
    """Creates the object, or puts the content of one that is there right."""
    await _create(catalog, group, version, resource, body)
    registry = catalog.find(group, version, resource)
    assert registry
    content = {name: value for name, value in body.items() if name != "metadata"}
    meta = body["metadata"]
    await registry.update(meta["namespace"], meta["name"], lambda old: old | content, _WRITER)


def _account(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "kube-system"}}


def _endpoints(address: str, port: int) -> dict[str, Any]:
    ports = [{"name": "https", "port": port, "protocol": "TCP"}]
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    return {
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": labels},
        "subsets": [{"addresses": [{"ip": address}], "ports": ports}],
    }


def _endpoint_slice(address: str, port: int) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


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
