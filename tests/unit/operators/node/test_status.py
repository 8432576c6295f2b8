"""Node: what a machine's facts become."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from operators._kube import conditions
from operators.node import lease, plan, status
from operators.node.facts import Handler, Image, Machine, Pressure

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MACHINE = Machine(
    hostname="Pi",
    cpus=4,
    memory=8 << 30,
    storage=100 << 30,
    addresses=("192.0.2.7",),
    runtime="5.4.2",
    huge_pages={"2Mi": 0, "1Gi": 1 << 30},
    kernel="6.12",
    os_image="Debian GNU/Linux 13 (trixie)",
    machine_id="m",
    system_uuid="s",
    boot_id="b",
    memory_reserve=100 << 20,
    storage_reserve=10 << 30,
)
CALM = Pressure()
NODE = {"metadata": {"name": "pi", "uid": "u"}}


def computed(machine: Machine = MACHINE, pressure: Pressure = CALM, node=NODE, images=(), now=NOW):
    return status.compute(node, machine, pressure, images, now)


def test_resources():
    found = computed()
    assert found["capacity"] == {
        "cpu": "4",
        "ephemeral-storage": "104857600Ki",
        "hugepages-1Gi": "1048576Ki",
        "hugepages-2Mi": "0",
        "memory": "8388608Ki",
        "pods": "250",
    }
    assert found["allocatable"] == {
        **found["capacity"],
        "ephemeral-storage": str(90 << 30),
        "memory": f"{8388608 - 1048576 - 102400}Ki",
    }


def test_extended_resources_that_others_have_put_there_stay():
    """See the Kubernetes page "Advertise Extended Resources for a Node"."""
    found = computed(node=NODE | {"status": {"capacity": {"example.com/dongle": "4", "hugepages-7Mi": "1"}}})
    assert found["capacity"]["example.com/dongle"] == found["allocatable"]["example.com/dongle"] == "4"
    assert "hugepages-7Mi" not in found["capacity"]


def test_who_and_where():
    found = computed(replace(MACHINE, swap=1 << 30))
    assert found["addresses"] == [
        {"type": "InternalIP", "address": "192.0.2.7"},
        {"type": "Hostname", "address": "Pi"},
    ]
    assert found["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 10250}}
    assert found["nodeInfo"]["containerRuntimeVersion"] == "podman://5.4.2"
    assert found["nodeInfo"]["swap"] == {"capacity": 1 << 30}


@pytest.mark.parametrize(
    ("machine", "pressure", "type_", "expected"),
    [
        (MACHINE, Pressure(), "Ready", ("True", "KubeletReady")),
        (replace(MACHINE, runtime=""), Pressure(), "Ready", ("False", "KubeletNotReady")),
        (MACHINE, Pressure(), "MemoryPressure", ("False", "KubeletHasSufficientMemory")),
        (MACHINE, Pressure(memory=True), "MemoryPressure", ("True", "KubeletHasInsufficientMemory")),
        (MACHINE, Pressure(), "DiskPressure", ("False", "KubeletHasNoDiskPressure")),
        (MACHINE, Pressure(disk=True), "DiskPressure", ("True", "KubeletHasDiskPressure")),
        (MACHINE, Pressure(), "PIDPressure", ("False", "KubeletHasSufficientPID")),
        (MACHINE, Pressure(pids=True), "PIDPressure", ("True", "KubeletHasInsufficientPID")),
    ],
)
def test_conditions(machine, pressure, type_, expected):
    condition = conditions.get(computed(machine, pressure)["conditions"], type_)
    assert (condition["status"], condition["reason"]) == expected
    assert condition["message"]


def test_nothing_new_is_not_written_for_five_minutes():
    first = computed()
    node = {**NODE, "status": first}
    assert computed(node=node, now=NOW + timedelta(minutes=4)) is first
    later = computed(node=node, now=NOW + timedelta(minutes=5))
    ready = conditions.get(later["conditions"], "Ready")
    assert ready["lastHeartbeatTime"] == "2026-01-01T00:05:00Z"
    assert ready["lastTransitionTime"] == "2026-01-01T00:00:00Z"


def test_a_change_is_written_at_once_and_others_conditions_stay():
    other = {"type": "NetworkUnavailable", "status": "False", "lastTransitionTime": "2025-01-01T00:00:00Z"}
    first = computed()
    node = {**NODE, "status": {**first, "conditions": [other, *first["conditions"]]}}
    found = computed(pressure=Pressure(disk=True), node=node, now=NOW + timedelta(seconds=1))
    assert conditions.is_true(found["conditions"], "DiskPressure")
    assert conditions.get(found["conditions"], "NetworkUnavailable")["status"] == "False"


def test_the_biggest_images_are_listed():
    images = [Image((f"i{size}",), size) for size in range(60)] + [Image((), 99)]
    found = computed(images=images)["images"]
    assert len(found) == 50
    assert found[0] == {"names": ["i59"], "sizeBytes": 59}


def test_registration():
    (create,) = plan.registration("pi", MACHINE, None)
    assert create.body["spec"] == {"podCIDR": "10.244.0.0/22", "podCIDRs": ["10.244.0.0/22"]}
    assert create.body["metadata"]["labels"]["kubernetes.io/hostname"] == "pi"
    node = {**create.body, "metadata": {**create.body["metadata"], "labels": {"mine": "1"}}}
    (patch,) = plan.registration("pi", MACHINE, node)
    assert patch.body == {"metadata": {"labels": plan.labels("pi", MACHINE)}}
    assert plan.registration("pi", MACHINE, create.body) == []


def test_lease():
    made = lease.new(NODE, NOW)
    assert made["spec"] == {
        "holderIdentity": "pi",
        "leaseDurationSeconds": 40,
        "renewTime": "2026-01-01T00:00:00.000000Z",
    }
    assert made["metadata"]["ownerReferences"][0]["uid"] == "u"


def test_runtime_handlers_and_features():
    handlers = (Handler("", True, True), Handler("crun", True, True), Handler("runsc"))
    found = computed(replace(MACHINE, handlers=handlers))
    both = {"recursiveReadOnlyMounts": True, "userNamespaces": True}
    assert found["runtimeHandlers"] == [
        {"features": both},
        {"name": "crun", "features": both},
        {"name": "runsc", "features": {"recursiveReadOnlyMounts": False, "userNamespaces": False}},
    ]
    assert found["features"] == {"supplementalGroupsPolicy": True}


def test_conditions_of_others_are_left_as_they_are():
    theirs = {"type": "NetworkUnavailable", "status": "False", "lastHeartbeatTime": "2020-01-01T00:00:00Z"}
    node = {**NODE, "status": {"conditions": [theirs]}}
    assert computed(node=node)["conditions"][0] == theirs
    node = {**NODE, "status": computed(node=node)}
    assert computed(node=node, now=NOW + timedelta(seconds=60)) == node["status"]


def test_an_image_shows_five_names_at_most():
    (image,) = computed(images=[Image(tuple(f"n:{i}" for i in range(9)), 1)])["images"]
    assert len(image["names"]) == 5
