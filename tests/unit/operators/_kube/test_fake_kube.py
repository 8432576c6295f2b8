"""The fake behaves like the API server where reconciles depend on it."""

from operators._kube import meta
from operators._kube.actions import Create, Delete, Note
from operators._kube.client import ApiError
from operators._kube.meta import Key
from tests.fakes.kube import FakeKube

RS = {"metadata": {"name": "web", "namespace": "d"}, "spec": {"replicas": 2}}
POD = {"metadata": {"generateName": "web-"}, "spec": {"nodeName": "n"}}


async def test_created_objects_are_owned_and_found_at_once():
    kube = FakeKube()
    rs = kube.add("apps/v1", "replicasets", RS)
    note = Note("SuccessfulCreate", "Created pod: {name}")
    errors = await kube.perform([Create("v1", "pods", POD, success=note)] * 2, owner=rs)
    assert errors == []
    pods = kube.controlled_by(rs, "v1", "pods")
    assert len(pods) == 2
    assert meta.controller_of(pods[0])["name"] == "web"
    assert pods[0]["kind"] == "Pod"
    assert kube.writes == ["POST pods", "POST pods"]
    assert kube.events == [
        ("Normal", "SuccessfulCreate", f"Created pod: {name}") for name in sorted(map(meta.name_of, pods))
    ]


async def test_deleting_marks_a_bound_pod_and_removes_the_rest():
    kube = FakeKube()
    rs = kube.add("apps/v1", "replicasets", RS)
    pod = kube.add("v1", "pods", {**POD, "metadata": {"name": "a", "namespace": "d"}})
    await kube.perform([Delete("v1", "pods", "d", "a", uid=meta.uid_of(pod))])
    assert meta.is_deleting(kube.get_or_none("v1", "pods", Key("d", "a")))
    await kube.perform([Delete("apps/v1", "replicasets", "d", "web", uid=meta.uid_of(rs))])
    assert kube.get_or_none("apps/v1", "replicasets", Key("d", "web")) is None


async def test_a_refused_creation_stops_the_batches():
    kube = FakeKube()
    rs = kube.add("apps/v1", "replicasets", RS)
    kube.refuse("POST", "pods", *[ApiError(403, "Forbidden", "exceeded quota")] * 9)
    errors = await kube.perform(
        [Create("v1", "pods", POD, failure=Note("FailedCreate", "Error creating: {error}"))] * 5, owner=rs
    )
    assert [str(error) for error in errors] == ["exceeded quota"]
    assert len(kube.writes) == 1
    assert kube.events == [("Warning", "FailedCreate", "Error creating: exceeded quota")]


async def test_status_is_written_only_when_it_differs():
    kube = FakeKube()
    rs = kube.add("apps/v1", "replicasets", {**RS, "status": {"replicas": 1, "old": 1}})
    assert await kube.patch_status(rs, {"replicas": 2, "none": None})
    assert kube.one("apps/v1", "replicasets", Key("d", "web"))["status"] == {"replicas": 2}
    assert kube.requests[-1][2] == {"metadata": {"uid": meta.uid_of(rs)}, "status": {"old": None, "replicas": 2}}
    seen = kube.get_or_none("apps/v1", "replicasets", Key("d", "web"))
    assert not await kube.patch_status(seen, {"replicas": 2})
