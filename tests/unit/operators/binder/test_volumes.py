"""What a Pod's claims say about where it runs, and when."""

import pytest

from operators._kube.volumes import host_affinity
from operators.binder import plan, volumes
from operators.binder.volumes import Choice, Storage
from tests.fakes.storage import claim, reference, storage_class, volume
from tests.unit.operators.binder import build

BOUND = {"pv.kubernetes.io/bind-completed": "yes"}
LATER = storage_class("later", delayed=True)
MANUAL = storage_class("manual", delayed=True, provisioner="kubernetes.io/no-provisioner")
HERE, THERE = host_affinity("n1"), host_affinity("elsewhere")
NODE = build.node()
TAIL = ". no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


def user(*names, **changes):
    given = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    return build.pod(volumes=given, **changes)


def bound(name="c", **changes):
    return claim(name, annotations=BOUND, volumeName="v", phase="Bound", **changes)


def delayed(name="c", of="later", **changes):
    return claim(name, storageClassName=of, **changes)


def storage(*objects):
    kinds = {"PersistentVolumeClaim": [], "PersistentVolume": [], "StorageClass": [LATER, MANUAL]}
    for obj in objects:
        kinds[obj["kind"]].append(obj)
    return Storage(*kinds.values())


def place(pod, *objects, others=()):
    return plan.place(pod, build.cluster(NODE, pods=others, storage=storage(*objects)))


@pytest.mark.parametrize(
    ("case", "objects", "reason"),
    [
        ("none", [], 'persistentvolumeclaim "c" not found'),
        ("pending", [claim()], "pod has unbound immediate PersistentVolumeClaims"),
        ("half bound", [claim(volumeName="v")], "pod has unbound immediate PersistentVolumeClaims"),
        ("its class is gone", [delayed(of="gone")], "pod has unbound immediate PersistentVolumeClaims"),
        ("asks for one", [delayed(volumeName="v")], "pod has unbound immediate PersistentVolumeClaims"),
        ("goes", [bound(deleting=True)], 'persistentvolumeclaim "c" is being deleted'),
        (
            "lost",
            [claim(phase="Lost", volumeName="v")],
            'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
        ),
    ],
)
def test_where_no_node_will_do(case, objects, reason):
    found = place(user("c"), *objects)
    assert (found.node, found.message) == (None, f"0/1 nodes are available: {reason}{TAIL}"), case


@pytest.mark.parametrize(
    ("case", "objects", "reason"),
    [
        ("elsewhere", [bound(), volume(nodeAffinity=THERE)], "1 node(s) didn't match PersistentVolume's node affinity"),
        ("gone", [bound()], "1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"),
        ("none by hand", [delayed(of="manual")], "1 node(s) didn't find available persistent volumes to bind"),
        (
            "by hand elsewhere",
            [delayed(of="manual"), volume(storageClassName="manual", nodeAffinity=THERE)],
            "1 node(s) didn't find available persistent volumes to bind",
        ),
    ],
)
def test_where_this_node_will_not_do(case, objects, reason):
    found = place(user("c"), *objects)
    assert (found.node, found.message) == (None, f"0/1 nodes are available: {reason}{TAIL}"), case


def test_bound_claims_are_no_obstacle():
    found = place(user("c"), bound(), volume(nodeAffinity=HERE))
    assert (found.node, found.choice) == ("n1", Choice())
    assert found.choice.is_settled


def test_a_delayed_claim_is_provisioned_on_the_node():
    wanted = delayed()
    found = place(user("c"), wanted)
    assert (found.node, found.choice) == ("n1", Choice(provision=(wanted,)))
    assert not found.choice.is_settled
    chosen = volumes.selected(wanted, "n1")
    assert chosen["metadata"]["annotations"] == {"volume.kubernetes.io/selected-node": "n1"}
    assert place(user("c"), chosen).choice.provision == (chosen,), "until it is bound"
    elsewhere = volumes.selected(wanted, "n2")
    assert place(user("c"), elsewhere).node is None


def test_volumes_made_by_hand_are_reserved_the_smallest_claim_first():
    large, small = delayed("large", "manual", size="5Gi"), delayed("small", "manual", size="1Gi")
    first, second = (volume(name, "9Gi", storageClassName="manual", nodeAffinity=HERE) for name in ("a", "b"))
    found = place(user("large", "small"), large, small, first, second)
    assert found.choice.reserve == ((small, first), (large, second))
    taken = volumes.reserved(first, small)
    assert taken["spec"]["claimRef"]["uid"] == "uid-small"
    assert taken["metadata"]["annotations"] == {"pv.kubernetes.io/bound-by-controller": "yes"}
    assert volumes.reserved(taken, small) is taken
    by_user = volume(claimRef=reference("small"))
    assert "annotations" not in volumes.reserved(by_user, small)["metadata"]


@pytest.mark.parametrize(("values", "fits"), [(["a"], True), (["b"], False)])
def test_topologies_of_a_class(values, fits):
    topology = {"matchLabelExpressions": [{"key": "zone", "values": values}]}
    near = storage_class("near", delayed=True, allowedTopologies=[topology])
    known = Storage([delayed(of="near")], [], [near])
    found = plan.place(user("c"), build.cluster(build.node(labels={"zone": "a"}), storage=known))
    assert (found.node is not None) is fits


def test_a_claim_for_one_pod_alone():
    alone = bound(accessModes=["ReadWriteOncePod"])
    other = {**user("c"), "metadata": {"name": "other", "namespace": "ns", "uid": "other"}}
    found = place(user("c"), alone, volume(), others=[other])
    assert found.node is None
    assert "ReadWriteOncePod access mode already in-use by another pod" in found.message
    assert "No preemption victims found for incoming pod" in found.message
    assert place(user("c"), alone, volume(), others=[user("c")]).node == "n1", "itself"
    far = {**other, "metadata": {**other["metadata"], "namespace": "far"}}
    assert place(user("c"), alone, volume(), others=[far]).node == "n1"
    assert place(user("c"), bound(), volume(), others=[other]).node == "n1", "shared"


def test_a_pods_own_claims():
    pod = build.pod(volumes=[{"name": "v", "ephemeral": {}}])
    assert 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"' in place(pod).message
    strange = bound("p-v")
    assert "PVC ns/p-v was not created for pod ns/p (pod is not owner)" in place(pod, strange, volume()).message
    owner = {"kind": "Pod", "name": "p", "uid": "uid-p", "controller": True}
    assert place(pod, bound("p-v", owners=[owner]), volume()).node == "n1"
