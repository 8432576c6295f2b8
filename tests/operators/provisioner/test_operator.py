"""The provisioner's reconciles on a fake API server and real directories."""

from pathlib import Path

import pytest

from operators._kube import meta, nodevolumes
from operators._kube.errors import ApiError, Terminal
from operators.provisioner import defaultclass, operator, plan
from tests.fakes.kube import FakeKube
from tests.fakes.storage import claim, reference, storage_class, volume

UID = "0f6b9cf2-3b0a-4b0e-9e35-6c1f0a9f2b11"
NAME = f"pvc-{UID}"
C, V = meta.Key("ns", "c"), meta.Key("", NAME)
ASKED = {"volume.kubernetes.io/storage-provisioner": plan.NAME}


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(nodevolumes, "ROOT", str(tmp_path / "volumes"))
    monkeypatch.setenv("UKUBE_NODE_NAME", "n")
    return tmp_path / "volumes"


@pytest.fixture
def kube(root):
    found = FakeKube("provisioner")
    found.add("v1", "nodes", {"metadata": {"name": "n", "labels": {"kubernetes.io/hostname": "host"}}})
    found.add("v1", "namespaces", {"metadata": {"name": "kube-system", "uid": "cluster-1"}})
    class_ = storage_class(provisioner=plan.NAME, parameters={"path": str(root)}, allowVolumeExpansion=True)
    found.add("storage.k8s.io/v1", "storageclasses", class_)
    return found


def ask(kube, **changes):
    wanted = claim(uid=UID, annotations=ASKED, storageClassName="fast", **changes)
    kube.add("v1", "persistentvolumeclaims", wanted)
    return wanted


def bind(kube):
    """As the PersistentVolume operator does it."""
    annotations = {**ASKED, "pv.kubernetes.io/bind-completed": "yes"}
    change = {"metadata": {"annotations": annotations}, "spec": {"volumeName": NAME}}
    status = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    kube.edit("v1", "persistentvolumeclaims", C, {**change, "status": status})
    kube.edit("v1", "persistentvolumes", V, {"status": {"phase": "Bound"}})


async def provision(kube):
    ask(kube)
    await operator.reconcile(C, kube, kube.now)
    bind(kube)
    kube.forget()


async def test_a_volume_is_made(kube, root):
    ask(kube)
    await operator.reconcile(C, kube, kube.now)
    assert (root / NAME).is_dir()
    made = kube.one("v1", "persistentvolumes", V)
    assert made["spec"]["local"] == {"path": str(root / NAME)}
    assert [event[1] for event in kube.events] == ["Provisioning", "ProvisioningSucceeded", "CapacityNotEnforced"]
    assert kube.events[1][2] == f"Successfully provisioned volume {NAME}"


async def test_a_write_that_failed_is_made_up_for(kube, root):
    ask(kube)
    kube.refuse("POST", "persistentvolumes", ApiError(500, "InternalError", "no"))
    with pytest.raises(ApiError):
        await operator.reconcile(C, kube, kube.now)
    await operator.reconcile(C, kube, kube.now)
    assert kube.one("v1", "persistentvolumes", V)


async def test_what_cannot_be_made_is_said_once(kube, root):
    ask(kube, volumeMode="Block")
    with pytest.raises(
        Terminal, match='failed to provision volume with StorageClass "fast": this provisioner'
    ) as error:
        await operator.reconcile(C, kube, kube.now)
    assert error.value.reason == "ProvisioningFailed"
    assert not root.exists()


async def test_it_grows(kube):
    await provision(kube)
    kube.edit("v1", "persistentvolumeclaims", C, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}})
    await operator.reconcile(C, kube, kube.now)
    assert kube.one("v1", "persistentvolumes", V)["spec"]["capacity"] == {"storage": "2Gi"}
    assert kube.one("v1", "persistentvolumeclaims", C)["status"]["capacity"] == {"storage": "2Gi"}
    assert [event[1] for event in kube.events] == ["Resizing", "VolumeResizeSuccessful"]
    kube.forget()
    await operator.reconcile(C, kube, kube.now)
    assert kube.writes == []


