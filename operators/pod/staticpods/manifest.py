"""A file's text as a static Pod, and as the mirror of it that the API server shows (pure).

See the Kubernetes page "Create static Pods"; annotations: the page "Well-Known Labels, Annotations and Taints".
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import orjson

from operators._kube import meta
from operators.pod import names
from operators.pod.staticpods import defaults

Object = dict[str, Any]

HASH, MIRROR = "kubernetes.io/config.hash", "kubernetes.io/config.mirror"
SOURCE, SEEN = "kubernetes.io/config.source", "kubernetes.io/config.seen"
_REFERENCES = ("configMap", "secret", "persistentVolumeClaim", "projected", "ephemeral")


class BadManifest(Exception):
    """The file is not a Pod that can run here; the message says why."""


def parse(text: str, path: str, node: str, now: datetime) -> Object:
    """The Pod of a YAML or JSON file, with its name on this node, defaults and annotations. Raises BadManifest."""
    import yaml  # only a node with such files pays for it

    try:
        documents = [entry for entry in yaml.safe_load_all(text) if entry is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadManifest(f"not YAML: {error}") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise BadManifest("one Pod per file is expected")
    given = documents[0]
    if (given.get("apiVersion"), given.get("kind")) != ("v1", "Pod"):
        raise BadManifest(f"a v1 Pod is expected, not {given.get('apiVersion')} {given.get('kind')}")
    metadata, spec = given.get("metadata"), given.get("spec")
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        raise BadManifest("metadata and spec are expected")
    try:
        return _pod(metadata, spec, path, node, now)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise BadManifest(f"not a Pod: {error!r}") from error


def _pod(metadata: Object, spec: Object, path: str, node: str, now: datetime) -> Object:
    name, namespace = f"{metadata['name']}-{node}", str(metadata.get("namespace") or "default")
    if not spec.get("containers"):
        raise BadManifest("spec.containers: Required value")
    _refuse_references(spec)
    full = {**defaults.fill(spec), "nodeName": node}
    kept = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    _check_texts(kept)
    text = orjson.dumps([kept, name, namespace, full, node, path], option=orjson.OPT_SORT_KEYS)
    uid = hashlib.sha256(text).hexdigest()[:32]
    containers = [container["name"] for kind in ("initContainers", "containers") for container in full.get(kind) or ()]
    if not names.is_safe(namespace, name, uid, containers):
        raise BadManifest(f"the names of Pod {namespace}/{name} or its containers are not valid")
    if missing := [c["name"] for c in full["containers"] if not c.get("image")]:
        raise BadManifest(f"container {missing[0]} has no image")
    annotations = {**(kept.get("annotations") or {}), HASH: uid, SOURCE: "file", SEEN: meta.format_micro_time(now)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **kept,
            "name": name,
            "namespace": namespace,
            "uid": uid,
            "creationTimestamp": meta.format_time(now),
            "annotations": annotations,
        },
        "spec": full,
        "status": {"phase": "Pending"},
    }


def _check_texts(kept: Object) -> None:
    for field, values in kept.items():
        if not all(isinstance(text, str) for pair in values.items() for text in pair):
            raise BadManifest(f"metadata.{field}: texts are expected")


def _refuse_references(spec: Object) -> None:
    """A static Pod runs without an API server, so it may name nothing that only that knows."""
    if spec.get("serviceAccountName") or spec.get("serviceAccount"):
        raise BadManifest("static pods may not reference serviceaccounts")
    for volume in spec.get("volumes") or ():
        if found := [kind for kind in _REFERENCES if volume.get(kind)]:
            if found == ["projected"] and all(
                set(s) <= {"downwardAPI"} for s in volume["projected"].get("sources", ())
            ):
                continue
            raise BadManifest(f"static pods may not reference API objects: volume {volume.get('name')} is a {found[0]}")
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        sources = [(entry.get("valueFrom") or {}) for entry in container.get("env") or ()]
        if container.get("envFrom") or any(set(s) & {"configMapKeyRef", "secretKeyRef"} for s in sources):
            raise BadManifest(f"static pods may not reference configmaps or secrets: container {container.get('name')}")
    if spec.get("ephemeralContainers"):
        raise BadManifest("static pods may not have ephemeral containers")


def mirror(pod: Object, node: Object) -> Object:
    """What is created in the API: the Pod without what only the node knows, owned by the Node."""
    metadata = {key: value for key, value in pod["metadata"].items() if key not in ("uid", "creationTimestamp")}
    metadata.pop("deletionTimestamp", None)
    metadata.pop("deletionGracePeriodSeconds", None)
    identity = node["metadata"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": identity["name"], "uid": identity["uid"], "controller": True}
    annotations = {**metadata["annotations"], MIRROR: metadata["annotations"][HASH]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "annotations": annotations, "ownerReferences": [owner]},
        "spec": pod["spec"],
    }


def is_mirror(pod: Object) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


def is_mirror_of(found: Object, pod: Object) -> bool:
    return bool((found["metadata"].get("annotations") or {}).get(MIRROR) == pod["metadata"]["uid"])
