"""Defaults of resource.k8s.io."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

Object = dict[str, Any]


def _request(request: Object) -> None:
    request.setdefault("allocationMode", "ExactCount")
    if request["allocationMode"] == "ExactCount":
        request.setdefault("count", 1)


def _toleration(toleration: Object) -> None:
    toleration.setdefault("operator", "Equal")


def _taint(taint: Object) -> None:
    if taint.get("timeAdded") is None:
        taint["timeAdded"] = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


TABLE: Final[Mapping[str, Callable[[Object], None]]] = {
    "resource.v1.DeviceSubRequest": _request,
    "resource.v1.DeviceTaint": _taint,
    "resource.v1.DeviceToleration": _toleration,
    "resource.v1.ExactDeviceRequest": _request,
}