async def test_it_goes_with_its_claim(kube, root):
    await provision(kube)
    (root / NAME / "file").touch()
    await operator.reconcile_volume(V, kube, kube.now)
    assert (root / NAME / "file").exists()
    kube.edit("v1", "persistentvolumes", V, {"status": {"phase": "Released"}})
    await operator.reconcile_volume(V, kube, kube.now)
    assert list(root.iterdir()) == []
    assert kube.all("v1", "persistentvolumes") == []


@pytest.mark.parametrize("change", [{"persistentVolumeReclaimPolicy": "Retain"}, {"local": {"path": "/srv/other"}}])
async def test_it_stays(kube, root, change):
    await provision(kube)
    kube.edit("v1", "persistentvolumes", V, {"spec": change, "status": {"phase": "Released"}})
    await operator.reconcile_volume(V, kube, kube.now)
    await operator.reconcile_volume(V, kube, kube.now)
    assert (root / NAME).is_dir()
    assert kube.one("v1", "persistentvolumes", V)


async def test_another_nodes_volume_is_left_alone(kube, root):
    await provision(kube)
    kube.edit("v1", "nodes", meta.Key("", "n"), {"metadata": {"labels": {"kubernetes.io/hostname": "moved"}}})
    kube.edit("v1", "persistentvolumes", V, {"status": {"phase": "Released"}})
    await operator.reconcile_volume(V, kube, kube.now)
    assert (root / NAME).is_dir()
    assert kube.writes == []


async def test_a_failed_removal_is_told(kube, root):
    await provision(kube)
    (root / NAME).rmdir()
    (root / NAME).touch()
    kube.edit("v1", "persistentvolumes", V, {"status": {"phase": "Released"}})
    with pytest.raises(OSError):
        await operator.reconcile_volume(V, kube, kube.now)
    assert kube.events[-1][:2] == ("Warning", "VolumeFailedDelete")
    assert kube.one("v1", "persistentvolumes", V)


async def test_a_copy_of_another_claim(kube, root):
    await provision(kube)
    (root / NAME / "file").write_text("kept")
    other = UID.replace("0f6b", "1f6b")
    source = {"kind": "PersistentVolumeClaim", "name": "c"}
    wanted = claim("d", uid=other, annotations=ASKED, storageClassName="fast", dataSource=source)
    kube.add("v1", "persistentvolumeclaims", wanted)
    await operator.reconcile(meta.Key("ns", "d"), kube, kube.now)
    assert (root / f"pvc-{other}" / "file").read_text() == "kept"


@pytest.fixture
def place():
    found = Path("/tmp/ukube-test-of-the-provisioner")
    found.mkdir(exist_ok=True)
    yield found
    assert not found.exists()


async def test_a_host_path_below_tmp(kube, place):
    released = volume(
        hostPath={"path": str(place)}, persistentVolumeReclaimPolicy="Delete", phase="Released", claimRef=reference("x")
    )
    kube.add("v1", "persistentvolumes", released)
    await operator.reconcile_volume(meta.Key("", "v"), kube, kube.now)
    assert kube.all("v1", "persistentvolumes") == []


def classes(kube):
    return [meta.name_of(found) for found in kube.all("storage.k8s.io/v1", "storageclasses")]


async def test_a_new_cluster_gets_a_class_and_never_again(kube):
    kube.remove("storage.k8s.io/v1", "storageclasses", meta.Key("", "fast"))
    await defaultclass.run(kube.api)
    assert classes(kube) == ["standard"]
    kube.remove("storage.k8s.io/v1", "storageclasses", meta.Key("", "standard"))
    await defaultclass.run(kube.api)
    assert classes(kube) == []
    kube.remove("v1", "namespaces", meta.Key("", "kube-system"))
    kube.add("v1", "namespaces", {"metadata": {"name": "kube-system", "uid": "cluster-2"}})
    await defaultclass.run(kube.api)
    assert classes(kube) == ["standard"]


async def test_a_cluster_with_a_class_gets_none(kube):
    await defaultclass.run(kube.api)
    assert classes(kube) == ["fast"]
