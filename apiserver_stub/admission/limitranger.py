"""LimitRanger: defaults and bounds of what one Pod, container or claim may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apiserver_stub.admission import amounts
from apiserver_stub.admission.amounts import Amounts
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

Object = dict[str, Any]

_ANNOTATION: Final = "kubernetes.io/limit-ranger"
_KINDS: Final = ("pods", "persistentvolumeclaims")


class LimitRanger:
    """See the Kubernetes page "Limit Ranges"."""

    def __init__(self, view: base.View) -> None:
        self._view = view

    def handles(self, resource: kinds.Resource) -> bool:
        return resource.group_resource in _KINDS

    def admit(self, a: Attributes) -> None:
        """Fills what the containers of a new Pod leave out."""
        if a.resource.name != "pods" or a.operation != "CREATE" or a.subresource or a.obj is None:
            return
        for limits in self._limits(a.namespace):
            _fill(a.obj, limits)

    def validate(self, a: Attributes) -> None:
        """Raises StatusError (403)."""
        if a.obj is None or not _is_judged(a) or (a.old or {}).get("metadata", {}).get("deletionTimestamp"):
            return
        judge = _pod if a.resource.name == "pods" else _claim
        for limits in self._limits(a.namespace):
            faults = [fault for limit in limits for fault in judge(a.obj["spec"], limit)]
            if faults:
                listed = list(dict.fromkeys(faults))
                message = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
                raise status.forbidden(a.resource, a.obj["metadata"].get("name", ""), message)

    def _limits(self, namespace: str) -> Iterator[list[Object]]:
        """The limits of each LimitRange of the namespace, by name."""
        found = [r for r in self._view.list("", "limitranges") if r["metadata"].get("namespace") == namespace]
        for obj in sorted(found, key=lambda r: str(r["metadata"]["name"])):
            yield (obj.get("spec") or {}).get("limits") or []


def _is_judged(a: Attributes) -> bool:
    if a.operation not in ("CREATE", "UPDATE"):
        return False
    if a.subresource:
        return a.subresource == "resize"
    # What a Pod asks for changes by way of `resize` only.
    return a.operation == "CREATE" or a.resource.name != "pods"


def _fill(pod: Object, limits: list[Object]) -> None:
    wanted: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for limit in limits:
        if limit.get("type") == "Container":
            wanted["requests"] |= limit.get("defaultRequest") or {}
            wanted["limits"] |= limit.get("default") or {}
    if not (wanted["requests"] or wanted["limits"]):
        return
    notes: list[str] = []
    for group, title in (("containers", "container"), ("initContainers", "init container")):
        for container in pod["spec"].get(group) or ():
            notes += _fill_container(container, wanted, title)
    if notes:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[_ANNOTATION] = f"LimitRanger plugin set: {'; '.join(notes)}"


def _fill_container(container: Object, wanted: dict[str, dict[str, str]], title: str) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    for kind, word in (("requests", "request"), ("limits", "limit")):
        given = resources.get(kind) or {}
        added = {name: amount for name, amount in wanted[kind].items() if name not in given}
        if added:
            resources[kind] = given | added
            yield f"{', '.join(sorted(added))} {word} for {title} {container.get('name', '')}"


def _pod(spec: Object, limit: Object) -> Iterator[str]:
    if limit.get("type") == "Container":
        for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
            resources = container.get("resources") or {}
            requests, limits = (amounts.parse(resources.get(kind)) for kind in ("requests", "limits"))
            yield from _bounds(limit, requests, limits)
    elif limit.get("type") == "Pod":
        yield from _bounds(limit, amounts.pod(spec, "requests"), amounts.pod(spec, "limits"))


def _claim(spec: Object, limit: Object) -> Iterator[str]:
    if limit.get("type") != "PersistentVolumeClaim":
        return
    requests = amounts.parse((spec.get("resources") or {}).get("requests"))
    for name, bound in _sorted(limit, "min"):
        yield from _least(name, bound, limit["type"], requests, {})
    for name, bound in _sorted(limit, "max"):
        head = f"maximum {name} usage per {limit['type']} is {bound}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif requests[name].value > bound.value:
            yield f"{head}, but request is {requests[name]}"


def _bounds(limit: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    kind = limit["type"]
    for name, bound in _sorted(limit, "min"):
        yield from _least(name, bound, kind, requests, limits)
    for name, bound in _sorted(limit, "max"):
        yield from _most(name, bound, kind, requests, limits)
    for name, bound in _sorted(limit, "maxLimitRequestRatio"):
        yield from _ratio(name, bound, kind, requests, limits)


def _sorted(limit: Object, column: str) -> list[tuple[str, amounts.Amount]]:
    return sorted(amounts.parse(limit.get(column)).items())


def _least(name: str, bound: amounts.Amount, kind: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        yield f"{head}.  No request is specified"
    elif requests[name].value < bound.value:
        yield f"{head}, but request is {requests[name]}"
    elif name in limits and limits[name].value < bound.value:
        yield f"{head}, but limit is {limits[name]}"


def _most(name: str, bound: amounts.Amount, kind: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        yield f"{head}.  No limit is specified"
    elif limits[name].value > bound.value:
        yield f"{head}, but limit is {limits[name]}"
    elif name in requests and requests[name].value > bound.value:
        yield f"{head}, but request is {requests[name]}"


def _ratio(name: str, bound: amounts.Amount, kind: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    head = f"{name} max limit to request ratio per {kind} is {bound}, but "
    if name not in requests or not requests[name].value:
        yield f"{head}no request is specified or request is 0"
    elif name not in limits or not limits[name].value:
        yield f"{head}no limit is specified or limit is 0"
    else:
        ratio = limits[name].value / requests[name].value
        if ratio > bound.value:
            yield f"{head}provided ratio is {float(ratio):.6f}"
