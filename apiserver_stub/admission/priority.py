"""Priority: one default class at most, and the system's stay. What it does to Pods: registry/core/pod_admission.py."""

from __future__ import annotations

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.registry.scheduling import priorityclass
from apiserver_stub.schema import kinds


class Priority:
    def __init__(self, view: base.View) -> None:
        self._view = view

    def handles(self, resource: kinds.Resource) -> bool:
        return resource.group_resource == "priorityclasses.scheduling.k8s.io"

    def validate(self, a: Attributes) -> None:
        """Raises StatusError (403)."""
        if a.operation == "DELETE" and a.name in priorityclass.SYSTEM:
            raise status.forbidden(a.resource, a.name, "this is a system priority class and cannot be deleted")
        if a.obj is None or not a.obj.get("globalDefault"):
            return
        chosen = priorityclass.default_class(self._view)
        if chosen is None:
            return
        name, own = chosen["metadata"]["name"], a.obj["metadata"].get("name", "")
        if a.operation == "CREATE" or name != own:
            message = f"PriorityClass {name} is already marked as default. Only one default can exist"
            raise status.forbidden(a.resource, own, message)
