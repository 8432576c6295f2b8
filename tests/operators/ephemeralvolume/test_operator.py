"""The ephemeral volume operator's reconcile on a fake API server."""

import pytest

from operators._kube import meta
from operators._kube.errors import ApiError, Terminal
from operators.ephemeralvolume import operator
from tests.fakes.kube import FakeKube
from tests.fakes.storage import claim

POD, CLAIM = meta.Key("ns", "p"), meta.Key("ns", "p-v")


@pytest.fixture
def kube():
    found = FakeKube("ephemeralvolume")
    volumes = [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}]
    found.add("v1", "pods", {"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": {"volumes": volumes}})
    return found


async def test_a_claim_is_made_once(kube):
    for _ in range(2):
        await operator.reconcile(POD, kube, kube.now)
    assert kube.writes == ["POST persistentvolumeclaims"]
    assert meta.is_controlled_by(kube.one("v1", "persistentvolumeclaims", CLAIM), kube.one("v1", "pods", POD))


async def test_somebody_elses_claim_is_not_taken(kube):
    strange = kube.add("v1", "persistentvolumeclaims", claim("p-v"))
    assert list(operator.users(strange, kube)) == [POD]
    with pytest.raises(Terminal, match="pod is not owner"):
        await operator.reconcile(POD, kube, kube.now)
    kube.remove("v1", "persistentvolumeclaims", CLAIM)
    await operator.reconcile(POD, kube, kube.now)
    assert kube.writes == ["POST persistentvolumeclaims"]


async def test_a_refusal_is_told(kube):
    kube.refuse("POST", "persistentvolumeclaims", ApiError(403, "Forbidden", "exceeded quota"))
    with pytest.raises(ApiError):
        await operator.reconcile(POD, kube, kube.now)
    text = "ephemeral volume v: create PVC ns/p-v: exceeded quota"
    assert kube.events == [("Warning", "FailedBinding", text)]
