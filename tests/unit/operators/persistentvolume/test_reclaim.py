"""What becomes of a volume."""

import pytest

from operators.persistentvolume import reclaim
from operators.persistentvolume.reclaim import Mismatch, Phase, Unbind
from tests.fakes.storage import claim, reference, volume

MINE = reference("c", "uid-c")
PROVISIONED = {"pv.kubernetes.io/provisioned-by": "example.com/disk"}
IN_TREE = {"pv.kubernetes.io/provisioned-by": "kubernetes.io/gone"}


@pytest.mark.parametrize(
    ("case", "known", "owner", "decision"),
    [
        ("nobody's", volume(), None, Phase("Available")),
        ("reserved by name", volume(claimRef=reference("c")), claim(), Phase("Available")),
        ("bound", volume(claimRef=MINE), claim(volumeName="v"), Phase("Bound")),
        ("to be bound", volume(claimRef=MINE), claim(), "claim"),
        ("the claim is gone", volume(claimRef=MINE, phase="Bound"), None, Phase("Released")),
        ("another claim of the name", volume(claimRef=MINE), claim(uid="other"), Phase("Released")),
        ("released before", volume(claimRef=MINE, phase="Released"), None, "nothing"),
        ("failed before", volume(claimRef=MINE, phase="Failed"), None, "nothing"),
        ("the claim went elsewhere", volume(claimRef=MINE), claim(volumeName="w"), Unbind()),
        (
            "the claim went elsewhere, and it was made for it",
            volume(claimRef=MINE, annotations=PROVISIONED, persistentVolumeReclaimPolicy="Delete"),
            claim(volumeName="w"),
            Phase("Released"),
        ),
    ],
)
def test_phases(case, known, owner, decision):
    assert reclaim.volume(known, owner) == decision, case


@pytest.mark.parametrize(
    ("changes", "reason", "message"),
    [
        ({}, None, None),
        ({"annotations": PROVISIONED}, None, None),
        ({"annotations": IN_TREE}, "VolumeFailedDelete", "no volume plugin matched name: kubernetes.io/gone"),
        (
            {"hostPath": {"path": "/data"}},
            "VolumeFailedDelete",
            "host_path deleter only supports /tmp/.+ but received provided /data",
        ),
        (
            {"hostPath": None, "local": {"path": "/data"}},
            "VolumeFailedDelete",
            'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
        ),
        (
            {"persistentVolumeReclaimPolicy": "Recycle"},
            "VolumeFailedRecycle",
            "No recycler plugin found for the volume!",
        ),
        (
            {"persistentVolumeReclaimPolicy": "Burn"},
            "VolumeUnknownReclaimPolicy",
            "Volume has an unrecognized reclaim policy",
        ),
    ],
)
def test_what_cannot_be_reclaimed(changes, reason, message):
    known = volume(claimRef=MINE, phase="Bound", **{"persistentVolumeReclaimPolicy": "Delete", **changes})
    found = reclaim.volume(known, None)
    assert isinstance(found, Phase)
    if reason is None:
        assert found == Phase("Released")
    else:
        assert (found.phase, found.message) == ("Failed", message)
        assert found.notice is not None
        assert (found.notice.type, found.notice.reason, found.notice.message) == ("Warning", reason, message)


def test_a_volume_reserved_for_a_claim_of_another_mode():
    found = reclaim.volume(volume(claimRef=MINE, volumeMode="Block"), claim())
    assert isinstance(found, Mismatch)
    assert found.on_claim.message.startswith('Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due')
    assert found.on_volume.reason == "VolumeMismatch"
