"""Defaults of networking.k8s.io."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Object = dict[str, Any]


def _class_parameters(parameters: Object) -> None:
    parameters.setdefault("scope", "Cluster")


def _policy_port(port: Object) -> None:
    port.setdefault("protocol", "TCP")


def _policy(spec: Object) -> None:
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


TABLE: Final[Mapping[str, Callable[[Object], None]]] = {
    "networking.v1.IngressClassParametersReference": _class_parameters,
    "networking.v1.NetworkPolicyPort": _policy_port,
    "networking.v1.NetworkPolicySpec": _policy,
}
