"""Which registry a built-in resource has: the generic one for nearly all."""

from __future__ import annotations

from collections.abc import Callable

from apiserver_stub.admission.chain import Chain
from apiserver_stub.registry.core.service_registry import ServiceRegistry
from apiserver_stub.registry.generic import Registry
from apiserver_stub.registry.strategy import Strategy
from apiserver_stub.schema import kinds
from apiserver_stub.storage.log import Log


def make(
    resource: kinds.Resource,
    make_strategy: Callable[[], Strategy],
    log: Log,
    admission: Chain,
    find: Callable[[str, str, str], Registry | None],
) -> Registry:
    """find: other registries by group, version and plural name."""
    if resource.group_resource != "services":
        return Registry(resource, make_strategy, log, admission)
    made = ServiceRegistry(resource, make_strategy, log, admission)
    addresses = find("networking.k8s.io", "v1", "ipaddresses")
    assert addresses
    made.addresses = addresses
    return made
