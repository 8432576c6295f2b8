"""How the Service `kubernetes` leads to the API server."""

from typing import Any

import pytest

from operators._node import nft
from operators._node.nft import Service
from operators.pod import network

SERVICE = {"spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}}
ENDPOINTS = {"subsets": [{"addresses": [{"ip": "192.0.2.2"}], "ports": [{"name": "https", "port": 6443}]}]}
LED = Service("tcp", "10.96.0.1", 443, "192.0.2.2", 6443)


@pytest.mark.parametrize(
    ("service", "endpoints", "led"),
    [
        (SERVICE, ENDPOINTS, [LED]),
        (SERVICE, {}, []),
        (
            SERVICE,
            {"subsets": [{"notReadyAddresses": [{"ip": "192.0.2.2"}], "ports": [{"name": "https", "port": 1}]}]},
            [],
        ),
        (SERVICE, {"subsets": [{"addresses": [{"ip": "192.0.2.2"}], "ports": [{"name": "http", "port": 80}]}]}, []),
        ({"spec": SERVICE["spec"] | {"clusterIP": "None"}}, ENDPOINTS, []),
    ],
)
def test_where_it_leads(service: Any, endpoints: Any, led: list[Service]) -> None:
    assert network.api_server(service, endpoints) == led


def test_the_rules_say_so() -> None:
    text = nft.render("10.244.0.0/22", "ukube0", [], [LED])
    assert "elements = { tcp . 10.96.0.1 . 443 : 192.0.2.2 . 6443 }" in text
