"""Files as static Pods."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from operators.pod.staticpods import defaults, manifest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}, annotations: {note: mine}}
spec:
  hostNetwork: true
  containers:
  - name: c
    image: registry.example:5000/web
    ports: [{containerPort: 80}]
    livenessProbe: {httpGet: {port: 80}}
    resources: {limits: {memory: 1Gi}}
  volumes: [{name: v}, {name: h, hostPath: {path: /x}}]
"""
NODE = {"metadata": {"name": "pi", "uid": "node-uid"}}


def parse(text: str = TEXT, path: str = "/m/web.yaml") -> dict[str, Any]:
    return manifest.parse(text, path, "pi", NOW)


def test_a_pod_of_this_node_with_defaults() -> None:
    pod = parse()
    meta, spec = pod["metadata"], pod["spec"]
    assert (meta["name"], meta["namespace"], spec["nodeName"]) == ("web-pi", "default", "pi")
    assert meta["annotations"] == {
        "note": "mine",
        "kubernetes.io/config.hash": meta["uid"],
        "kubernetes.io/config.source": "file",
        "kubernetes.io/config.seen": "2026-01-01T00:00:00.000000Z",
    }
    (container,) = spec["containers"]
    assert container["imagePullPolicy"] == "Always"
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP", "hostPort": 80}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/", "scheme": "HTTP", "port": 80}
    assert container["livenessProbe"]["failureThreshold"] == 3
    assert container["resources"]["requests"] == {"memory": "1Gi"}
    assert (spec["restartPolicy"], spec["terminationGracePeriodSeconds"]) == ("Always", 30)
    assert spec["volumes"] == [{"name": "v", "emptyDir": {}}, {"name": "h", "hostPath": {"type": "", "path": "/x"}}]
    assert spec["tolerations"] == [{"operator": "Exists", "effect": "NoExecute"}]


def test_the_uid_follows_what_the_file_says() -> None:
    uid = parse()["metadata"]["uid"]
    later = manifest.parse(f"# a comment\n{TEXT}", "/m/web.yaml", "pi", datetime(2027, 1, 1, tzinfo=UTC))
    assert later["metadata"]["uid"] == uid
    assert parse(TEXT.replace("1Gi", "2Gi"))["metadata"]["uid"] != uid
    assert parse(path="/m/other.yaml")["metadata"]["uid"] != uid


@pytest.mark.parametrize(
    ("image", "policy"),
    [("web", "Always"), ("web:latest", "Always"), ("web:1", "IfNotPresent"), ("h:5000/web", "Always"),
     ("h:5000/web:2", "IfNotPresent"), ("web@sha256:0", "IfNotPresent"), ("web:1@sha256:0", "IfNotPresent")],
)  # fmt: skip
def test_pull_policy(image: str, policy: str) -> None:
    (container,) = defaults.fill({"containers": [{"name": "c", "image": image}]})["containers"]
    assert container["imagePullPolicy"] == policy


def variant(**spec: Any) -> str:
    base: dict[str, Any] = {"containers": [{"name": "c", "image": "web:1"}]}
    return orjson.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {**base, **spec}}
    ).decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("", "one Pod"),
        ("- 1", "one Pod"),
        (TEXT + "---" + TEXT, "one Pod"),
        (TEXT.replace("kind: Pod", "kind: Deployment"), "not v1 Deployment"),
        ("{apiVersion: v1, kind: Pod}", "metadata and spec"),
        ("{apiVersion: v1, kind: Pod, metadata: {}, spec: {containers: [1]}}", "not a Pod"),
        (variant(containers=[]), "containers: Required"),
        (variant(containers=[{"name": "../x", "image": "i"}]), "not valid"),
        (variant(containers=[{"name": "c"}]), "has no image"),
        (variant(containers=7), "not a Pod"),
        (variant(serviceAccountName="x"), "static pods may not reference serviceaccounts"),
        (variant(volumes=[{"name": "v", "secret": {"secretName": "s"}}]), "volume v is a secret"),
        (
            variant(containers=[{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "s"}}]}]),
            "may not reference configmaps or secrets",
        ),
        (TEXT.replace("name: web,", "name: ../../etc,"), "not valid"),
        (TEXT.replace("app: web", "app: 7"), "metadata.labels"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_what_is_no_pod_is_refused(text: str, words: str) -> None:
    with pytest.raises(manifest.BadManifest, match=words):
        parse(text)


def test_the_mirror() -> None:
    pod = parse()
    found = manifest.mirror(pod, NODE)
    assert found["metadata"]["annotations"]["kubernetes.io/config.mirror"] == pod["metadata"]["uid"]
    assert found["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Node", "name": "pi", "uid": "node-uid", "controller": True}
    ]
    assert "uid" not in found["metadata"] and "status" not in found
    assert manifest.is_mirror(found) and not manifest.is_mirror(pod)
    assert manifest.is_mirror_of(found, pod)
