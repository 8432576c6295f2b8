"""Pods as objects: classes, sizes, generations, what admission makes of them. Their kubelet is the test."""

import pytest

from tests.conformance.cluster import STRATEGIC, Cluster, Object, Refused, Space, eventually
from tests.conformance.kinds import containers
from tests.conformance.kubelet import Kubelet

CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"


def pod(name: str = "pod", metadata: Object | None = None, **spec: object) -> Object:
    return {"metadata": {"name": name} | (metadata or {}), "spec": containers() | spec}


def sized(cpu: str, memory: str, name: str = "main") -> Object:
    amounts = {"cpu": cpu, "memory": memory}
    resources = {"requests": amounts, "limits": amounts}
    return {"name": name, "image": "registry.example/image:1", "resources": resources}


def test_quality_of_service(space: Space) -> None:
    made = space.create("pods", pod(containers=[sized("100m", "100Mi")]))
    assert made["status"]["qosClass"] == "Guaranteed"
    assert space.get("pods", "pod")["status"]["qosClass"] == "Guaranteed"


def test_submitted_and_removed(space: Space, kubelet: Kubelet) -> None:
    with space.cluster.watch(space.path("pods"), labelSelector="time=now") as watch:
        assert space.names("pods", labelSelector="time=now") == []
        space.create("pods", pod(metadata={"labels": {"time": "now"}}))
        watch.until("ADDED", "pod")
        eventually(lambda: space.get("pods", "pod")["status"]["phase"] == "Running", "it runs")
        space.patch("pods", "pod", {"metadata": {"finalizers": ["example.com/wait"]}})
        space.delete("pods", "pod")
        while "deletionTimestamp" not in watch.until("MODIFIED", "pod")["metadata"]:
            pass
        space.patch("pods", "pod", {"metadata": {"finalizers": None}})
        assert "deletionTimestamp" in watch.until("DELETED", "pod")["metadata"]
    assert space.names("pods", labelSelector="time=now") == []


def test_updated(space: Space) -> None:
    space.create("pods", pod(metadata={"labels": {"time": "1"}}))
    assert space.names("pods", labelSelector="time=1") == ["pod"]
    space.change("pods", "pod", lambda found: found["metadata"]["labels"].update(time="2"))
    assert space.names("pods", labelSelector="time=2") == ["pod"]
    assert space.names("pods", labelSelector="time=1") == []


def test_generation_follows_500_updates(space: Space, kubelet: Kubelet) -> None:
    kubelet.paused = True
    space.create("pods", pod(activeDeadlineSeconds=5000))
    assert space.get("pods", "pod")["metadata"]["generation"] == 1
    for number in range(499):
        space.patch("pods", "pod", {"spec": {"activeDeadlineSeconds": 4999 - number}})
    assert space.get("pods", "pod")["metadata"]["generation"] == 500
    kubelet.paused = False
    eventually(lambda: space.get("pods", "pod")["status"].get("observedGeneration") == 500, "it is observed")
    assert space.get("pods", "pod")["metadata"]["generation"] == 500


def test_bad_sysctls_are_refused(space: Space) -> None:
    names = ["foo-", "kernel.shmmax", "safe-and-unsafe", "bar.."]
    sysctls = [{"name": name, "value": "1"} for name in names]
    with pytest.raises(Refused) as refused:
        space.create("pods", pod(securityContext={"sysctls": sysctls}))
    message = refused.value.status["message"]
    assert refused.value.code == 422
    assert 'spec.securityContext.sysctls[0].name: Invalid value: "foo-"' in message
    assert 'spec.securityContext.sysctls[3].name: Invalid value: "bar.."' in message
    assert "sysctls[1]" not in message
    assert "sysctls[2]" not in message


def test_ephemeral_containers(space: Space) -> None:
    space.create("pods", pod())
    path = space.path("pods", "pod", "ephemeralcontainers")
    debugger = {"name": "debugger-1", "image": "registry.example/busybox:1"}
    space.cluster.patch(path, {"spec": {"ephemeralContainers": [debugger]}}, STRATEGIC)
    assert len(space.get("pods", "pod")["spec"]["ephemeralContainers"]) == 1

    def add(found: Object) -> None:
        found["spec"]["ephemeralContainers"].append(debugger | {"name": "debugger-2"})

    space.cluster.change(path, add)
    found = space.get("pods", "pod")["spec"]["ephemeralContainers"]
    assert [container["name"] for container in found] == ["debugger-1", "debugger-2"]
    with pytest.raises(Refused) as refused:
        space.change("pods", "pod", lambda found: found["spec"].update(ephemeralContainers=None))
    assert refused.value.code == 422


RESIZES: dict[str, dict[str, tuple[str, str]]] = {
    "decrease": {"c1": ("120m", "120Mi"), "c2": ("80m", "80Mi"), "c3": ("70m", "70Mi")},
    "various": {"c1": ("120m", "100Mi"), "c2": ("80m", "120Mi"), "c3": ("120m", "120Mi")},
}


