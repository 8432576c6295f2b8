"""Services and slices for the tests beside it."""

import ipaddress

from operators.service import plan

NODE = plan.Node(
    "here",
    ipaddress.ip_network("10.244.0.0/22"),
    frozenset({ipaddress.ip_address("192.0.2.10")}),
)


def service(name="web", address="10.96.0.5", ports=None, *, age=0, labels=None, status=None, **spec):
    addresses = {"clusterIP": address, "clusterIPs": [address]} if address else {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "default",
            "creationTimestamp": f"2026-01-01T00:00:{age:02}Z",
            "labels": labels or {},
        },
        "spec": {"type": "ClusterIP", **addresses, "ports": ports or [{"port": 80, "protocol": "TCP"}], **spec},
        "status": status or {"loadBalancer": {}},
    }


def endpoint(address, node="here", **conditions):
    return {"addresses": [address], "nodeName": node, "conditions": conditions or {"ready": True}}


def slice_(*endpoints, service="web", family="IPv4", port=8080, name="", protocol="TCP", labels=None):
    return {
        "metadata": {
            "name": f"{service}-x",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": service, **(labels or {})},
        },
        "addressType": family,
        "ports": [{"name": name, "port": port, "protocol": protocol}],
        "endpoints": list(endpoints),
    }


def address(text):
    return ipaddress.ip_address(text)
