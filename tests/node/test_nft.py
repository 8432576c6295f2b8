"""The node's own nft takes the rules that are rendered, with and without host ports."""

import pytest

from operators._node import nft
from operators._node.nft import HostPort, Service
from tests.node.conftest import TestNode


@pytest.mark.parametrize(
    "ports", [[], [HostPort("tcp", 80, "10.244.0.5", 8080), HostPort("udp", 53, "10.244.0.6", 53, "192.0.2.1")]]
)
def test_the_rules_are_taken(bare_node, ports):
    text = nft.render("10.244.0.0/22", "ukube0", ports, [Service("tcp", "10.96.0.1", 443, "192.0.2.2", 6443)])
    TestNode(bare_node).run(["nft", "--check", "-f", "-"], input=text)


def test_the_check_refuses_nonsense(bare_node):
    done = TestNode(bare_node).run(
        ["nft", "--check", "-f", "-"], input="table inet ukube { chain x { nonsense; } }", check=False
    )
    assert done.returncode != 0
