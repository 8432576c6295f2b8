"""The table of built-in kinds: which resources exist, their names, verbs and subresources."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

_DATA = Path(__file__).with_name("data") / "kinds.json"
_VERSION = re.compile(r"v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?\Z")
_LEVELS = {None: 0, "beta": 1, "alpha": 2}


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource and the kind it is read and written as."""

    name: str
    kind: str
    group: str
    version: str
    verbs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of one group and version, as discovery describes it.

    `definition` names the kind's OpenAPI definition; empty for kinds without one. `storage_version` is that of a
    custom resource, empty for built-in ones; `terminating`: its definition is being deleted;
    `schema`: its openAPIV3Schema as JSON.
    """

    group: str
    version: str
    name: str
    kind: str
    list_kind: str
    singular: str
    namespaced: bool
    verbs: frozenset[str]
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    subresources: Mapping[str, Subresource]
    definition: str = ""
    storage_version: str = ""
    terminating: bool = False
    schema: bytes | None = field(default=None, repr=False)

    @property
    def list_definition(self) -> str:
        """The name that the OpenAPI definition of the list has."""
        if self.is_custom:
            return f"{self.definition.rpartition('.')[0]}.{self.list_kind}"
        return f"{self.definition}List"

    @property
    def is_custom(self) -> bool:
        return bool(self.storage_version)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name


def version_order(version: str) -> tuple[int, int, int, int, str]:
    """Sorts versions as Kubernetes does: v10, v2, v1, v11beta2, v10beta3, v3beta1, v12alpha1, foo1, foo10."""
    match = _VERSION.match(version)
    if match is None:
        return 1, 0, 0, 0, version
    major, level, minor = match.groups()
    return 0, _LEVELS[level], -int(major), -int(minor or 0), version


@dataclass(frozen=True, slots=True)
class Group:
    """An API group and its versions, preferred version first."""

    name: str
    versions: tuple[str, ...]


class Kinds:
    """Resources by name and by kind, in discovery's order."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_name: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str, str], Resource] = {}
        versions: dict[str, list[str]] = {}
        for res in resources:
            self._by_name[res.group, res.version, res.name] = res
            self._by_kind[res.group, res.version, res.kind] = res
            seen = versions.setdefault(res.group, [])
            if res.version not in seen:
                seen.append(res.version)
        self._groups = tuple(Group(name, tuple(found)) for name, found in versions.items())

    def get(self, group: str, version: str, name: str) -> Resource | None:
        """The resource with this plural name, or None."""
        return self._by_name.get((group, version, name))

    def by_kind(self, group: str, version: str, kind: str) -> Resource | None:
        return self._by_kind.get((group, version, kind))

    def groups(self) -> tuple[Group, ...]:
        """Groups in discovery's order; the core group ("") first."""
        return self._groups

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)


@functools.cache
def builtin() -> Kinds:
    """All kinds that Kubernetes v1.36 serves by itself."""
    groups = orjson.loads(_DATA.read_bytes())
    return Kinds(
        _resource(group["group"], version["version"], row)
        for group in groups
        for version in group["versions"]
        for row in version["resources"]
    )


def _resource(group: str, version: str, row: Mapping[str, Any]) -> Resource:
    return Resource(
        group=group,
        version=version,
        name=row["name"],
        kind=row["kind"],
        list_kind=row["list"],
        singular=row["singular"],
        namespaced=row["namespaced"],
        verbs=frozenset(row["verbs"]),
        short_names=tuple(row.get("short", ())),
        categories=tuple(row.get("categories", ())),
        subresources={
            name: Subresource(name, kind, sub_group, sub_version, frozenset(verbs))
            for name, kind, sub_group, sub_version, verbs in row.get("sub", ())
        },
        definition=row["definition"],
    )
