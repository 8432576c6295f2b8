"""The registry of every resource that is served, made when it is first asked for."""

import functools

from apiserver_stub.registry import strategies
from apiserver_stub.registry.admission import Admission
from apiserver_stub.registry.generic import Registry
from apiserver_stub.registry.view import LogView
from apiserver_stub.schema import kinds
from apiserver_stub.storage.log import Log


class Catalog:
    """Registries by group, version and plural name."""

    def __init__(self, served: kinds.Kinds, log: Log) -> None:
        self.kinds = served
        self.log = log
        self._admission = Admission(log)
        self._strategies = strategies.Strategies(LogView(log), issues_tokens=True)
        self._registries: dict[tuple[str, str, str], Registry] = {}
        self._versions = {(group.name, version) for group in served.groups() for version in group.versions}
        self._groups = {group.name for group in served.groups()}

    def find(self, group: str, version: str, name: str) -> Registry | None:
        key = (group, version, name)
        found = self._registries.get(key)
        if found is None:
            resource = self.kinds.get(group, version, name)
            if resource is None:
                return None
            strategy = self._strategies.for_resource(resource)
            found = self._registries[key] = Registry(resource, strategy, self.log, self._admission)
            found.sibling = functools.partial(self._sibling, found.table, name)
        return found

    def _sibling(self, table: tuple[str, str], name: str, api_version: str) -> Registry | None:
        """The registry of another version of the objects in a table."""
        group, _, version = api_version.rpartition("/")
        other = self.find(group, version, name)
        return other if other and other.table == table else None

    def has_group(self, group: str) -> bool:
        return group in self._groups

    def has_version(self, group: str, version: str) -> bool:
        return (group, version) in self._versions
