"""Whether an aggregated server can be asked: conditions in kube-aggregator's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.aggregation.remote import Remote
from apiserver_stub.outbound import services
from apiserver_stub.storage.log import Key, Log

Object = dict[str, Any]

_SERVICE_LABEL: Final = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Condition:
    """APIServiceCondition of type Available; its time comes with the writing."""

    status: str
    reason: str
    message: str


PASSED: Final = Condition("True", "Passed", "all checks passed")


def failed(message: str) -> Condition:
    """The server did not answer as it must."""
    return Condition("False", "FailedDiscoveryCheck", message)


def fault(log: Log, remote: Remote) -> Condition | None:
    """What keeps requests from even leaving for the server; None when one can be tried."""
    entry = log.get(Key("", "services", remote.namespace, remote.service))
    if entry is None:
        message = f'service/{remote.service} in "{remote.namespace}" is not present'
        return Condition("False", "ServiceNotFound", message)
    spec = entry.decode()["spec"]
    if spec.get("type", "ClusterIP") != "ClusterIP":
        return None
    if not any(port.get("port") == remote.port for port in spec.get("ports") or ()):
        message = f'service/{remote.service} in "{remote.namespace}" is not listening on port {remote.port}'
        return Condition("False", "ServicePortError", message)
    try:
        host, _ = services.resolve(log, remote.namespace, remote.service, remote.port)
    except services.Unresolved:
        host = ""
    # Its own address is no endpoint: that leads on to one, or nowhere.
    return _no_endpoint(log, remote, spec) if host in ("", spec.get("clusterIP")) else None


def _no_endpoint(log: Log, remote: Remote, spec: Mapping[str, Any]) -> Condition:
    """Why the Service leads nowhere. One with a selector has EndpointSlices in upstream's eyes, if empty ones."""
    where = f'service/{remote.service} in "{remote.namespace}"'
    slices = log.list(("discovery.k8s.io", "endpointslices"), remote.namespace)
    if not spec.get("selector") and not any((one.labels or {}).get(_SERVICE_LABEL) == remote.service for one in slices):
        return Condition("False", "EndpointsNotFound", f"cannot find endpointslices for {where}")
    name = next(port.get("name") or "" for port in spec["ports"] if port.get("port") == remote.port)
    message = f'endpoints for {where} have no addresses with port name "{name}"'
    return Condition("False", "MissingEndpoints", message)


def put(obj: Object, condition: Condition, now: str) -> Object:
    """The APIService with the condition; the time moves only when its status does. now: metav1.Time."""
    status = dict(obj.get("status") or {})
    others, at = [], now
    for one in status.get("conditions") or ():
        if one.get("type") != "Available":
            others.append(one)
        elif one.get("status") == condition.status:
            at = one.get("lastTransitionTime") or now
    shown = {"type": "Available", "status": condition.status, "lastTransitionTime": at}
    shown |= {"reason": condition.reason, "message": condition.message}
    return obj | {"status": status | {"conditions": [*others, shown]}}
