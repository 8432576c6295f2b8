"""Claims, volumes and classes for tests."""

from typing import Any

Obj = dict[str, Any]


def claim(name: str = "c", size: str = "1Gi", *, phase: str = "Pending", **changes: Any) -> Obj:
    """`annotations`, `uid`, `deleting`, `status` go where they belong, the rest into the spec."""
    metadata: Obj = {"name": name, "namespace": "ns", "uid": changes.pop("uid", f"uid-{name}")}
    if annotations := changes.pop("annotations", None):
        metadata["annotations"] = annotations
    if changes.pop("deleting", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if owners := changes.pop("owners", None):
        metadata["ownerReferences"] = owners
    status = {"phase": phase, **changes.pop("status", {})}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **changes}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": status}


def volume(name: str = "v", size: str = "1Gi", *, phase: str = "Available", **changes: Any) -> Obj:
    metadata: Obj = {"name": name, "uid": f"uid-{name}"}
    for field in ("annotations", "labels", "finalizers"):
        if value := changes.pop(field, None):
            metadata[field] = value
    if changes.pop("deleting", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": "/tmp/x"},
        **changes,
    }
    spec = {field: value for field, value in spec.items() if value is not None}
    body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}
    return {**body, "status": {"phase": phase}}


def reference(of: Obj | str, uid: str | None = None) -> Obj:
    """A claimRef; of a name alone, one that a user reserves a volume with."""
    if isinstance(of, str):
        return {"namespace": "ns", "name": of, **({"uid": uid} if uid else {})}
    return {"namespace": "ns", "name": of["metadata"]["name"], "uid": of["metadata"]["uid"]}


def storage_class(name: str = "fast", *, default: bool = False, delayed: bool = False, **fields: Any) -> Obj:
    metadata: Obj = {"name": name, "creationTimestamp": fields.pop("created", "2026-01-01T00:00:00Z")}
    if default:
        metadata["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    mode = "WaitForFirstConsumer" if delayed else "Immediate"
    body = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata}
    return {**body, "provisioner": "example.com/disk", "volumeBindingMode": mode, **fields}
