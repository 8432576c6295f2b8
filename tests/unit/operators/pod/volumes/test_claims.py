"""Which directory, path or device of the node a claim is."""

import pytest

from operators._kube.volumes import host_affinity
from operators.pod import sources
from operators.pod.volumes import claims
from operators.pod.volumes.claims import Source
from tests.fakes.storage import claim, reference, volume

MINE = reference("c", "uid-c")
LOCAL = {"hostPath": None, "local": {"path": "/srv/v"}, "claimRef": MINE}
OWNED = {"kind": "Pod", "name": "p", "uid": "u", "controller": True}


def pod(*, phase="Pending", field="volumeMounts", **source):
    volume_source = source or {"persistentVolumeClaim": {"claimName": "c"}}
    return {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
        "spec": {
            "containers": [{"name": "x", field: [{"name": "data"}]}],
            "volumes": [{"name": "data", **volume_source}],
        },
        "status": {"phase": phase},
    }


def bound(**changes):
    return claim(phase="Bound", volumeName="v", **changes)


READ_ONLY = {"persistentVolumeClaim": {"claimName": "c", "readOnly": True}}


@pytest.mark.parametrize(
    ("known", "user", "expected"),
    [
        (volume(**LOCAL), pod(), Source("/srv/v", "directory", False)),
        (volume(**LOCAL, mountOptions=["noexec"]), pod(), Source("/srv/v", "directory", False, "", ("noexec",))),
        (volume(**LOCAL), pod(**READ_ONLY), Source("/srv/v", "directory", True)),
        (volume(**LOCAL, nodeAffinity=host_affinity("n")), pod(), Source("/srv/v", "directory", False)),
        (
            volume(claimRef=MINE, hostPath={"path": "/x", "type": "File"}),
            pod(),
            Source("/x", "host", False, "File"),
        ),
        (volume(**LOCAL, volumeMode="Block"), pod(field="volumeDevices"), Source("/srv/v", "block", False)),
    ],
)
def test_what_a_claim_is(known, user, expected):
    assert claims.source_of(bound(), known, user, "n", "data") == expected


@pytest.mark.parametrize(
    ("case", "of", "known", "user", "message"),
    [
        (
            "no claim",
            None,
            None,
            pod(),
            'error processing PVC ns/c: failed to fetch PVC from API server: persistentvolumeclaims "c" not found',
        ),
        ("not bound", claim(), None, pod(), "error processing PVC ns/c: PVC is not bound"),
        ("bound to nothing", claim(phase="Bound"), None, pod(), "error processing PVC ns/c: PVC is not bound"),
        ("goes", bound(deleting=True), volume(**LOCAL), pod(), "error processing PVC ns/c: PVC is being deleted"),
        (
            "no volume",
            bound(),
            None,
            pod(),
            'error processing PVC ns/c: failed to fetch PV v from API server: persistentvolumes "v" not found',
        ),
        ("no reference", bound(), volume(), pod(), "error processing PVC ns/c: PV v spec.ClaimRef is nil"),
        (
            "another's",
            bound(),
            volume(claimRef=reference("c", "other")),
            pod(),
            "error processing PVC ns/c: PV v spec.ClaimRef.UID other does not match pvc.UID uid-c",
        ),
        (
            "elsewhere",
            bound(),
            volume(**LOCAL, nodeAffinity=host_affinity("m")),
            pod(),
            'MountVolume.NodeAffinity check failed for volume "v" : no matching NodeSelectorTerms',
        ),
        (
            "not its own",
            claim("p-data", phase="Bound", volumeName="v"),
            volume(**LOCAL),
            pod(ephemeral={}),
            "error processing PVC ns/p-data: PVC ns/p-data was not created for pod ns/p (pod is not owner)",
        ),
    ],
)
def test_what_a_pod_waits_for(case, of, known, user, message):
    with pytest.raises(sources.Missing) as error:
        claims.source_of(of, known, user, "n", "data")
    assert error.value.message == message, case


def test_a_pod_that_runs_keeps_a_claim_that_goes():
    assert claims.source_of(bound(deleting=True), volume(**LOCAL), pod(phase="Running"), "n").path == "/srv/v"


def test_other_labels_of_a_node_are_not_looked_at():
    required = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]}
    known = volume(**LOCAL, nodeAffinity={"required": required})
    assert claims.source_of(bound(), known, pod(), "n").path == "/srv/v"


@pytest.mark.parametrize(
    ("known", "user", "message"),
    [
        (
            volume(hostPath=None, nfs={"server": "s"}, claimRef=MINE),
            pod(),
            "nfs volumes are not supported on this node",
        ),
        (volume(hostPath={"path": "/x"}, mountOptions=["ro"], claimRef=MINE), pod(), "Mount options are not supported"),
        (
            volume(**LOCAL, volumeMode="Block"),
            pod(),
            "volume data has volumeMode Block, but is specified in volumeMounts",
        ),
        (
            volume(**LOCAL),
            pod(field="volumeDevices"),
            "volume data has volumeMode Filesystem, but is specified in volumeDevices",
        ),
        (volume(hostPath={"path": "/x/../etc"}, claimRef=MINE), pod(), "path must be absolute"),
        (volume(hostPath={"path": "/x\n"}, claimRef=MINE), pod(), "path must be absolute"),
    ],
)
def test_what_this_node_cannot_mount(known, user, message):
    with pytest.raises(sources.Unsupported, match=message):
        claims.source_of(bound(), known, user, "n", "data")


def other(uid="w", created="2026-01-02T00:00:00Z", phase="Pending"):
    found = pod(phase=phase)
    return found | {"metadata": found["metadata"] | {"name": uid, "uid": uid, "creationTimestamp": created}}


@pytest.mark.parametrize(
    ("mine", "another", "waits"),
    [
        (other("u"), other(created="2026-01-01T00:00:00Z"), True),
        (other("u"), other(created="2026-01-01T00:00:00Z", phase="Succeeded"), False),
        (other("u"), other(created="2026-01-03T00:00:00Z"), False),
        (other("u"), other(created="2026-01-03T00:00:00Z", phase="Running"), True),
        (other("u", phase="Running"), other(created="2026-01-01T00:00:00Z"), False),
        (other("u"), other("u"), False),
    ],
)
def test_a_claim_for_one_pod_alone(mine, another, waits):
    claims.check_alone(bound(), mine, [another])
    alone = bound(accessModes=["ReadWriteOncePod"])
    if waits:
        with pytest.raises(sources.Missing, match="already in use by another pod"):
            claims.check_alone(alone, mine, [another])
    else:
        claims.check_alone(alone, mine, [another])
