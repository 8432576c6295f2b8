"""Services, Pods and slices, short to write."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


def service(**spec: Any) -> Obj:
    metadata = {"name": "web", "namespace": "ns", "uid": "svc", "labels": {"team": "a"}}
    port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
    base = {"selector": {"app": "web"}, "ports": [port], "clusterIP": "10.96.0.9", "ipFamilies": ["IPv4"]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {**base, **spec}}


def pod(name: str, *ips: str, ready: bool = True, deleting: bool = False, phase: str = "Running", **spec: Any) -> Obj:
    metadata: Obj = {"name": name, "namespace": "ns", "uid": f"uid-{name}", "labels": {"app": "web"}}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    status = {
        "phase": phase,
        "podIPs": [{"ip": ip} for ip in ips],
        "conditions": [{"type": "Ready", "status": str(ready)}],
    }
    whole = {"nodeName": "n", "containers": [{"name": "c"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": whole, "status": status}


def slice_(name: str, endpoints: list[Obj] | None, ports: list[Obj] | None = None, family: str = "IPv4") -> Obj:
    labels = {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    metadata = {"name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": "7", "labels": labels}
    return {"metadata": metadata, "addressType": family, "endpoints": endpoints, "ports": ports}
