"""Which claims get a volume here, what it looks like, and which volumes are this node's to remove."""

import pytest

from operators._kube import nodevolumes
from operators._kube.meta import Key
from operators._kube.nodevolumes import Place
from operators.provisioner import growth, parameters, plan
from operators.provisioner.parameters import Parameters, Unusable
from operators.provisioner.plan import FINALIZER, NAME, Order
from tests.fakes.storage import claim, reference, storage_class, volume

UID = "0f6b9cf2-3b0a-4b0e-9e35-6c1f0a9f2b11"
ASKED = {"volume.kubernetes.io/storage-provisioner": NAME}
BETA = {"volume.beta.kubernetes.io/storage-provisioner": NAME}
HERE = {**ASKED, "volume.kubernetes.io/selected-node": "n"}
THERE = {**ASKED, "volume.kubernetes.io/selected-node": "m"}
NOW, LATER = storage_class(provisioner=NAME), storage_class(provisioner=NAME, delayed=True)


def mine(annotations=HERE, size="1Gi", **spec):
    return claim(size=size, uid=UID, annotations=annotations, storageClassName="fast", **spec)


def made(**changes):
    given = {
        "annotations": {"pv.kubernetes.io/provisioned-by": NAME},
        "hostPath": None,
        "local": {"path": f"{nodevolumes.ROOT}/pvc-{UID}"},
        "claimRef": reference("c", UID),
        "persistentVolumeReclaimPolicy": "Delete",
        "phase": "Released",
        **changes,
    }
    return volume(given.pop("name", f"pvc-{UID}"), **given)


@pytest.mark.parametrize(
    ("case", "wanted", "class_", "expected"),
    [
        ("not asked yet", mine({"a": "b"}), NOW, False),
        ("asked", mine(ASKED), NOW, True),
        ("asked in the older spelling", mine(BETA), NOW, True),
        ("asked, a node is to come", mine(ASKED), LATER, False),
        ("with a node", mine(), LATER, True),
        ("another node's", mine(THERE), LATER, False),
        ("has one", mine(volumeName="v"), NOW, False),
        ("is going", mine(deleting=True), NOW, False),
        ("no class", mine(ASKED), None, False),
        ("another's class", mine(ASKED), storage_class(), False),
    ],
)
def test_whose_turn_it_is(case, wanted, class_, expected):
    assert plan.is_wanted(wanted, class_, "n") is expected, case


def test_an_order():
    found = plan.order(mine(), NOW)
    assert found == Order(f"pvc-{UID}", Parameters(), 1 << 30)
    assert found.path == f"/var/lib/ukube/volumes/pvc-{UID}"
    source = {"kind": "PersistentVolumeClaim", "name": "o"}
    assert plan.order(mine(dataSource=source), NOW).source == Key("ns", "o")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (mine(volumeMode="Block"), "volumeMode must be"),
        (mine(selector={}), "claim Selector is not supported"),
        (
            mine(dataSource={"apiGroup": "example.com", "kind": "Copy", "name": "s"}),
            "Copy.example.com is not supported",
        ),
        (mine(dataSourceRef={"kind": "PersistentVolumeClaim", "name": "s", "namespace": "x"}), "same namespace"),
        (claim(uid="../../etc"), "UID"),
    ],
)
def test_what_cannot_be_made(wanted, message):
    with pytest.raises(Unusable, match=message):
        plan.order(wanted, NOW)


@pytest.mark.parametrize(
    ("given", "found"),
    [({}, Parameters()), ({"path": "/srv/data", "mode": "0750"}, Parameters("/srv/data", 0o750))],
)
def test_parameters(given, found):
    assert parameters.parse(given) == found


@pytest.mark.parametrize(
    "given",
    [
        {"size": "1"},
        {"path": "srv"},
        {"path": "/"},
        {"path": "/etc"},
        {"path": "/etc/x"},
        {"path": "/srv/../etc"},
        {"path": "/srv/"},
        {"path": "/srv\0"},
        {"path": ""},
        {"mode": "rwx"},
        {"mode": "99999"},
        {"mode": "07777x"},
        {"path": "//srv"},
        {"path": "/proc/1/root"},
    ],
)
def test_parameters_that_are_refused(given):
    with pytest.raises(Unusable):
        parameters.parse(given)


def test_the_volume():
    found = plan.volume(mine(), LATER, plan.order(mine(), LATER), "host")
    assert found["metadata"] == {
        "name": f"pvc-{UID}",
        "annotations": {"pv.kubernetes.io/provisioned-by": NAME},
        "finalizers": [FINALIZER],
    }
    assert found["spec"] == {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": "fast",
        "volumeMode": "Filesystem",
        "local": {"path": f"{nodevolumes.ROOT}/pvc-{UID}"},
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["host"]}]}
                ]
            }
        },
        "claimRef": {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "ns", "name": "c", "uid": UID,
        },
    }  # fmt: skip
    kept = plan.volume(mine(), {**LATER, "reclaimPolicy": "Retain"}, plan.order(mine(), LATER), "host")
    assert "finalizers" not in kept["metadata"]
    assert nodevolumes.volume_place(found) == Place(nodevolumes.ROOT, f"pvc-{UID}")
    assert not plan.is_elsewhere(found, "host")
    assert plan.is_elsewhere(found, "other")


