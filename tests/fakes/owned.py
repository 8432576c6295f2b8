"""Field managers of a few kinds, and an object as the server would keep it."""

from typing import Any

from apiserver_stub.meta.managed import shape
from apiserver_stub.meta.managed.fieldmanager import FieldManager
from apiserver_stub.registry import ownership
from apiserver_stub.schema import kinds, openapi

Object = dict[str, Any]

NOW = "2030-01-01T00:00:00Z"
LATER = "2030-01-01T00:00:09Z"


def manager(group: str, version: str, plural: str, **more: Any) -> FieldManager:
    resource = kinds.builtin().get(group, version, plural)
    assert resource
    node = openapi.node_for(resource)
    return FieldManager(shape.of(node), group, resource.kind, resource.api_version, empty=ownership.empty(node), **more)


def free(api_version: str = "x.io/v1", kind: str = "X", **schema: Any) -> FieldManager:
    """Of a custom resource whose spec is described in the compact words of schema/openapi."""
    head = {"apiVersion": "string", "kind": "string"}
    raw = {
        "f": {**head, "metadata": "#io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "spec": {"t": "object", **schema}}
    }
    return FieldManager(shape.of(openapi.Node(openapi.definitions(), raw)), "x.io", kind, api_version)


def configmap(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def custom(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "a"}, "spec": spec}


class Live:
    """An object as the server would keep it."""

    def __init__(self, fields: FieldManager) -> None:
        self.fields = fields
        self.obj: Object | None = None

    def update(self, name: str, new: Object, now: str = NOW, given: Any = None) -> "Live":
        if self.obj is not None and given is None:
            given = self.obj["metadata"].get("managedFields")
        return self._keep(new, self.fields.update(self.obj, new, given, name, now))

    def apply(self, name: str, config: Object, now: str = NOW, *, force: bool = False) -> "Live":
        return self._keep(*self.fields.apply(self.obj, config, name, now, force=force))

    def _keep(self, obj: Object, owners: list[Object]) -> "Live":
        metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
        self.obj = {**obj, "metadata": {**metadata, **({"managedFields": owners} if owners else {})}}
        return self

    @property
    def owners(self) -> dict[str, Any]:
        assert self.obj
        return {
            f"{one['manager']}/{one['operation']}": one["fieldsV1"]
            for one in self.obj["metadata"].get("managedFields", [])
        }

    def time_of(self, name: str) -> str | None:
        assert self.obj
        found: str | None = next(
            one.get("time") for one in self.obj["metadata"]["managedFields"] if one["manager"] == name
        )
        return found

    def __getitem__(self, name: str) -> Any:
        assert self.obj
        return self.obj.get(name)
