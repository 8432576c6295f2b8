"""The service operator's reconciles on a fake API server, without a kernel."""

import pytest

from operators._kube import meta
from operators._node import nft
from operators.service import operator, sockets
from operators.service.proxy import Proxy
from tests.fakes.kube import FakeKube
from tests.unit.operators.service.build import endpoint, service, slice_

ME = meta.Key("", "here")
WEB = meta.Key("default", "web")


class Kernel:
    """What nft was given; `refuses`: its words while it takes nothing."""

    def __init__(self):
        self.texts, self.refuses = [], ""

    async def apply(self, text):
        if self.refuses:
            raise OSError(self.refuses)
        self.texts.append(text)


@pytest.fixture
def kernel(monkeypatch, tmp_path):
    found = Kernel()
    monkeypatch.setattr(nft, "apply", found.apply)
    monkeypatch.setattr(sockets, "listening", lambda: {sockets.Socket("tcp", 22)})
    monkeypatch.setenv("UKUBE_NODE_NAME", "here")
    monkeypatch.setattr(operator, "_local", operator.Local())
    operator._local.proxy = Proxy(tmp_path / "services.nft")
    return found


@pytest.fixture
def kube(kernel):
    found = FakeKube("service")
    node = {"metadata": {"name": "here"}, "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.10"}]}}
    found.add("v1", "nodes", node)
    found.add("discovery.k8s.io/v1", "endpointslices", slice_(endpoint("10.244.0.2")))
    return found


async def sync(kube):
    operator._local.changed = float("-inf")
    return await operator.reconcile(ME, kube, kube.now)


def status(kube, key=WEB):
    return kube.get_or_none("v1", "services", key)["status"]


async def test_a_load_balancer_gets_the_nodes_address_and_is_led(kube, kernel):
    kube.add("v1", "services", service(type="LoadBalancer"))
    await sync(kube)
    assert status(kube)["loadBalancer"]["ingress"] == [{"ip": "192.0.2.10", "ipMode": "VIP"}]
    assert "192.0.2.10 . tcp . 80 : goto any_" in kernel.texts[-1]


async def test_the_nodes_own_programs_keep_their_ports_unless_they_are_the_endpoints(kube, kernel):
    ports = [{"port": 22, "protocol": "TCP"}]
    kube.add("v1", "services", service(type="LoadBalancer", ports=ports))
    assert (await sync(kube)).requeue_after
    assert status(kube)["loadBalancer"] == {}
    assert "192.0.2.10 . tcp . 22" not in kernel.texts[-1]
    kube.add("discovery.k8s.io/v1", "endpointslices", slice_(endpoint("192.0.2.10"), service="other", port=22))
    await sync(kube)
    assert status(kube)["loadBalancer"]["ingress"]


async def test_refused_rules_are_told_of_and_tried_again(kube, kernel):
    kube.add("v1", "services", service())
    kernel.refuses = "nft refused the rules: no"
    with pytest.raises(OSError, match="no"):
        await sync(kube)
    kernel.refuses = ""
    await sync(kube)
    assert len(kernel.texts) == 1


async def test_changes_in_a_row_rest_between(kube, kernel):
    kube.add("v1", "services", service())
    await sync(kube)
    operator._local.proxy.seconds = 0.2
    found = await operator.reconcile(ME, kube, kube.now)
    assert 0 < found.requeue_after <= 0.8


async def test_the_cache_keeps_what_is_looked_at():
    kept = operator.slim({"kind": "Node", "metadata": {"name": "here", "annotations": {"a": "b"}}, "spec": {"x": 1},
                          "status": {"images": [1], "addresses": [2]}})  # fmt: skip
    assert kept == {"kind": "Node", "metadata": {"name": "here"}, "spec": {}, "status": {"addresses": [2]}}
    found = operator.slim({"kind": "EndpointSlice", **slice_({**endpoint("10.244.0.2"), "targetRef": {}})})
    assert found["endpoints"] == [endpoint("10.244.0.2")]
    assert found["metadata"]["labels"] == {"kubernetes.io/service-name": "web"}
