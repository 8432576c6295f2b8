"""Snapshots of volumes on a real node, with the definitions that a user brings."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, Pods
from tests.node.test_claims import claim, get, is_there, mounting, using

GROUP = "snapshot.storage.k8s.io"


def definition(kind: str, plural: str, scope: str) -> dict[str, Any]:
    """The project external-snapshotter's, without their schemas."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    # A group of Kubernetes' own may only be served where it was approved.
    annotations = {"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/814"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "annotations": annotations},
        "spec": {"group": GROUP, "scope": scope, "names": names, "versions": [version]},
    }


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Iterator[Pods]:
    definitions = [
        definition("VolumeSnapshotClass", "volumesnapshotclasses", "Cluster"),
        definition("VolumeSnapshotContent", "volumesnapshotcontents", "Cluster"),
        definition("VolumeSnapshot", "volumesnapshots", "Namespaced"),
    ]
    node.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": definitions}))
    names = [found["metadata"]["name"] for found in definitions]
    node.kubectl("wait", "--for=condition=Established", *(f"crd/{name}" for name in names))
    yield Pods(node, namespace)
    node.kubectl("delete", "volumesnapshots", "--all", "-n", namespace, "--timeout=30s", check=False)
    node.kubectl("delete", "crd", *names, check=False)


def test_a_snapshot_from_its_claim_to_another(pods: Pods) -> None:
    node = pods.node
    of_group = {"apiVersion": f"{GROUP}/v1"}
    fast = {"kind": "VolumeSnapshotClass", "metadata": {"name": "fast"}, "driver": "microkube.io/node"}
    node.apply(json.dumps(of_group | fast | {"deletionPolicy": "Delete"}))
    pods.apply(claim("c"))
    pods.create("p", mounting(f"echo then > /data/file; {FOREVER}"), volumes=using("c"))
    pods.wait_ready("p")
    source = {"persistentVolumeClaimName": "c"}
    snapshot = {"kind": "VolumeSnapshot", "metadata": {"name": "s"}}
    pods.apply(of_group | snapshot | {"spec": {"volumeSnapshotClassName": "fast", "source": source}})
    node.wait_for(
        "the snapshot is ready", lambda: get(pods, "volumesnapshot", "s").get("status", {}).get("readyToUse"), 40
    )
    content = node.json("get", "volumesnapshotcontent")["items"][0]
    path = content["status"]["snapshotHandle"]
    node.kubectl("exec", "p", "-n", pods.namespace, "--", "sh", "-c", "echo now > /data/file")

    pods.apply(claim("d", dataSource={"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": "s"}))
    pods.create("q", mounting("cat /data/file"), volumes=using("d"), restartPolicy="Never")
    pods.wait_phase("q", "Succeeded")
    assert pods.logs("q") == "then\n"
    node.kubectl("delete", "volumesnapshot", "s", "-n", pods.namespace, "--timeout=30s")
    assert not is_there(node, path)
    assert node.json("get", "volumesnapshotcontent")["items"] == []