@pytest.mark.parametrize(
    ("case", "known"),
    [
        ("not made by us", made(annotations={"pv.kubernetes.io/provisioned-by": "x/y"})),
        ("another directory", made(local={"path": "/etc"})),
        ("a directory of the system", made(local={"path": f"/etc/pvc-{UID}"})),
        ("a way up", made(local={"path": f"/srv/../etc/pvc-{UID}"})),
        ("another volume's", made(name="v")),
        ("another claim's", made(claimRef=reference("c", "0f6b9cf2-3b0a-4b0e-9e35-6c1f0a9f2b12"))),
        ("nobody's", made(claimRef=None)),
        ("a name that is a path", made(name="pvc-../x", local={"path": "/srv/pvc-../x"})),
        ("no local volume", made(local=None, hostPath={"path": f"{nodevolumes.ROOT}/pvc-{UID}"})),
        ("at the root", made(local={"path": f"/pvc-{UID}"})),
    ],
)
def test_what_only_looks_like_ours(case, known):
    assert nodevolumes.volume_place(known) is None, case


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (made(), True),
        (made(phase="Failed"), True),
        (made(phase="Bound"), False),
        (made(persistentVolumeReclaimPolicy="Retain"), False),
        (made(deleting=True), False),
        (made(deleting=True, finalizers=[FINALIZER]), True),
        (made(deleting=True, finalizers=[FINALIZER], phase="Bound"), False),
        (made(deleting=True, finalizers=[FINALIZER], phase="Available"), True),
        (made(phase="Available"), False),
    ],
)
def test_when_a_volume_is_removed(known, expected):
    assert plan.is_to_remove(known) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tmp/x/y", Place("/tmp", "x/y", is_deep=True)),
        ("/tmp", None),
        ("/tmp/", None),
        ("/tmp/../etc", None),
        ("/data/tmp/x", None),
        ("/tmp/x/", None),
        ("/tmpx", None),
        ("/tmp//x", None),
    ],
)
def test_host_paths_go_below_tmp_only(path, expected):
    assert plan.host_path(volume(hostPath={"path": path})) == expected


def test_the_finalizer_follows_the_policy():
    assert plan.finalizers(made(finalizers=["a"])) == ["a", FINALIZER]
    assert plan.finalizers(made(finalizers=["a", FINALIZER])) is None
    assert plan.finalizers(made(finalizers=["a", FINALIZER], persistentVolumeReclaimPolicy="Retain")) == ["a"]
    assert plan.finalizers(made(finalizers=["a"], deleting=True)) is None


SOURCE = claim("o", phase="Bound", storageClassName="fast", volumeName=f"pvc-{UID}")


@pytest.mark.parametrize(
    ("source", "known", "message"),
    [
        (None, None, "not found"),
        (claim("o"), None, "must have a status of Bound. Got Pending"),
        ({**SOURCE, "spec": {**SOURCE["spec"], "storageClassName": "x"}}, made(), "same storage class"),
        (SOURCE, made(size="2Gi"), "greater than or equal"),
        (SOURCE, made(annotations=None), "not made by this provisioner"),
    ],
)
def test_what_cannot_be_copied(source, known, message):
    with pytest.raises(Unusable, match=message):
        plan.source_path(mine(), source, known, Key("ns", "o"))


def test_what_can_be_copied():
    assert plan.source_path(mine(), SOURCE, made(), Key("ns", "o")) == f"{nodevolumes.ROOT}/pvc-{UID}"


def test_growth():
    bound = {"pv.kubernetes.io/bind-completed": "yes"}
    old = {"capacity": {"storage": "1Gi"}, "conditions": [{"type": "Resizing"}, {"type": "Other"}]}
    large = claim(size="2Gi", phase="Bound", annotations=bound, volumeName="v", status=old)
    assert growth.is_wanted(large)
    assert growth.grown(volume(), large)["spec"]["capacity"] == {"storage": "2Gi"}
    known = volume(size="3Gi")
    assert growth.grown(known, large) is known
    finished = growth.finished(large)
    assert finished == {
        "phase": "Bound",
        "capacity": {"storage": "2Gi"},
        "allocatedResources": {"storage": "2Gi"},
        "conditions": [{"type": "Other"}],
    }
    assert not growth.is_wanted({**large, "status": finished})
    assert not growth.is_wanted(claim(size="2Gi"))
