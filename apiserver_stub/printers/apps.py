"""Cells of the apps group."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apiserver_stub.printers import cells
from apiserver_stub.printers.cells import JSON, NONE


def deployment(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    return [
        _name(obj),
        f"{cells.number(status, 'readyReplicas')}/{cells.number(spec, 'replicas')}",
        cells.number(status, "updatedReplicas"),
        cells.number(status, "availableReplicas"),
        cells.age(obj, now),
        *cells.template_cells(spec),
        cells.selector(spec.get("selector")),
    ]


def replica_set(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    return [
        _name(obj),
        cells.number(spec, "replicas"),
        cells.number(status, "replicas"),
        cells.number(status, "readyReplicas"),
        cells.age(obj, now),
        *cells.template_cells(spec),
        cells.selector(spec.get("selector")),
    ]


def stateful_set(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    ready = f"{cells.number(status, 'readyReplicas')}/{cells.number(spec, 'replicas')}"
    return [_name(obj), ready, cells.age(obj, now), *cells.template_cells(spec)]


def daemon_set(obj: JSON, now: dt.datetime) -> list[Any]:
    spec, status = cells.part(obj, "spec"), cells.part(obj, "status")
    return [
        _name(obj),
        cells.number(status, "desiredNumberScheduled"),
        cells.number(status, "currentNumberScheduled"),
        cells.number(status, "numberReady"),
        cells.number(status, "updatedNumberScheduled"),
        cells.number(status, "numberAvailable"),
        cells.labels(cells.part(spec, "template", "spec").get("nodeSelector")),
        cells.age(obj, now),
        *cells.template_cells(spec),
        cells.selector(spec.get("selector")),
    ]


def controller_revision(obj: JSON, now: dt.datetime) -> list[Any]:
    owners = cells.part(obj, "metadata").get("ownerReferences") or ()
    controller = next((owner for owner in owners if owner.get("controller")), None)
    shown = NONE
    if controller is not None:
        group = str(controller.get("apiVersion") or "").rpartition("/")[0]
        kind = f"{controller.get('kind')}.{group}" if group else f"{controller.get('kind')}"
        shown = f"{kind.lower()}/{controller.get('name')}"
    return [_name(obj), shown, cells.number(obj, "revision"), cells.age(obj, now)]


def _name(obj: JSON) -> str:
    return cells.text(obj, "metadata", "name")
