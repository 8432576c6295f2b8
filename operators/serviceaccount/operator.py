"""ServiceAccount: a `default` account and the ConfigMap kube-root-ca.crt in every active namespace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.errors import ApiError, raise_first
from operators._kube.meta import Object
from operators.serviceaccount import plan

controller = Controller(
    "serviceaccount", user=identity.account("service-account-controller"), component="serviceaccount-controller"
)


def namespace_of(obj: Object, kube: Kube) -> Iterable[Key]:
    """The namespace that an account or a certificate map belongs to."""
    return [Key("", meta.namespace_of(obj))]


@controller.reconcile(
    "v1",
    "namespaces",
    watches=[
        # Only these two objects of each namespace: not everybody's ConfigMaps.
        Watch("v1/serviceaccounts", keys=namespace_of, field_selector=f"metadata.name={plan.ACCOUNT}"),
        Watch("v1/configmaps", keys=namespace_of, field_selector=f"metadata.name={plan.ROOT_CA}"),
    ],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: creates what is missing, repairs what was changed."""
    namespace = kube.get_or_none("v1", "namespaces", key)
    if namespace is None:
        return DONE
    account = kube.get_or_none("v1", "serviceaccounts", Key(key.name, plan.ACCOUNT))
    root_ca = kube.get_or_none("v1", "configmaps", Key(key.name, plan.ROOT_CA))
    errors = await kube.perform(plan.contents(namespace, account, root_ca, kube.ca_pem))
    raise_first(error for error in errors if not _settled(error))
    return DONE


def _settled(error: Exception) -> bool:
    # Made by somebody else meanwhile (the watch will tell), or the namespace began to go.
    return isinstance(error, ApiError) and (error.is_already_exists or error.is_namespace_terminating)
