"""How endpoints are spread over slices, with as few writes as possible (pure).

As upstream: at most a hundred in a slice; what is in the right slice stays there; new ones fill slices that change
anyway; a slice that is left empty is taken for new endpoints before another one is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from operators._kube import meta
from operators._kube.actions import Action, Create, Delete, Patch
from operators._kube.meta import Object

MOST = 100
_API, _RESOURCE = "discovery.k8s.io/v1", "endpointslices"


@dataclass(frozen=True, slots=True)
class Group:
    """Endpoints with the same ports."""

    ports: tuple[Object, ...]
    endpoints: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What all slices of one Service and family have in common. `owner`: the object they belong to."""

    owner: Object
    family: str
    labels: dict[str, str]
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Slice:
    """A slice as it shall be; `old`: as it is, None for one that is to be made."""

    old: Object | None
    ports: tuple[Object, ...]
    endpoints: list[Object]

    @property
    def is_changed(self) -> bool:
        if self.old is None:
            return True
        return (self.old.get("endpoints") or []) != self.endpoints or _key(self.old.get("ports")) != _key(self.ports)


def plan(head: Head, groups: Iterable[Group], present: Sequence[Object]) -> list[Action]:
    """The writes that make the present slices of this Service and family hold the groups; one empty slice for none."""
    wanted = [group for group in groups if group.endpoints]
    by_ports: dict[bytes, list[Object]] = {}
    for old in sorted(present, key=meta.name_of):
        by_ports.setdefault(_key(old.get("ports")), []).append(old)
    slices: list[_Slice] = []
    free: list[Object] = []
    for group in wanted:
        made, emptied = _place(group, by_ports.pop(_key(group.ports), []))
        slices += made
        free += emptied
    free += [old for rest in by_ports.values() for old in rest]
    if not slices:
        slices.append(_Slice(None, (), []))
    for each in slices:
        if each.old is None and free:
            each.old = free.pop(0)
    deletes = [_delete(old) for old in free]
    return [*(write for each in slices if (write := _write(each, head)) is not None), *deletes]


def _place(group: Group, present: Sequence[Object]) -> tuple[list[_Slice], list[Object]]:
    """The group's slices, and the present ones that have nothing left in them."""
    lacking = {_identity(endpoint): endpoint for endpoint in group.endpoints}
    slices = []
    for old in present:
        kept = [lacking.pop(_identity(e)) for e in old.get("endpoints") or () if _identity(e) in lacking]
        slices.append(_Slice(old, group.ports, kept))
    rest = list(lacking.values())
    for each in slices:
        if each.is_changed and each.endpoints:
            room = MOST - len(each.endpoints)
            each.endpoints += rest[:room]
            rest = rest[room:]
    if 0 < len(rest) < MOST:
        roomy = [each for each in slices if each.endpoints and MOST - len(each.endpoints) >= len(rest)]
        if roomy:
            max(roomy, key=lambda each: len(each.endpoints)).endpoints.extend(rest)
            rest = []
    slices += [_Slice(None, group.ports, rest[start : start + MOST]) for start in range(0, len(rest), MOST)]
    filled = [each for each in slices if each.endpoints]
    return filled, [each.old for each in slices if not each.endpoints and each.old is not None]


def _write(wanted: _Slice, head: Head) -> Action | None:
    content: Object = {"endpoints": wanted.endpoints or None, "ports": list(wanted.ports) or None}
    old = wanted.old
    if old is None:
        name = meta.name_of(head.owner)
        metadata: Object = {"generateName": f"{name}-", "labels": head.labels}
        if head.annotations:
            metadata["annotations"] = head.annotations
        kind = {"apiVersion": _API, "kind": "EndpointSlice"}
        return Create(_API, _RESOURCE, {**kind, "metadata": metadata, "addressType": head.family, **content})
    change: Object = {}
    for name, value in (("labels", head.labels), ("annotations", head.annotations)):
        if difference := _difference(meta.metadata(old).get(name) or {}, value):
            change[name] = difference
    if not change and not wanted.is_changed:
        return None
    # The version: what this plan was made for must still be there.
    guard = {"uid": meta.uid_of(old), "resourceVersion": old["metadata"].get("resourceVersion")}
    body = {"metadata": {**guard, **change}, **content}
    return Patch(_API, _RESOURCE, meta.namespace_of(old), meta.name_of(old), body)


def _difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    gone = dict.fromkeys(set(old) - set(new))
    return {**gone, **{name: value for name, value in new.items() if old.get(name) != value}}


def _delete(old: Object) -> Delete:
    return Delete(_API, _RESOURCE, meta.namespace_of(old), meta.name_of(old), uid=meta.uid_of(old))


def _identity(endpoint: Object) -> tuple[Any, ...]:
    return (tuple(endpoint.get("addresses") or ()), (endpoint.get("targetRef") or {}).get("uid"))


def _key(ports: Iterable[Object] | None) -> bytes:
    """The same for equal sets of ports, in whatever order."""
    return b"\n".join(sorted(orjson.dumps(port, option=orjson.OPT_SORT_KEYS) for port in ports or ()))
