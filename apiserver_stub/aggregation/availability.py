"""Whether an aggregated server can be asked: conditions in kube-aggregator's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.aggregation.remote import Remote
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
    return _port_fault(remote, spec, list(_slices(log, remote)))


def _slices(log: Log, remote: Remote) -> Iterator[Object]:
    for entry in log.list(("discovery.k8s.io", "endpointslices"), remote.namespace):
        if (entry.labels or {}).get(_SERVICE_LABEL) == remote.service:
            yield entry.decode()


def _port_fault(remote: Remote, spec: Mapping[str, Any], slices: Iterable[Object]) -> Condition | None:
    port = next((one for one in spec.get("ports") or () if one.get("port") == remote.port), None)
    where = f'service/{remote.service} in "{remote.namespace}"'
    if port is None:
        return Condition("False", "ServicePortError", f"{where} is not listening on port {remote.port}")
    found = list(slices)
    if not found:
        return Condition("False", "EndpointsNotFound", f"cannot find endpointslices for {where}")
    name = port.get("name") or ""
    if any(_leads_somewhere(slice_, name) for slice_ in found):
        return None
    message = f'endpoints for {where} have no addresses with port name "{name}"'
    return Condition("False", "MissingEndpoints", message)


def _leads_somewhere(slice_: Mapping[str, Any], port: str) -> bool:
    if not any((one.get("name") or "") == port for one in slice_.get("ports") or ()):
        return False
    return any(
        (one.get("conditions") or {}).get("ready") is not False and one.get("addresses")
        for one in slice_.get("endpoints") or ()
    )


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
