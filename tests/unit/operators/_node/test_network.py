"""Addresses of Pods and the node's rules."""

import pytest

from operators._node import network, nft
from operators._node.network import Range
from operators._node.nft import HostPort

PODS = Range.parse("10.244.0.0/29")


def test_allocation_goes_round_and_skips_what_is_taken():
    assert PODS.gateway == "10.244.0.1"
    assert network.allocate(PODS, set()) == "10.244.0.2"
    assert network.allocate(PODS, {"10.244.0.3"}, "10.244.0.2") == "10.244.0.4"
    assert network.allocate(PODS, set(), "10.244.0.6") == "10.244.0.2"


def test_exhausted():
    with pytest.raises(network.Exhausted):
        network.allocate(PODS, {f"10.244.0.{n}" for n in range(2, 7)})


def test_rules():
    text = nft.render(
        "10.244.0.0/22",
        "ukube0",
        [HostPort("tcp", 80, "10.244.0.5", 8080), HostPort("udp", 53, "10.244.0.6", 53, "192.0.2.1")],
    )
    assert "elements = { tcp . 80 : 10.244.0.5 . 8080 }" in text
    assert "elements = { udp . 192.0.2.1 . 53 : 10.244.0.6 . 53 }" in text
    assert text.startswith("table inet ukube\ndelete table inet ukube\n")
    # Only a Pod that reaches itself is masqueraded among Pods; what is bound to 127.0.0.1 is the node's alone.
    assert "elements = { 10.244.0.5 . 10.244.0.5, 10.244.0.6 . 10.244.0.6 }" in text
    assert 'iifname "ukube0" ip daddr 127.0.0.0/8 drop' in text
