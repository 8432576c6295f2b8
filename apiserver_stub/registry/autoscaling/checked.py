"""Values out of annotations, which may be anything, as objects of autoscaling/v2."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.schema import openapi, plan

_PACKAGE: Final = "io.k8s.api.autoscaling.v2."


def one(definition: str, value: Any) -> Any:
    """`value` as Kubernetes would decode it; None when it is no such thing."""
    found = many(definition, [value])
    return found[0] if found else None


def many(definition: str, values: Any) -> list[Any] | None:
    """None unless all are what they should be: Go's decoder gives up at the first that is not."""
    if not isinstance(values, list):
        return None
    convert = plan.plan_for(openapi.definitions().node(_PACKAGE + definition)).convert
    try:
        return [convert(value) for value in values]
    except plan.Odd:
        return None
