"""FakeApi: enough of an API server in a dict for tests of reconciles, without HTTP."""

from __future__ import annotations

import copy
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonpatch

from operators._kube import meta, paths
from operators._kube.errors import ApiError
from operators._kube.meta import Key, Object
from operators._kube.paths import Kind

#: Called as seen(event type, kind, object) after each change.
Watcher = Callable[[str, Kind, Object], None]

KINDS = {
    "clusterroles": "ClusterRole",
    "configmaps": "ConfigMap", "controllerrevisions": "ControllerRevision", "deployments": "Deployment",
    "endpoints": "Endpoints", "endpointslices": "EndpointSlice", "events": "Event", "leases": "Lease",
    "namespaces": "Namespace", "nodes": "Node",
    "cronjobs": "CronJob", "daemonsets": "DaemonSet", "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "jobs": "Job", "persistentvolumeclaims": "PersistentVolumeClaim", "persistentvolumes": "PersistentVolume",
    "poddisruptionbudgets": "PodDisruptionBudget", "pods": "Pod", "replicasets": "ReplicaSet",
    "replicationcontrollers": "ReplicationController", "secrets": "Secret",
    "serviceaccounts": "ServiceAccount", "services": "Service", "statefulsets": "StatefulSet",
    "storageclasses": "StorageClass",
}  # fmt: skip
CLUSTER_SCOPED = {"clusterroles", "namespaces", "nodes", "persistentvolumes", "priorityclasses", "storageclasses",
    "volumesnapshotclasses", "volumesnapshotcontents",
}  # fmt: skip


