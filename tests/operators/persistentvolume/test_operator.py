"""The PersistentVolume operator's reconciles on a fake API server."""

import pytest

from operators._kube import meta
from operators._kube.errors import ApiError
from operators.persistentvolume import operator
from tests.fakes.kube import FakeKube
from tests.fakes.storage import claim, reference, storage_class, volume

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
C, V = meta.Key("ns", "c"), meta.Key("", "v")


def cluster(*objects):
    kube = FakeKube("persistentvolume")
    resources = {"PersistentVolumeClaim": CLAIMS, "PersistentVolume": VOLUMES, "StorageClass": "storageclasses"}
    for obj in objects:
        kube.add(obj["apiVersion"], resources[obj["kind"]], obj)
    return kube


async def settle(kube, rounds=4):
    for _ in range(rounds):
        for found in kube.all("v1", CLAIMS):
            await operator.reconcile(meta.key_of(found), kube, kube.now)
        for found in kube.all("v1", VOLUMES):
            await operator.reconcile_volume(meta.key_of(found), kube, kube.now)


async def test_both_say_it_and_then_nothing_is_written():
    kube = cluster(claim(), volume(size="5Gi"))
    await settle(kube)
    bound, taken = kube.one("v1", CLAIMS, C), kube.one("v1", VOLUMES, V)
    assert bound["spec"]["volumeName"] == "v"
    assert bound["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"}}
    assert taken["spec"]["claimRef"]["uid"] == "uid-c"
    assert taken["status"]["phase"] == "Bound"
    kube.forget()
    await settle(kube)
    assert kube.writes == []


@pytest.mark.parametrize("stop", range(4))
async def test_it_goes_on_where_it_was_left(stop):
    kube = cluster(claim(), volume())
    order = [("PUT", VOLUMES), ("PUT", VOLUMES), ("PUT", CLAIMS), ("PUT", CLAIMS)]
    method, resource = order[stop]
    nth = order[: stop + 1].count(order[stop])
    errors = [ApiError(500, "InternalError", "no")]
    if nth == 1:
        kube.refuse(method, resource, *errors)
        with pytest.raises(ApiError):
            await operator.reconcile(C, kube, kube.now)
    await settle(kube)
    assert kube.one("v1", CLAIMS, C)["status"]["phase"] == "Bound"
    assert kube.one("v1", VOLUMES, V)["status"]["phase"] == "Bound"


async def test_a_volume_is_released_when_its_claim_goes():
    kube = cluster(claim(), volume())
    await settle(kube)
    kube.remove("v1", CLAIMS, C)
    await settle(kube)
    assert kube.one("v1", VOLUMES, V)["status"]["phase"] == "Released"


async def test_one_volume_and_two_claims():
    kube = cluster(claim("a"), claim("b"), volume())
    await settle(kube)
    phases = {found["metadata"]["name"]: found["status"]["phase"] for found in kube.all("v1", CLAIMS)}
    assert phases == {"a": "Bound", "b": "Pending"}


async def test_a_default_class_that_came_later():
    kube = cluster(claim(), storage_class(default=True))
    await settle(kube)
    found = kube.one("v1", CLAIMS, C)
    assert found["spec"]["storageClassName"] == "fast"
    assert found["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"] == "example.com/disk"
    assert ("Normal", "ExternalProvisioning") in {event[:2] for event in kube.events}


async def test_a_claim_loses_its_volume_once():
    kube = cluster(claim(), volume())
    await settle(kube)
    kube.remove("v1", VOLUMES, V)
    await settle(kube)
    assert kube.one("v1", CLAIMS, C)["status"] == {"phase": "Lost"}
    assert [event[1] for event in kube.events] == ["ClaimLost"]


async def test_what_cannot_be_deleted_fails_once():
    kube = cluster(volume(claimRef=reference("c", "gone"), persistentVolumeReclaimPolicy="Recycle", phase="Bound"))
    await settle(kube)
    status = kube.one("v1", VOLUMES, V)["status"]
    assert (status["phase"], status["message"]) == ("Failed", "No recycler plugin found for the volume!")
    assert len(kube.events) == 1
