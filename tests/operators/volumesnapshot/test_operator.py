"""Snapshots of volumes: taken, used by a claim, removed; on a fake API server and real directories."""

import pytest

from operators._kube import meta, nodevolumes
from operators._kube.errors import ApiError
from operators.provisioner import plan as provisioning
from operators.provisioner.parameters import Unusable, Waiting
from operators.volumesnapshot import operator, plan
from tests.fakes.kube import FakeKube
from tests.fakes.storage import claim, reference, volume

UID = "0f6b9cf2-3b0a-4b0e-9e35-6c1f0a9f2b11"
SNAPSHOT_UID = "7f6b9cf2-3b0a-4b0e-9e35-6c1f0a9f2b11"
KEY, CONTENT = meta.Key("ns", "s"), meta.Key("", f"snapcontent-{SNAPSHOT_UID}")
BOUND = {"pv.kubernetes.io/bind-completed": "yes"}
OURS = {"pv.kubernetes.io/provisioned-by": nodevolumes.NAME}


def snapshot(**changes):
    spec = {"source": {"persistentVolumeClaimName": "c"}, **changes}
    metadata = {"name": "s", "namespace": "ns", "uid": SNAPSHOT_UID}
    return {"apiVersion": plan.API, "kind": "VolumeSnapshot", "metadata": metadata, "spec": spec}


def snapshot_class(name="fast", *, default=True, driver=nodevolumes.NAME, policy="Delete"):
    annotations = {plan.IS_DEFAULT: "true"} if default else {}
    metadata = {"name": name, "annotations": annotations}
    body = {"apiVersion": plan.API, "kind": "VolumeSnapshotClass", "metadata": metadata}
    return {**body, "driver": driver, "deletionPolicy": policy}


@pytest.fixture
def root(tmp_path):
    (tmp_path / f"pvc-{UID}").mkdir()
    (tmp_path / f"pvc-{UID}" / "file").write_text("then")
    return tmp_path


@pytest.fixture
def kube(root):
    found = FakeKube("volumesnapshot")
    found.add("v1", "persistentvolumeclaims", claim(annotations=BOUND, volumeName=f"pvc-{UID}", phase="Bound"))
    place = {"hostPath": None, "local": {"path": f"{root}/pvc-{UID}"}, "claimRef": reference("c", UID)}
    found.add("v1", "persistentvolumes", volume(f"pvc-{UID}", annotations=OURS, **place))
    found.add(plan.API, "volumesnapshotclasses", snapshot_class())
    found.add(plan.API, "volumesnapshots", snapshot())
    return found


def taken(root):
    return root / f"snapshot-{SNAPSHOT_UID}" / "file"


async def take(kube):
    return await operator.reconcile(KEY, kube, kube.now)


def status(kube):
    return kube.one(plan.API, "volumesnapshots", KEY).get("status")


async def test_it_is_taken_and_said(kube, root):
    await take(kube)
    assert taken(root).read_text() == "then"
    assert status(kube) == {
        "boundVolumeSnapshotContentName": CONTENT.name,
        "creationTime": "2026-01-01T00:00:00Z",
        "readyToUse": True,
        "restoreSize": "1Gi",
    }
    content = kube.one(plan.API, "volumesnapshotcontents", CONTENT)
    assert content["spec"]["source"] == {"volumeHandle": f"pvc-{UID}"}
    assert content["status"]["snapshotHandle"] == f"{root}/snapshot-{SNAPSHOT_UID}"
    assert content["status"]["restoreSize"] == 1 << 30
    (root / f"pvc-{UID}" / "file").write_text("now")
    kube.forget()
    await take(kube)
    assert kube.writes == []
    assert taken(root).read_text() == "then"


