"""The claims of generic ephemeral volumes."""

from operators.ephemeralvolume import plan

TEMPLATE = {"metadata": {"labels": {"a": "b"}, "name": "ignored"}, "spec": {"accessModes": ["ReadWriteOnce"]}}


def pod(phase="Pending", **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns", "uid": "u", **metadata},
        "spec": {
            "containers": [{"name": "c"}],
            "volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": TEMPLATE}}, {"name": "e", "emptyDir": {}}],
        },
        "status": {"phase": phase, "conditions": []},
    }


def test_what_a_pod_needs():
    assert list(plan.templates(pod())) == [("p-v", TEMPLATE)]
    assert list(plan.templates(pod(deletionTimestamp="2026-01-01T00:00:00Z"))) == []
    assert list(plan.templates(pod("Succeeded"))) == []


def test_the_claim_goes_with_the_pod():
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "controller": True, "blockOwnerDeletion": True}
    assert plan.claim(pod(), "p-v", TEMPLATE) == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "p-v", "namespace": "ns", "labels": {"a": "b"}, "ownerReferences": [owner]},
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }


def test_whose_a_claim_is():
    made = plan.claim(pod(), "p-v", TEMPLATE)
    assert plan.objection(pod(), made) is None
    assert plan.objection(pod(uid="w"), made) == "PVC ns/p-v was not created for pod ns/p (pod is not owner)"


def test_what_is_kept_in_memory_is_enough():
    small = plan.reduced(pod("Failed"))
    assert list(plan.templates(small)) == []
    assert list(plan.templates(plan.reduced(pod()))) == [("p-v", TEMPLATE)]
    assert "containers" not in small["spec"]
    plain = pod()
    plain["spec"]["volumes"] = []
    assert set(plan.reduced(plain)) == {"apiVersion", "kind", "metadata"}
