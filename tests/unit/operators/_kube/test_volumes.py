"""What operators read of claims, volumes and classes."""

import pytest

from operators._kube import meta, volumes
from tests.fakes.storage import claim, reference, storage_class, volume

NODE = {"metadata": {"name": "n", "labels": {"kubernetes.io/hostname": "n"}}}
HERE, THERE = volumes.host_affinity("n"), volumes.host_affinity("elsewhere")


@pytest.mark.parametrize(
    ("case", "wanted", "found", "name"),
    [
        (
            "the smallest that fits",
            claim(size="2Gi"),
            [volume("a", "5Gi"), volume("b", "3Gi"), volume("c", "1Gi")],
            "b",
        ),
        ("names decide among equals", claim(), [volume("b"), volume("a")], "a"),
        (
            "fewer modes come first",
            claim(),
            [volume("a", accessModes=["ReadWriteMany", "ReadWriteOnce"]), volume("b", "9Gi")],
            "b",
        ),
        ("modes are needed", claim(accessModes=["ReadWriteMany"]), [volume()], None),
        ("of its class", claim(storageClassName="x"), [volume("a"), volume("b", storageClassName="x")], "b"),
        ("no class is a class", claim(storageClassName=""), [volume("a", storageClassName="x"), volume("b")], "b"),
        ("of its mode", claim(volumeMode="Block"), [volume()], None),
        ("only free ones", claim(), [volume(phase="Released"), volume("b", phase="Bound")], None),
        ("not one that goes", claim(), [volume(deleting=True)], None),
        ("not another's", claim(), [volume(claimRef=reference("other"))], None),
        ("a reserved one, though larger", claim(), [volume("a"), volume("z", "9Gi", claimRef=reference("c"))], "z"),
        ("a reserved one by UID", claim(), [volume(claimRef=reference("c", "uid-c"), phase="Bound")], "v"),
        ("not one of a former claim", claim(), [volume(claimRef=reference("c", "older"))], None),
        ("a reserved one must be large enough", claim(size="2Gi"), [volume(claimRef=reference("c"))], None),
        ("labels", claim(selector={"matchLabels": {"k": "v"}}), [volume("a"), volume("b", labels={"k": "v"})], "b"),
    ],
)
def test_the_volume_for_a_claim(case, wanted, found, name):
    result = volumes.find(wanted, found)
    assert (result and meta.name_of(result)) == name, case


def test_a_delayed_claim_gets_only_what_is_reserved_until_there_is_a_node():
    near, far = volume("near", nodeAffinity=HERE), volume("far", "500Mi", nodeAffinity=THERE)
    small = claim(size="100Mi")
    assert volumes.find(small, [near, far], is_delayed=True) is None
    assert volumes.find(small, [near, far], node=NODE) is near
    reserved = volume(claimRef=reference("c"))
    assert volumes.find(claim(), [reserved], is_delayed=True) is reserved
    assert volumes.find(small, [near, far], node=NODE, taken={"near"}) is None
    elsewhere = volume(claimRef=reference("c"), nodeAffinity=THERE)
    assert volumes.find(small, [elsewhere, near], node=NODE) is None


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (volume(), None),
        (volume(deleting=True), 'the volume is marked for deletion "v"'),
        (volume(size="1Mi"), "requested PV is too small"),
        (volume(storageClassName="x"), "storageClassName does not match"),
        (volume(volumeMode="Block"), "incompatible volumeMode"),
        (volume(accessModes=["ReadOnlyMany"]), "incompatible accessMode"),
    ],
)
def test_why_a_volume_does_not_do(found, why):
    assert volumes.objection(found, claim()) == why


def test_the_default_class_is_the_newest():
    old, new = storage_class("a", default=True), storage_class("b", default=True, created="2026-02-01T00:00:00Z")
    same = storage_class("c", default=True, created="2026-02-01T00:00:00Z")
    assert volumes.default_class([old, same, new, storage_class("d")]) is new
    assert volumes.default_class([storage_class()]) is None


@pytest.mark.parametrize(
    ("wanted", "name", "names"),
    [
        (claim(), "", False),
        (claim(storageClassName=""), "", True),
        (claim(storageClassName="x"), "x", True),
        (claim(annotations={"volume.beta.kubernetes.io/storage-class": "y"}, storageClassName="x"), "y", True),
    ],
)
def test_the_class_of_a_claim(wanted, name, names):
    assert (volumes.class_of(wanted), volumes.names_class(wanted)) == (name, names)


def test_the_claims_of_a_pod():
    pod = {
        "metadata": {"name": "p"},
        "spec": {
            "volumes": [
                {"name": "a", "persistentVolumeClaim": {"claimName": "x"}},
                {"name": "b", "ephemeral": {}},
                {"name": "c", "emptyDir": {}},
            ]
        },
    }
    assert volumes.claim_names(pod) == {"a": ("x", False), "b": ("p-b", True)}