async def test_it_goes_with_what_it_kept(kube, root):
    await take(kube)
    kube.edit(plan.API, "volumesnapshots", KEY, {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    found = kube.one(plan.API, "volumesnapshots", KEY)
    assert plan.SNAPSHOT_BOUND in found["metadata"]["finalizers"]
    await operator._remove(found | {"metadata": found["metadata"] | {"deletionTimestamp": "x"}}, kube)
    assert [path.name for path in root.iterdir()] == [f"pvc-{UID}"]
    assert kube.all(plan.API, "volumesnapshotcontents") == []
    assert kube.one(plan.API, "volumesnapshots", KEY)["metadata"]["finalizers"] == []


async def test_it_stays_when_its_class_says_so(kube, root):
    kube.remove(plan.API, "volumesnapshotclasses", meta.Key("", "fast"))
    kube.add(plan.API, "volumesnapshotclasses", snapshot_class(policy="Retain"))
    await take(kube)
    await operator._remove(kube.one(plan.API, "volumesnapshots", KEY), kube)
    assert taken(root).exists()
    assert len(kube.all(plan.API, "volumesnapshotcontents")) == 1


async def test_what_cannot_be_taken_yet(kube, root):
    kube.remove("v1", "persistentvolumeclaims", meta.Key("ns", "c"))
    assert (await take(kube)).requeue_after
    assert status(kube)["error"]["message"] == 'Failed to create snapshot: persistentvolumeclaims "c" not found'
    assert kube.events == [("Warning", "SnapshotCreationFailed", status(kube)["error"]["message"])]
    await take(kube)
    assert len(kube.events) == 1, "said once"


@pytest.mark.parametrize("class_", [snapshot_class(driver="x/y"), snapshot_class(default=False)])
async def test_others_snapshots_are_left_alone(kube, class_):
    kube.remove(plan.API, "volumesnapshotclasses", meta.Key("", "fast"))
    kube.add(plan.API, "volumesnapshotclasses", class_)
    await take(kube)
    assert kube.writes == []


async def test_a_content_of_somebody_else_is_not_touched(kube, root):
    strange = {"apiVersion": plan.API, "kind": "VolumeSnapshotContent", "metadata": {"name": CONTENT.name}}
    kube.add(plan.API, "volumesnapshotcontents", strange | {"spec": {"driver": "x/y", "deletionPolicy": "Delete"}})
    with pytest.raises(Exception, match="already exists"):
        await take(kube)
    await operator._remove(kube.one(plan.API, "volumesnapshots", KEY), kube)
    assert len(kube.all(plan.API, "volumesnapshotcontents")) == 1


async def test_a_claim_begins_with_it(kube, root):
    await take(kube)
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"}
    wanted = claim("d", dataSource=source)
    assert provisioning.is_from_snapshot(wanted)
    found, content = (
        kube.one(plan.API, *where) for where in (("volumesnapshots", KEY), ("volumesnapshotcontents", CONTENT))
    )
    path = provisioning.snapshot_path(wanted, found, content, KEY)
    assert path == str(taken(root).parent)
    with pytest.raises(Unusable, match="is less than the size"):
        provisioning.snapshot_path(claim("d", "1Mi", dataSource=source), found, content, KEY)
    with pytest.raises(Waiting, match="not found"):
        provisioning.snapshot_path(wanted, None, None, KEY)
    with pytest.raises(Waiting, match="is not Ready"):
        provisioning.snapshot_path(wanted, found | {"status": {}}, content, KEY)
    elsewhere = content | {"status": {**content["status"], "snapshotHandle": f"/etc/snapshot-{SNAPSHOT_UID}"}}
    with pytest.raises(Unusable, match="not taken by this provisioner"):
        provisioning.snapshot_path(wanted, found, elsewhere, KEY)


async def test_it_begins_when_the_kind_is_served(kube, monkeypatch):
    slept = []

    async def sleep(delay):
        slept.append(delay)

    monkeypatch.setattr(operator.asyncio, "sleep", sleep)
    kube.refuse("GET", "volumesnapshots", *[ApiError(404, "NotFound", "no")] * 7)
    await operator.start(kube)
    assert slept == [0.1, 0.2, 0.5, 1.0, 5.0, 15.0, 15.0]