@pytest.mark.parametrize("change", RESIZES)
def test_resized_by_patch(space: Space, kubelet: Kubelet, change: str) -> None:
    wanted = RESIZES[change]
    space.create("pods", pod(containers=[sized("100m", "100Mi", name) for name in wanted]))
    eventually(lambda: space.get("pods", "pod")["status"]["phase"] == "Running", "it runs")
    resized = [sized(*amounts, name) for name, amounts in wanted.items()]
    patch = {"spec": {"containers": [{"name": c["name"], "resources": c["resources"]} for c in resized]}}
    answer = space.patch("pods", "pod", patch, STRATEGIC, "resize")
    assert [c["resources"] for c in answer["spec"]["containers"]] == [c["resources"] for c in resized]
    found = space.get("pods", "pod")
    assert [c["resources"] for c in found["spec"]["containers"]] == [c["resources"] for c in resized]
    assert found["metadata"]["generation"] == 2


def test_resized_by_replacement(space: Space, kubelet: Kubelet) -> None:
    space.create("pods", pod(containers=[sized("100m", "100Mi")]))
    eventually(lambda: space.get("pods", "pod")["status"].get("observedGeneration") == 1, "it runs")
    path = space.path("pods", "pod", "resize")

    def resize(found: Object) -> None:
        found["spec"]["containers"][0]["resources"] = sized("200m", "200Mi")["resources"]

    space.cluster.change(path, resize)
    eventually(lambda: space.get("pods", "pod")["status"].get("observedGeneration") == 2, "the resize is observed")
    assert space.cluster.get(path) == space.get("pods", "pod")
    assert space.get("pods", "pod")["spec"]["containers"][0]["resources"]["limits"]["cpu"] == "200m"


def runtime_class(space: Space, **fields: object) -> str:
    space.cluster.create(CLASSES, {"metadata": {"name": space.name}, "handler": "some-handler", **fields})
    return space.name


def test_runtime_class_overhead(cluster: Cluster, space: Space) -> None:
    overhead = {"podFixed": {"cpu": "10m", "memory": "1Mi"}}
    made = space.create("pods", pod(runtimeClassName=runtime_class(space, overhead=overhead)))
    assert made["spec"]["overhead"] == overhead["podFixed"]
    with pytest.raises(Refused) as refused:
        space.create("pods", pod("other", runtimeClassName=space.name, overhead={"cpu": "20m"}))
    assert refused.value.code == 403


def test_deleted_runtime_class(cluster: Cluster, space: Space) -> None:
    name = runtime_class(space)
    assert space.create("pods", pod("fits", runtimeClassName=name))["spec"]["runtimeClassName"] == name
    cluster.delete(f"{CLASSES}/{name}")
    cluster.gone(f"{CLASSES}/{name}")
    with pytest.raises(Refused) as refused:
        space.create("pods", pod(runtimeClassName=name))
    assert refused.value.code == 403
    assert f'RuntimeClass "{name}" not found' in refused.value.status["message"]


def test_limit_ranges_give_defaults(space: Space) -> None:
    low, high = {"cpu": "50m", "memory": "100Mi"}, {"cpu": "500m", "memory": "500Mi"}
    limit = {
        "type": "Container",
        "min": low,
        "max": high,
        "default": {"cpu": "300m", "memory": "300Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "200Mi"},
    }
    space.create("limitranges", {"metadata": {"name": "range"}, "spec": {"limits": [limit]}})

    def resources(name: str, **given: object) -> Object:
        container = {"name": "main", "image": "x", "resources": given}
        return dict(space.create("pods", pod(name, containers=[container]))["spec"]["containers"][0]["resources"])

    assert resources("none") == {"requests": limit["defaultRequest"], "limits": limit["default"]}
    partial = resources("partial", requests={"cpu": "150m"}, limits={"memory": "350Mi"})
    # A limit is the request too, where nobody says otherwise: that comes before the range.
    assert partial["requests"] == {"cpu": "150m", "memory": "350Mi"}
    assert partial["limits"] == {"cpu": "300m", "memory": "350Mi"}
    for name, given in {"small": {"requests": {"cpu": "10m"}}, "large": {"limits": {"memory": "600Mi"}}}.items():
        with pytest.raises(Refused) as refused:
            resources(name, **given)
        assert refused.value.code == 403
    space.change("limitranges", "range", lambda found: found["spec"]["limits"][0]["min"].update(cpu="9m", memory="9Mi"))
    assert resources("small", requests={"cpu": "10m"})["requests"]["cpu"] == "10m"
    space.delete("limitranges", "range")
    assert resources("free") == {}


def test_inline_csi_volumes(space: Space) -> None:
    volume = {"name": "inline", "csi": {"driver": "e2e.example.com", "readOnly": True}}
    mount = {"name": "inline", "mountPath": "/csi"}
    container = {"name": "main", "image": "x", "volumeMounts": [mount]}
    space.create("pods", pod(containers=[container], volumes=[volume]))
    found = space.get("pods", "pod")
    assert {"name": "inline", "csi": volume["csi"]} in found["spec"]["volumes"]
    assert space.names("pods") == ["pod"]
    patched = space.patch("pods", "pod", {"metadata": {"labels": {"e2e": "patched"}}})
    assert patched["metadata"]["labels"]["e2e"] == "patched"
    space.delete("pods", "pod", {"gracePeriodSeconds": 0})
    space.cluster.gone(space.path("pods", "pod"))
