"""The reconcile of the Node and its Lease, with a machine that is made up."""

import pytest

from operators._kube.meta import Key
from operators._node.ports import ImageInfo
from operators.node import lease, machine, news, operator
from operators.node.facts import Pressure
from tests.fakes.kube import FakeKube
from tests.unit.operators.node.test_status import MACHINE

KEY = Key("", "pi")


class Images:
    """Stands for podman; counts how often it is asked."""

    asked = 0

    async def images(self) -> list[ImageInfo]:
        Images.asked += 1
        return [ImageInfo("i", ("web:1",), ("web@sha256:0",), 7)]


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> FakeKube:
    monkeypatch.setenv("UKUBE_NODE_NAME", "Pi")
    monkeypatch.setattr(machine, "observe", lambda: MACHINE)
    monkeypatch.setattr(machine, "pressure", Pressure)
    monkeypatch.setattr(operator, "Podman", Images)
    monkeypatch.setattr(operator, "_local", operator.Local())
    Images.asked = 0
    return FakeKube("node")


async def test_a_new_machine_registers_reports_and_holds_a_lease(kube: FakeKube):
    result = await operator.reconcile(KEY, kube, kube.now)
    node = kube.one("v1", "nodes", KEY)
    assert node["spec"]["podCIDR"] == "10.244.0.0/22"
    assert node["status"]["capacity"]["cpu"] == "4"
    assert node["status"]["images"] == [{"names": ["web@sha256:0", "web:1"], "sizeBytes": 7}]
    assert result.requeue_after == 300
    held = kube.one("coordination.k8s.io/v1", "leases", lease.key("pi"))
    assert held["spec"]["holderIdentity"] == "pi"


async def test_a_second_look_writes_nothing_and_does_not_ask_podman(kube: FakeKube):
    await operator.reconcile(KEY, kube, kube.now)
    kube.forget()
    await operator.reconcile(KEY, kube, kube.now)
    assert kube.writes == []
    assert Images.asked == 1


async def test_podman_is_asked_again_when_a_pod_brought_another_image(kube: FakeKube):
    await operator.reconcile(KEY, kube, kube.now)
    status = {"containerStatuses": [{"name": "c", "imageID": "sha256:1"}]}
    pod = kube.add("v1", "pods", {"metadata": {"name": "a", "namespace": "d"}, "spec": {}, "status": status})
    assert list(operator.node_of(pod, kube)) == [KEY]
    await operator.reconcile(KEY, kube, kube.now)
    assert Images.asked == 2
    assert list(operator.node_of(pod, kube)) == []


async def test_another_node_is_none_of_our_business(kube: FakeKube):
    kube.add("v1", "nodes", {"metadata": {"name": "other"}})
    await operator.reconcile(Key("", "other"), kube, kube.now)
    assert kube.writes == []


async def test_a_start_tells_what_the_node_is_and_a_second_look_nothing(kube: FakeKube):
    await operator.reconcile(KEY, kube, kube.now)
    told = [(reason, message) for _, reason, message in kube.events]
    assert [reason for reason, _ in told] == [
        "Starting",
        "NodeHasSufficientMemory",
        "NodeHasNoDiskPressure",
        "NodeHasSufficientPID",
        "NodeReady",
        "NodeAllocatableEnforced",
    ]
    assert told[0][1] == "Starting kubelet."
    assert told[4][1] == "Node pi status is now: NodeReady"
    kube.forget()
    await operator.reconcile(KEY, kube, kube.now)
    assert kube.events == []


async def test_cordon_and_shutdown_are_told(kube: FakeKube):
    await operator.reconcile(KEY, kube, kube.now)
    await kube.patch("v1", "nodes", KEY, {"spec": {"unschedulable": True}})
    operator._shutting_down(True)
    kube.forget()
    await operator.reconcile(KEY, kube, kube.now)
    assert [reason for _, reason, _ in kube.events] == ["NodeNotReady", "NodeNotSchedulable"]
    ready = next(c for c in kube.one("v1", "nodes", KEY)["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "KubeletNotReady", "node is shutting down")


def test_a_reboot_is_told():
    old, new = ({"nodeInfo": {"bootID": boot}} for boot in ("a", "b"))
    assert list(news.of_status("pi", old, new)) == [("Warning", "Rebooted", "Node pi has been rebooted, boot id: b")]
    assert list(news.of_status("pi", {}, new)) == []
