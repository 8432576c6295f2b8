"""The registry of every resource that is served, made when it is first asked for."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence

from apiserver_stub.admission import plugins
from apiserver_stub.admission.chain import Chain
from apiserver_stub.admission.policies.world import World
from apiserver_stub.admission.resourcequota import Charge
from apiserver_stub.admission.webhooks.plugins import Surroundings
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.outbound.webhooks import Webhooks
from apiserver_stub.registry import convert, registries, strategies
from apiserver_stub.registry.generic import Registry, WriteOptions
from apiserver_stub.registry.view import LogView
from apiserver_stub.schema import kinds
from apiserver_stub.storage.log import Log

# Makes the registry of a custom resource.
Make = Callable[[kinds.Resource, Chain], Registry]


class Catalog:
    """Registries by group, version and plural name.

    `kinds` is replaced, never changed, when custom resources come and go.
    """

    def __init__(self, served: kinds.Kinds, log: Log, off: frozenset[str] = frozenset()) -> None:
        """off: admission plug-ins that are switched off."""
        self.kinds = served
        self.log = log
        # Called after custom resources came or went.
        self.listeners: list[Callable[[], None]] = []
        view = LogView(log, off)
        self.authorizer = Authorizer(log)
        self.webhooks = Webhooks(log)
        around = Surroundings(log, view, self, self.authorizer, self.webhooks)
        self._admission = plugins.chain(view, self._charge, self.authorizer, around, World(self))
        self._strategies = strategies.Strategies(view, issues_tokens=True)
        self._registries: dict[tuple[str, str, str], Registry] = {}
        self._builtin = served
        self._groups = {group.name for group in served.groups()}
        # By the name of their definition: the resources in all versions, and what makes their registries.
        self._custom: dict[str, tuple[Sequence[kinds.Resource], Make]] = {}
        self._makers: dict[tuple[str, str, str], Make] = {}

    def find(self, group: str, version: str, name: str) -> Registry | None:
        key = (group, version, name)
        found = self._registries.get(key)
        if found is None:
            resource = self.kinds.get(group, version, name)
            if resource is None:
                return None
            if resource.is_custom:
                found = self._makers[key](resource, self._admission)
            else:
                make_strategy = functools.partial(self._strategies.for_resource, resource)
                found = registries.make(resource, make_strategy, self.log, self._admission, self.find)
            found.sibling = functools.partial(self._sibling, found.table, name)
            self._registries[key] = found
        return found

    def equivalents(self, resource: kinds.Resource) -> list[kinds.Resource]:
        """What is served from the same objects, the resource itself included, in discovery's order."""
        table = convert.stored(resource.group, resource.name)
        return [other for other in self.kinds if convert.stored(other.group, other.name) == table]

    async def close(self) -> None:
        """Ends connections to other programs."""
        await self.webhooks.close()

    async def _charge(self, namespace: str, name: str, charge: Charge) -> None:
        """Writes what is used of a ResourceQuota into its status (admission.resourcequota.Ledger)."""
        quotas = self.find("", "v1", "resourcequotas")
        assert quotas
        await quotas.update(namespace, name, charge, WriteOptions(field_manager="kube-apiserver"), "status")

    def _sibling(self, table: tuple[str, str], name: str, api_version: str) -> Registry | None:
        """The registry of another version of the objects in a table."""
        group, _, version = api_version.rpartition("/")
        other = self.find(group, version, name)
        return other if other and other.table == table else None

    def has_group(self, group: str) -> bool:
        """Whether a group is one of the built-in ones: of others nothing is known but their resources."""
        return group in self._groups

    def install(self, definition: str, resources: Sequence[kinds.Resource], make: Make, *, keep: bool = False) -> None:
        """Serves the versions of a custom resource instead of what was served for the definition before.

        keep: the registries go on, only what discovery says of the resources changes.
        """
        if not keep:
            self._drop(definition)
        self._custom[definition] = resources, make
        for resource in resources:
            if (found := self._registries.get(_key(resource))) is not None:
                found.resource = resource
        self._rebuild()

    def make(self, definition: str, resource: kinds.Resource) -> Registry:
        """A registry for a version of a custom resource, served or not. Raises KeyError."""
        return self._custom[definition][1](resource, self._admission)

    def withdraw(self, definition: str) -> None:
        """Serves nothing more for a definition."""
        if self._drop(definition):
            self._rebuild()

    def _drop(self, definition: str) -> bool:
        """Watches of the old registries end, so that clients come back to the new ones."""
        resources, _ = self._custom.pop(definition, ((), None))
        for resource in resources:
            found = self._registries.pop(_key(resource), None)
            if found is not None and found.resource.is_custom:
                found.closed = True
                self.log.wake(found.table)
        return bool(resources)

    def _rebuild(self) -> None:
        """Groups of custom resources by name behind the built-in ones; each version's resources by name."""
        self._makers = {}
        found = []
        for resources, make in self._custom.values():
            for resource in resources:
                if self._builtin.get(*_key(resource)) is None:
                    found.append(resource)
                    self._makers[_key(resource)] = make
        found.sort(key=lambda resource: (resource.group, kinds.version_order(resource.version), resource.name))
        self.kinds = kinds.Kinds(itertools.chain(self._builtin, found))
        for listener in self.listeners:
            listener()


def _key(resource: kinds.Resource) -> tuple[str, str, str]:
    return resource.group, resource.version, resource.name
