"""Volumes, claims and the kinds of storage.k8s.io."""

# ruff: noqa: E501  messages stand in one piece

from typing import Any

import pytest

Object = dict[str, Any]
_SUBDOMAIN = r"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
_MODES = 'supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'


def _storage(kind: str, name: str = "x", **fields: Any) -> Object:
    return {"apiVersion": "storage.k8s.io/v1", "kind": kind, "metadata": {"name": name}, **fields}


def _volume(**spec: Any) -> Object:
    base = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    spec = {name: value for name, value in {**base, **spec}.items() if value is not None}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec}


def _claim(**spec: Any) -> Object:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec = {**base, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": spec}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (_storage("StorageClass", provisioner="x.io/p"), []),
        (_storage("StorageClass", provisioner=""), ["provisioner: Required value"]),
        (_storage("StorageClass", provisioner="p", reclaimPolicy="Recycle"), ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"']),
        (_storage("StorageClass", provisioner="p", parameters={"": "x"}), ['parameters: Invalid value: "": field can not be empty.']),
        (_storage("StorageClass", provisioner="p", parameters={str(n): "" for n in range(513)}), ["parameters: Too long: may not be more than 512 bytes"]),
        (_storage("StorageClass", provisioner="p", allowedTopologies=[{"matchLabelExpressions": [{"key": "a", "values": []}, {"key": "a", "values": ["z", "z"]}]}]), ["allowedTopologies[0].matchLabelExpressions[0].values: Required value", 'allowedTopologies[0].matchLabelExpressions[1].values[1]: Duplicate value: "z"', 'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "a"']),
        (_storage("VolumeAttributesClass", driverName="d.io"), ["parameters: Required value: must contain at least one key/value pair"]),
        (_storage("VolumeAttributesClass", driverName="d.io", parameters={"a": "b"}), []),
        (_storage("CSIDriver", spec={"fsGroupPolicy": "Some"}), ['spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"']),
        (_storage("CSIDriver", spec={"volumeLifecycleModes": ["Never"]}), ['spec.volumeLifecycleModes: Unsupported value: "Never": supported values: "Persistent", "Ephemeral"']),
        (_storage("CSIDriver", spec={"tokenRequests": [{"audience": "a"}, {"audience": "a"}, {"audience": "b", "expirationSeconds": 599}]}), ['spec.tokenRequests[1].audience: Duplicate value: "a"', "spec.tokenRequests[2].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"]),
        (_storage("CSIDriver", spec={"nodeAllocatableUpdatePeriodSeconds": 9}), ["spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"]),
        (_storage("CSINode", spec={"drivers": [{"name": "Bad_", "nodeID": ""}]}), [f'spec.drivers[0].name: Invalid value: "Bad_": {_SUBDOMAIN}', "spec.drivers[0].nodeID: Required value"]),
        (_storage("CSINode", spec={"drivers": [{"name": "d", "nodeID": "n"}, {"name": "d", "nodeID": "n", "topologyKeys": ["a", "a"], "allocatable": {"count": -1}}]}), ["spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0", 'spec.drivers[1].name: Duplicate value: "d"', 'spec.drivers[1]: Duplicate value: "a"']),
        (_storage("CSIStorageCapacity", storageClassName="Bad_", capacity="-1"), [f'storageClassName: Invalid value: "Bad_": {_SUBDOMAIN}', 'capacity: Invalid value: "-1": must be greater than or equal to 0']),
        (_storage("VolumeAttachment", spec={"attacher": "d.io", "nodeName": "n", "source": {}}), ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"]),
        (_storage("VolumeAttachment", spec={"attacher": "d.io", "nodeName": "n", "source": {"persistentVolumeName": "v"}}), []),
        (_volume(), []),
        (_volume(hostPath=None, local={"path": "/d"}), ["spec.nodeAffinity: Required value: Local volume requires node affinity"]),
        (_volume(capacity={"storage": "1Gi", "cpu": "1"}), ['spec.capacity: Unsupported value: {"storage":"1Gi","cpu":"1"}: supported values: "storage"']),
        (_volume(accessModes=["ReadWriteOncePod", "ReadOnlyMany"]), ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
        (_volume(hostPath={"path": "/"}, persistentVolumeReclaimPolicy="Recycle"), ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"]),
        (_volume(hostPath={"path": "/a/../b"}), ['spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\'']),
        (_volume(nodeAffinity={}), ["spec.nodeAffinity.required: Required value: must specify required node constraints"]),
        (_volume(volumeAttributesClassName="x"), ["spec.csi: Required value: has to be specified when using volumeAttributesClassName"]),
        (_volume(hostPath=None, csi={"driver": "", "volumeHandle": "", "nodeStageSecretRef": {"name": "s"}}), ["spec.csi.driver: Required value", "spec.csi.volumeHandle: Required value", "spec.csi.nodeStageSecretRef.namespace: Required value"]),
        (_volume(hostPath=None, nfs={"server": "s", "path": "p"}), ['spec.nfs.path: Invalid value: "p": must be an absolute path']),
        (_claim(), []),
        (_claim(accessModes=["Nope"]), [f'spec.accessModes: Unsupported value: "Nope": {_MODES}']),
        (_claim(resources={"limits": {"storage": "1Gi"}}), ["spec.resources[storage]: Required value"]),
        (_claim(dataSourceRef={"kind": "Pod", "name": ""}), ["spec.dataSource.name: Required value", 'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup', "spec.dataSourceRef.name: Required value", 'spec.dataSourceRef: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup']),
        (_claim(dataSource={"kind": "PersistentVolumeClaim", "name": "a"}, dataSourceRef={"kind": "PersistentVolumeClaim", "name": "b"}), ['spec: Invalid value: "spec.dataSource": must match dataSourceRef']),
    ],
)  # fmt: skip
def test_mistakes(writer: Any, body: Object, errors: list[str]) -> None:
    assert writer.try_create(body)[1] == errors


def test_defaults_of_a_driver(writer: Any) -> None:
    assert writer.create(_storage("CSIDriver", spec={"attachRequired": False}))["spec"] == {
        "attachRequired": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "podInfoOnMount": False,
        "requiresRepublish": False,
        "seLinuxMount": False,
        "storageCapacity": False,
        "volumeLifecycleModes": ["Persistent"],
    }


@pytest.mark.parametrize(
    ("old", "change", "errors"),
    [
        (_storage("StorageClass", provisioner="p"), {"allowVolumeExpansion": True}, []),
        (_storage("StorageClass", provisioner="p"), {"provisioner": "q"}, ['provisioner: Invalid value: "q": field is immutable']),
        (_storage("StorageClass", provisioner="p"), {"volumeBindingMode": "WaitForFirstConsumer"}, ['volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable']),
        (_storage("VolumeAttributesClass", driverName="d", parameters={"a": "b"}), {"driverName": "e"}, ["driverName: Forbidden: updates to driverName are forbidden."]),
        (_storage("CSIDriver", spec={}), {"spec": {"attachRequired": False}}, ["spec.attachedRequired: Invalid value: false: field is immutable"]),
        (_storage("CSIDriver", spec={}), {"spec": {"podInfoOnMount": True}}, []),
        (_storage("CSINode", spec={"drivers": [{"name": "d", "nodeID": "n"}]}), {"spec": {"drivers": [{"name": "d", "nodeID": "m"}]}}, ['spec.drivers: Invalid value: {"Name":"d","NodeID":"m","TopologyKeys":null,"Allocatable":null}: field is immutable']),
        (_storage("CSINode", spec={"drivers": [{"name": "d", "nodeID": "n"}]}), {"spec": {"drivers": [{"name": "d", "nodeID": "n", "allocatable": {"count": 3}}]}}, []),
        (_storage("CSIStorageCapacity", storageClassName="a"), {"storageClassName": "b"}, ['storageClassName: Invalid value: "b": field is immutable']),
        (_storage("VolumeAttachment", spec={"attacher": "d.io", "nodeName": "n", "source": {"persistentVolumeName": "v"}}), {"spec": {"nodeName": "m"}}, ['spec: Invalid value: {"Attacher":"d.io","Source":{"PersistentVolumeName":"v","InlineVolumeSpec":null},"NodeName":"m"}: field is immutable']),
        (_volume(), {"spec": {"volumeMode": "Block"}}, ['volumeMode: Invalid value: "Block": field is immutable']),
        (_volume(), {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}, []),
        (_volume(hostPath=None, csi={"driver": "d", "volumeHandle": "h"}), {"spec": {"csi": {"controllerExpandSecretRef": {"name": "s", "namespace": "n"}}}}, []),
        (_claim(), {"spec": {"volumeName": "v"}}, []),
        (_claim(), {"metadata": {"labels": {"a": "b"}}}, []),
        (_claim(), {"spec": {"storageClassName": "late"}}, []),
    ],
)  # fmt: skip
def test_changes(writer: Any, old: Object, change: Object, errors: list[str]) -> None:
    assert writer.update(writer.create(old), change)[1] == errors


def test_a_bound_claim_grows_but_does_not_shrink_below_what_it_has(writer: Any) -> None:
    claim, errors = writer.update_status(
        writer.create(_claim(volumeName="v")), {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    )
    assert not errors
    assert writer.update(claim, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}})[1] == []
    shrunk = writer.update(claim, {"spec": {"resources": {"requests": {"storage": "1Mi"}}}})[1]
    assert shrunk == ["spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]


def test_the_source_of_a_volume_is_quoted_as_a_difference(writer: Any) -> None:
    _, [error] = writer.update(writer.create(_volume()), {"spec": {"hostPath": {"path": "/y"}}})
    assert error.startswith("spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable")
    assert '-  "Path": "/x",\n+  "Path": "/y",\n' in error


def test_when_the_phase_of_a_volume_changed(writer: Any) -> None:
    volume = writer.create(_volume())
    assert volume["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    made = volume["status"]["lastPhaseTransitionTime"]
    same, _ = writer.update_status(volume, {"status": {"message": "m", "lastPhaseTransitionTime": None}})
    assert same["status"]["lastPhaseTransitionTime"] == made
    bound, _ = writer.update_status(volume, {"status": {"phase": "Bound"}})
    assert bound["status"]["lastPhaseTransitionTime"] > made


def test_claims_get_the_newest_default_class(writer: Any) -> None:
    for name, day, default in (("a", 1, "true"), ("b", 2, "true"), ("c", 3, "false")):
        annotations = {"storageclass.kubernetes.io/is-default-class": default}
        meta = {"name": name, "creationTimestamp": f"2026-01-0{day}T00:00:00Z", "annotations": annotations}
        writer.view.put("storage.k8s.io", "storageclasses", {"metadata": meta})
    assert writer.create(_claim())["spec"]["storageClassName"] == "b"
    assert writer.create(_claim(storageClassName=""))["spec"]["storageClassName"] == ""


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"dataSource": {"kind": "PersistentVolumeClaim", "name": "a"}}, {"dataSource", "dataSourceRef"}),
        ({"dataSource": {"apiGroup": "x.io", "kind": "Made", "name": "a"}}, set()),
        ({"dataSourceRef": {"apiGroup": "x.io", "kind": "Made", "name": "a"}}, {"dataSource", "dataSourceRef"}),
    ],
)
def test_both_fields_of_a_data_source(writer: Any, given: Object, stored: set[str]) -> None:
    spec = writer.create(_claim(**given))["spec"]
    assert {"dataSource", "dataSourceRef"} & spec.keys() == stored


def test_warnings(writer: Any) -> None:
    term = {"matchExpressions": [{"key": "beta.kubernetes.io/os", "operator": "Exists"}]}
    body = _volume(persistentVolumeReclaimPolicy="Recycle", nodeAffinity={"required": {"nodeSelectorTerms": [term]}})
    assert [text.partition(":")[0] for text in writer.warnings(body)] == [
        "spec.persistentVolumeReclaimPolicy",
        "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key",
    ]


def test_claims_of_ephemeral_volumes(writer: Any) -> None:
    volumes = [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}]
    spec = {"containers": [{"name": "c", "image": "i"}], "volumes": volumes}
    _, errors = writer.try_create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
    assert errors == ["spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value"]
