"""ResourceQuotas: counted, enforced, released."""

import pytest

from tests.conformance.cluster import Object, Refused, Space, eventually
from tests.conformance.kinds import template

HARD = {
    "pods": "5",
    "services": "10",
    "replicationcontrollers": "10",
    "resourcequotas": "1",
    "configmaps": "10",
    "secrets": "10",
    "requests.cpu": "1",
    "requests.memory": "500Mi",
    "requests.ephemeral-storage": "50Gi",
    "requests.example.com/dongle": "3",
}


def quota(space: Space) -> Object:
    """The quota's use once it has been counted."""
    space.create("resourcequotas", {"metadata": {"name": "quota"}, "spec": {"hard": HARD}})

    def counted() -> bool:
        status = space.get("resourcequotas", "quota")["status"]
        return bool(status.get("hard") == HARD and status["used"].get("resourcequotas") == "1")

    eventually(counted, "the quota is counted")
    return used(space)


def used(space: Space) -> Object:
    return dict(space.get("resourcequotas", "quota")["status"]["used"])


OBJECTS: dict[str, Object] = {
    "configmaps": {"data": {"a": "b"}},
    "secrets": {"data": {"a": "Yg=="}},
    "replicationcontrollers": {"spec": {"replicas": 0, "selector": {"app": "x"}, "template": template()}},
}


def test_lives_of_objects(space: Space) -> None:
    before = quota(space)
    for kind, body in OBJECTS.items():
        space.create(kind, {"metadata": {"name": "counted"}} | body)
        assert used(space)[kind] == str(int(before[kind]) + 1)
    for kind in OBJECTS:
        space.delete(kind, "counted")
    eventually(lambda: used(space) == before, "all are released")


def pod(name: str, cpu: str, memory: str) -> Object:
    requests = {"cpu": cpu, "memory": memory, "ephemeral-storage": "30Gi"}
    dongles = {"example.com/dongle": "2"}
    resources: Object = {"requests": requests | dongles, "limits": dongles}
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "x", "image": "x", "resources": resources}]},
    }


def test_life_of_a_pod(space: Space) -> None:
    before = quota(space)
    space.create("pods", pod("fits", "500m", "252Mi"))
    wanted = {
        "pods": "1",
        "requests.cpu": "500m",
        "requests.memory": "252Mi",
        "requests.ephemeral-storage": "30Gi",
        "requests.example.com/dongle": "2",
    }
    eventually(lambda: used(space) == before | wanted, "the Pod is counted")
    for name, cpu in (("too-much-cpu", "600m"), ("too-many-dongles", "1m")):
        with pytest.raises(Refused) as refused:
            space.create("pods", pod(name, cpu, "10Mi"))
        assert refused.value.code == 403
        assert "exceeded quota: quota" in refused.value.status["message"]

    def more(found: Object) -> None:
        found["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "750m"

    with pytest.raises(Refused) as refused:
        space.change("pods", "fits", more)
    assert refused.value.code == 422
    assert used(space) == before | wanted
    space.delete("pods", "fits", {"gracePeriodSeconds": 0})
    eventually(lambda: used(space) == before, "the Pod is released")


def test_updated_and_deleted(space: Space) -> None:
    path = space.path("resourcequotas", "quota")
    space.create("resourcequotas", {"metadata": {"name": "quota"}, "spec": {"hard": {"cpu": "1", "memory": "500Mi"}}})
    assert space.get("resourcequotas", "quota")["spec"]["hard"] == {"cpu": "1", "memory": "500Mi"}
    space.change("resourcequotas", "quota", lambda found: found["spec"].update(hard={"cpu": "2", "memory": "1Gi"}))
    eventually(lambda: space.cluster.get(path)["status"].get("hard") == {"cpu": "2", "memory": "1Gi"}, "new limits")
    space.delete("resourcequotas", "quota")
    assert not space.cluster.exists(path)
