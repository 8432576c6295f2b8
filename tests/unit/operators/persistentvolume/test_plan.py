"""What becomes of a claim."""

import pytest

from operators._kube import meta
from operators.persistentvolume import binding, plan, status
from operators.persistentvolume.plan import Assign, AwaitPod, Bind, Provision, Rest
from tests.fakes.storage import claim, reference, storage_class, volume

DONE = {"pv.kubernetes.io/bind-completed": "yes"}
NODE = {"volume.kubernetes.io/selected-node": "n"}


def decide(wanted, *known, classes=()):
    by_name = [{found["metadata"]["name"]: found for found in group} for group in (known, classes)]
    return plan.claim(wanted, *by_name)


@pytest.mark.parametrize(
    ("case", "wanted", "known", "phase", "reason", "message"),
    [
        (
            "nothing",
            claim(),
            [],
            "Pending",
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
        ),
        (
            "no class",
            claim(storageClassName="x"),
            [],
            "Pending",
            "ProvisioningFailed",
            'storageclass.storage.k8s.io "x" not found',
        ),
        (
            "by hand",
            claim(storageClassName="hand"),
            [],
            "Pending",
            "ProvisioningFailed",
            "no volume plugin matched name: kubernetes.io/no-provisioner",
        ),
        ("asks for none", claim(volumeName="v"), [], "Pending", None, None),
        (
            "asks for another's",
            claim(volumeName="v"),
            [volume(claimRef=reference("o", "u"))],
            "Pending",
            "FailedBinding",
            'volume "v" already bound to a different claim.',
        ),
        (
            "asks for a small one",
            claim(volumeName="v"),
            [volume(size="1Mi")],
            "Pending",
            "VolumeMismatch",
            'Cannot bind to requested volume "v": requested PV is too small',
        ),
        (
            "lost its reference",
            claim(annotations=DONE),
            [],
            "Lost",
            "ClaimLost",
            "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
        ),
        (
            "lost its volume",
            claim(annotations=DONE, volumeName="v"),
            [],
            "Lost",
            "ClaimLost",
            "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
        ),
        (
            "two claims",
            claim(annotations=DONE, volumeName="v"),
            [volume(claimRef=reference("o", "u"))],
            "Lost",
            "ClaimMisbound",
            "Two claims are bound to the same volume, this one is bound incorrectly",
        ),
    ],
)
def test_claims_that_get_nothing(case, wanted, known, phase, reason, message):
    found = decide(wanted, *known, classes=[storage_class("hand", provisioner="kubernetes.io/no-provisioner")])
    assert isinstance(found, Rest), case
    assert found.phase == phase
    assert (found.notice and found.notice.reason) == reason
    assert (found.notice and found.notice.message) == message


@pytest.mark.parametrize(
    ("case", "wanted", "known"),
    [
        ("matches", claim(), volume()),
        ("asked for", claim(volumeName="v"), volume()),
        ("asked for and reserved", claim(volumeName="v"), volume(claimRef=reference("c"))),
        ("bound", claim(annotations=DONE, volumeName="v"), volume(claimRef=reference("c", "uid-c"), phase="Bound")),
        ("bound, the volume forgot", claim(annotations=DONE, volumeName="v"), volume()),
    ],
)
def test_claims_that_get_a_volume(case, wanted, known):
    assert decide(wanted, known) == Bind(known), case


def test_classes():
    fast, slow = storage_class(default=True), storage_class("slow", delayed=True)
    assert decide(claim(), classes=[fast]) == Assign("fast")
    assert isinstance(decide(claim(storageClassName=""), classes=[fast]), Rest)
    assert decide(claim(storageClassName="fast"), classes=[fast]) == Provision("example.com/disk")
    assert decide(claim(storageClassName="slow"), classes=[slow]) == AwaitPod()
    assert decide(claim(storageClassName="slow"), volume(storageClassName="slow"), classes=[slow]) == AwaitPod()
    assert decide(claim(storageClassName="slow", annotations=NODE), classes=[slow]) == Provision("example.com/disk")


def pod(name, node=None, of="c"):
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": of}}]
    return {"metadata": {"name": name}, "spec": {"volumes": volumes, **({"nodeName": node} if node else {})}}


