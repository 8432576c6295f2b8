"""Custom resource definitions for tests."""

import itertools
from typing import Any

from tests.conformance.cluster import Cluster, Object, eventually

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
numbers = itertools.count(1)
FREE: Object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
# Objects, arrays and primitives, with a field that must be there.
BARS: Object = {
    "type": "object",
    "description": "Foo CRD for Testing",
    "properties": {
        "spec": {
            "type": "object",
            "description": "Specification of Foo",
            "properties": {
                "bars": {
                    "description": "List of Bars and their specs.",
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"description": "Name of Bar.", "type": "string"},
                            "age": {"description": "Age of Bar.", "type": "string"},
                            "feeling": {"type": "string", "enum": ["Great", "Down"]},
                            "bazs": {"type": "array", "items": {"type": "string"}, "description": "List of Bazs."},
                        },
                    },
                },
            },
        },
        "status": {"type": "object", "description": "Status of Foo"},
    },
}


def version(name: str = "v1", schema: Object = FREE, **more: Any) -> Object:
    return {"name": name, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **more}


def definition(*versions: Object, group: str = "", scope: str = "Namespaced", **labels: str) -> Object:
    """A definition with names of its own. `group`: default one of its own too."""
    number = next(numbers)
    group = group or f"group{number}.example.com"
    names = {
        "plural": f"foos{number}",
        "singular": f"foo{number}",
        "kind": f"Foo{number}",
        "listKind": f"Foo{number}List",
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{group}", "labels": labels},
        "spec": {"group": group, "names": names, "scope": scope, "versions": list(versions) or [version()]},
    }


class Custom:
    """A definition that the server has taken up. `path` is what Space takes as a kind."""

    def __init__(self, cluster: Cluster, body: Object) -> None:
        self.cluster = cluster
        self.body = cluster.create(DEFINITIONS, body)
        self.group = body["spec"]["group"]
        self.kind = body["spec"]["names"]["kind"]
        self.plural = body["spec"]["names"]["plural"]
        self.name = body["metadata"]["name"]
        self.version = body["spec"]["versions"][0]["name"]
        eventually(lambda: cluster.exists(f"/apis/{self.group}/{self.version}"), f"{self.name} is served")

    @property
    def path(self) -> str:
        return f"{self.group}/{self.version}/{self.plural}"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    def object(self, name: str, **fields: Any) -> Object:
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": {"name": name}, **fields}

    def delete(self) -> None:
        self.cluster.delete(f"{DEFINITIONS}/{self.name}")