class FakeApi:
    """Objects by kind and key; creation, patches, deletion with finalizers and grace periods as upstream does them.

    Not here: defaults, validation, admission. `refuse` maps (method, resource) to errors that are raised, one a call.
    """

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = now
        self.version = 0
        self.objects: dict[Kind, dict[Key, Object]] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.refuse: dict[tuple[str, str], list[ApiError]] = {}
        self.watchers: list[Watcher] = []

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def stream(self, path: str, *, params: Mapping[str, str]) -> AsyncGenerator[Object, None]:
        """Ends at once."""
        for event in ():
            yield event

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        kind, key, subresource = parse_path(path)
        body = copy.deepcopy(body)
        if method != "GET":
            self.requests.append((method, path, copy.deepcopy(body)))
        if errors := self.refuse.get((method, kind.resource)):
            raise errors.pop(0)
        if method == "GET" and not key.name:
            return self._list(kind, key.namespace)
        if method == "POST" and subresource == "binding":
            return self._bind(kind, key, body)
        if method == "POST":
            return self.create(kind, key.namespace, body)
        old = self.objects.get(kind, {}).get(key)
        if old is None:
            raise not_found(kind, key.name)
        match method:
            case "GET":
                return copy.deepcopy(old)
            case "PUT":
                return self.change(kind, old, body, subresource)
            case "PATCH":
                return self.change(kind, old, patched(old, body, content_type), subresource)
            case "DELETE":
                return self.delete(kind, old, body or {})
            case _:
                raise ApiError(405, "MethodNotAllowed", method)

    def create(self, kind: Kind, namespace: str, body: Object) -> Object:
        obj: Object = copy.deepcopy(body)
        metadata = obj.setdefault("metadata", {})
        if namespace:
            metadata["namespace"] = namespace
        if not metadata.get("name"):
            metadata["name"] = f"{metadata['generateName']}{self.version + 1:05x}"
        key = meta.key_of(obj)
        if key in self.objects.get(kind, {}):
            message = f'{kind.resource} "{key.name}" already exists'
            raise ApiError(409, "AlreadyExists", message)
        obj.setdefault("apiVersion", kind.api_version)
        obj.setdefault("kind", KINDS.get(kind.resource, kind.resource.removesuffix("s").title()))
        metadata.setdefault("uid", str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}/{key}/{self.version}")))
        metadata.setdefault("creationTimestamp", meta.format_time(self.now))
        if "spec" in obj:
            metadata.setdefault("generation", 1)
        return self._save("ADDED", kind, obj)

    def change(self, kind: Kind, old: Object, new: Object, subresource: str | None = None) -> Object:
        uid, version = new["metadata"].get("uid"), new["metadata"].get("resourceVersion")
        if uid not in (None, meta.uid_of(old)) or version not in (None, old["metadata"]["resourceVersion"]):
            message = (
                f'Operation cannot be fulfilled on {kind.resource} "{meta.name_of(old)}": the object has been modified'
            )
            raise ApiError(409, "Conflict", message)
        kept = "status" if subresource is None else "spec"
        obj = {**copy.deepcopy(new), kept: copy.deepcopy(old.get(kept))}
        if obj[kept] is None:
            del obj[kept]
        for name in ("uid", "creationTimestamp", "deletionTimestamp", "resourceVersion", "generation"):
            obj["metadata"].pop(name, None)
            if name in old["metadata"]:
                obj["metadata"][name] = old["metadata"][name]
        if obj == old:
            return copy.deepcopy(old)
        if obj.get("spec") != old.get("spec"):
            obj["metadata"]["generation"] = meta.generation_of(old) + 1
        if meta.is_deleting(obj) and not obj["metadata"].get("finalizers") and kind.resource != "pods":
            return self._remove(kind, obj)
        return self._save("MODIFIED", kind, obj)

    def delete(self, kind: Kind, old: Object, options: Object) -> Object:
        conditions = options.get("preconditions") or {}
        if conditions.get("uid") not in (None, meta.uid_of(old)):
            raise ApiError(409, "Conflict", "Precondition failed: UID in precondition does not match")
        if conditions.get("resourceVersion") not in (None, old["metadata"]["resourceVersion"]):
            raise ApiError(409, "Conflict", "Precondition failed: ResourceVersion in precondition does not match")
        grace = options.get("gracePeriodSeconds")
        if kind.resource == "pods" and grace is None:
            grace = old.get("spec", {}).get("terminationGracePeriodSeconds", 30)
        bound = kind.resource == "pods" and old.get("spec", {}).get("nodeName") and grace
        if not bound and not old["metadata"].get("finalizers"):
            return self._remove(kind, old)
        obj = copy.deepcopy(old)
        if not meta.is_deleting(obj):
            obj["metadata"]["deletionTimestamp"] = meta.format_time(self.now + timedelta(seconds=grace or 0))
            obj["metadata"]["deletionGracePeriodSeconds"] = grace or 0
            return self._save("MODIFIED", kind, obj)
        return copy.deepcopy(old)

    def _remove(self, kind: Kind, obj: Object) -> Object:
        gone = copy.deepcopy(obj)
        del self.objects[kind][meta.key_of(obj)]
        self.version += 1
        gone["metadata"]["resourceVersion"] = str(self.version)
        self._tell("DELETED", kind, gone)
        return {"kind": "Status", "status": "Success", "details": {"name": meta.name_of(obj), "uid": meta.uid_of(obj)}}

    def _save(self, type_: str, kind: Kind, obj: Object) -> Object:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.objects.setdefault(kind, {})[meta.key_of(obj)] = obj
        self._tell(type_, kind, obj)
        return copy.deepcopy(obj)

    def _tell(self, type_: str, kind: Kind, obj: Object) -> None:
        for watcher in self.watchers:
            watcher(type_, kind, copy.deepcopy(obj))

    def _list(self, kind: Kind, namespace: str) -> Object:
        found = self.objects.get(kind, {})
        items = [copy.deepcopy(obj) for key, obj in found.items() if namespace in ("", key.namespace)]
        name = items[0]["kind"] if items else KINDS.get(kind.resource, "")
        version = {"resourceVersion": str(self.version)}
        return {"apiVersion": kind.api_version, "kind": f"{name}List", "metadata": version, "items": items}

    def _bind(self, kind: Kind, key: Key, body: Object) -> Object:
        pod = self.objects.get(kind, {}).get(key)
        if pod is None:
            raise not_found(kind, key.name)
        if pod["spec"].get("nodeName"):
            message = f'Operation cannot be fulfilled on pods/binding "{key.name}": pod {key.name} is already assigned'
            raise ApiError(409, "Conflict", message)
        changed = copy.deepcopy(pod)
        changed["spec"]["nodeName"] = body["target"]["name"]
        self._save("MODIFIED", kind, changed)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success", "code": 201}


def parse_path(path: str) -> tuple[Kind, Key, str | None]:
    """Kind, key (with empty parts for collections) and subresource of a URL path."""
    parts = path.strip("/").split("/")
    group_version = parts[1] if parts[0] == "api" else f"{parts[1]}/{parts[2]}"
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = ""
    # namespaces/NAME itself and its subresources are objects, not scopes.
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    return paths.Kind(group_version, rest[0]), Key(namespace, name), rest[2] if len(rest) > 2 else None


def patched(old: Object, body: Any, content_type: str) -> Object:
    """JSON patches exactly; merge patches; strategic patches as merge patches (no merging of lists)."""
    if content_type == "application/json-patch+json":
        return jsonpatch.apply_patch(old, body)  # type: ignore[no-any-return]
    result = merged(old, body)
    assert isinstance(result, dict)
    return result


def merged(old: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def not_found(kind: Kind, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{kind.resource} "{name}" not found')