@pytest.mark.parametrize(
    ("pods", "reason", "message"),
    [
        ([], "WaitForFirstConsumer", "waiting for first consumer to be created before binding"),
        (
            [pod("a", of="x"), pod("b", "n")],
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding",
        ),
        ([pod("a")], "WaitForPodScheduled", "waiting for pod a to be scheduled"),
        ([pod("b"), pod("a")], "WaitForPodScheduled", "waiting for pods a,b to be scheduled"),
    ],
)
def test_what_a_delayed_claim_waits_for(pods, reason, message):
    assert plan.awaited(pods, claim()) == plan.Notice("Normal", reason, message)


def test_our_choice_is_marked_on_both():
    bound = binding.volume_for(volume(), claim())
    assert bound["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    assert bound["spec"]["claimRef"] == {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "ns", "name": "c", "uid": "uid-c",
    }  # fmt: skip
    assert binding.volume_for(bound, claim()) == bound
    taken = binding.claim_for(claim(), bound)
    assert taken["spec"]["volumeName"] == "v"
    assert set(taken["metadata"]["annotations"]) == {
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
    }
    assert binding.claim_for(taken, bound) == taken


def test_a_users_choice_is_not_marked():
    bound = binding.volume_for(volume(claimRef=reference("c")), claim())
    assert "annotations" not in bound["metadata"]
    assert bound["spec"]["claimRef"]["uid"] == "uid-c"
    taken = binding.claim_for(claim(volumeName="v"), bound)
    assert taken["metadata"]["annotations"] == DONE


def test_unbinding():
    by_us = binding.volume_for(volume(annotations={"a": "b"}), claim())
    assert binding.unbound(by_us) == volume(annotations={"a": "b"})
    assert "annotations" not in binding.unbound(binding.volume_for(volume(), claim()))["metadata"]
    by_user = volume(claimRef=reference("c", "uid-c"))
    assert binding.unbound(by_user)["spec"]["claimRef"] == reference("c")


def test_the_size_is_taken_over_only_when_a_claim_becomes_bound():
    known = volume(size="5Gi")
    fresh = status.claim(claim(), "Bound", known)
    assert fresh == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"}}
    growing = claim(phase="Bound", status={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]})
    assert status.claim(growing, "Bound", known) == growing["status"]
    assert status.claim(growing, "Lost", None) == {"phase": "Lost"}


def test_whom_a_volume_concerns():
    claims = [claim("a"), claim("b", volumeName="v"), claim("d", volumeName="w"), claim("e", storageClassName="x")]
    mine = claim("f", volumeName="w")
    found = plan.competing(volume(claimRef=reference("f")), [*claims, mine])
    assert [key.name for key in found] == ["a", "b", "f"]
    assert found[0] == meta.Key("ns", "a")


def test_what_others_say_about_a_volume_stays_as_long_as_its_phase():
    said = {"phase": "Bound", "message": "mine", "reason": "Mine", "lastPhaseTransitionTime": "then"}
    known = {**volume(), "status": said}
    assert status.volume(known, "Bound") == said
    assert status.volume(known, "Released") == {
        "phase": "Released",
        "reason": "Mine",
        "lastPhaseTransitionTime": "then",
    }
    assert status.volume(known, "Failed", "no")["message"] == "no"


def test_a_claim_that_nobody_lets_grow():
    def bound(size, shown="1Gi"):
        return claim(
            size=size, annotations=DONE, volumeName="v", phase="Bound", status={"capacity": {"storage": shown}}
        )

    found = plan.stunted(bound("2Gi"), volume())
    assert found is not None
    assert (found.type, found.reason) == ("Warning", "ExternalExpanding")
    assert plan.stunted(bound("1Gi"), volume()) is None
    assert plan.stunted(bound("2Gi"), volume(size="5Gi")) is None
    provisioned = volume(annotations={"pv.kubernetes.io/provisioned-by": "x/y"})
    assert plan.stunted(bound("2Gi"), provisioned) is None
    assert plan.stunted(claim(size="2Gi"), volume()) is None
