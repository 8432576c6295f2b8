"""What a CustomResourceDefinition makes the server serve: its versions, read off the definition once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from apiserver_stub.registry.apiextensions import conditions
from apiserver_stub.schema import kinds, structural

Object = dict[str, Any]

_VERBS: Final = frozenset({"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"})
_PART_VERBS: Final = frozenset({"get", "patch", "update"})


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a definition, as it stands in spec.versions; `schema` stays encoded until it is needed."""

    name: str
    served: bool
    columns: tuple[Mapping[str, Any], ...]
    selectable: tuple[str, ...]
    has_status: bool
    scale: Mapping[str, str] | None
    warning: str | None
    schema: bytes | None


@dataclass(frozen=True)
class Definition:
    """A definition whose names are accepted, ready to be served."""

    name: str
    uid: str
    group: str
    namespaced: bool
    names: Mapping[str, Any]
    versions: tuple[Version, ...]
    storage_version: str
    conversion: Mapping[str, Any]
    terminating: bool
    # What all but `terminating` was read from: two definitions with the same text serve the same.
    text: bytes = field(repr=False)

    @property
    def table(self) -> tuple[str, str]:
        return self.group, str(self.names["plural"])

    def version(self, name: str) -> Version | None:
        return next((found for found in self.versions if found.name == name), None)

    @functools.cached_property
    def _compiled(self) -> dict[str, structural.CompiledSchema]:
        return {}

    def schema(self, version: str) -> structural.CompiledSchema | None:
        """The schema of a version, compiled when first asked for; None for a version that is none any more."""
        found = self._compiled.get(version)
        if found is None and (declared := self.version(version)) is not None:
            schema = None if declared.schema is None else orjson.loads(declared.schema)
            found = self._compiled[version] = structural.compile(schema)
        return found

    def with_terminating(self, terminating: bool) -> Definition:
        """The same definition, compiled schemas included; itself where nothing changes."""
        if terminating == self.terminating:
            return self
        found = replace(self, terminating=terminating)
        found.__dict__["_compiled"] = self._compiled
        return found

    def resources(self) -> list[kinds.Resource]:
        """As discovery shows them, one for each served version."""
        return [self._resource(version) for version in self.versions if version.served]

    def resource(self, version: str) -> kinds.Resource:
        """The resource of a version, served or not. Raises KeyError."""
        found = self.version(version)
        if found is None:
            raise KeyError(version)
        return self._resource(found)

    def _resource(self, version: Version) -> kinds.Resource:
        names = self.names
        return kinds.Resource(
            group=self.group,
            version=version.name,
            name=names["plural"],
            kind=names["kind"],
            list_kind=names.get("listKind") or f"{names['kind']}List",
            singular=names.get("singular", ""),
            namespaced=self.namespaced,
            verbs=_VERBS,
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=self._subresources(version),
            # As Kubernetes names its own: the group's domain the other way round.
            definition=".".join([*reversed(self.group.split(".")), version.name, names["kind"]]),
            storage_version=self.storage_version,
            terminating=self.terminating,
            schema=version.schema,
        )

    def _subresources(self, version: Version) -> dict[str, kinds.Subresource]:
        found = {}
        if version.has_status:
            kind = self.names["kind"]
            found["status"] = kinds.Subresource("status", kind, self.group, version.name, _PART_VERBS)
        if version.scale is not None:
            found["scale"] = kinds.Subresource("scale", "Scale", "autoscaling", "v1", _PART_VERBS)
        return found


def read(crd: Object) -> Definition | None:
    """The definition in an object; None as long as it is not established."""
    status = crd.get("status") or {}
    names = status.get("acceptedNames") or {}
    if not conditions.is_true(status, "Established") or not (names.get("plural") and names.get("kind")):
        return None
    spec, terminating = crd["spec"], conditions.is_true(status, "Terminating")
    versions = [_version(found, spec["group"], names["kind"]) for found in spec["versions"]]
    storage = next((found["name"] for found in spec["versions"] if found.get("storage")), "")
    return Definition(
        name=crd["metadata"]["name"],
        uid=crd["metadata"]["uid"],
        group=spec["group"],
        namespaced=spec.get("scope") == "Namespaced",
        names=names,
        versions=tuple(versions),
        storage_version=storage,
        conversion=spec.get("conversion") or {},
        terminating=terminating,
        text=orjson.dumps([crd["metadata"]["uid"], spec, names], option=orjson.OPT_SORT_KEYS),
    )


def _version(found: Object, group: str, kind: str) -> Version:
    parts = found.get("subresources") or {}
    schema = (found.get("schema") or {}).get("openAPIV3Schema")
    return Version(
        name=found["name"],
        served=bool(found.get("served")),
        columns=tuple(found.get("additionalPrinterColumns") or ()),
        selectable=tuple(entry["jsonPath"] for entry in found.get("selectableFields") or ()),
        has_status=parts.get("status") is not None,
        scale=parts.get("scale"),
        warning=_warning(found, group, kind),
        schema=None if schema is None else orjson.dumps(schema),
    )


def _warning(found: Object, group: str, kind: str) -> str | None:
    if not found.get("deprecated"):
        return None
    return found.get("deprecationWarning") or f"{group}/{found['name']} {kind} is deprecated"
