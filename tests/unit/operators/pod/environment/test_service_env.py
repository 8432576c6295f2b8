"""Environment variables of Services."""

from typing import Any

import pytest

from operators.pod.environment.service_env import of_services

API = {
    "KUBERNETES_SERVICE_HOST": "10.96.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
    "KUBERNETES_SERVICE_PORT_HTTPS": "443",
    "KUBERNETES_PORT": "tcp://10.96.0.1:443",
    "KUBERNETES_PORT_443_TCP": "tcp://10.96.0.1:443",
    "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
    "KUBERNETES_PORT_443_TCP_PORT": "443",
    "KUBERNETES_PORT_443_TCP_ADDR": "10.96.0.1",
}
OWN = {
    "MY_DNS_SERVICE_HOST": "fd00::1",
    "MY_DNS_SERVICE_PORT": "53",
    "MY_DNS_PORT": "udp://[fd00::1]:53",
    "MY_DNS_PORT_53_UDP": "udp://[fd00::1]:53",
    "MY_DNS_PORT_53_UDP_PROTO": "udp",
    "MY_DNS_PORT_53_UDP_PORT": "53",
    "MY_DNS_PORT_53_UDP_ADDR": "fd00::1",
}


def service(namespace: str, service_name: str, address: str, **port: Any) -> dict[str, Any]:
    return {"metadata": {"name": service_name, "namespace": namespace}, "spec": {"clusterIP": address, "ports": [port]}}


SERVICES = [
    service("default", "kubernetes", "10.96.0.1", name="https", port=443, protocol="TCP"),
    service("default", "elsewhere", "10.96.0.2", port=80),
    service("shop", "my-dns", "fd00::1", port=53, protocol="UDP"),
    service("shop", "headless", "None", port=80),
]


@pytest.mark.parametrize(
    ("spec", "found"),
    [({}, API | OWN), ({"enableServiceLinks": True}, API | OWN), ({"enableServiceLinks": False}, API)],
)
def test_which_services(spec: dict[str, Any], found: dict[str, str]) -> None:
    assert of_services({"metadata": {"namespace": "shop"}, "spec": spec}, SERVICES) == found
