"""ClusterRole: a role with an aggregationRule has the rules of the roles that it selects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.meta import Object
from operators.clusterrole import plan

controller = Controller(
    "clusterrole",
    user=identity.account("clusterrole-aggregation-controller"),
    component="clusterrole-aggregation-controller",
)

_API, _ROLES = "rbac.authorization.k8s.io/v1", "clusterroles"


def gatherers(obj: Object, kube: Kube, /) -> Iterable[Key]:
    """The roles that may gather this one's rules: all that gather any."""
    return [meta.key_of(role) for role in kube.list(_API, _ROLES) if plan.aggregates(role)]


@controller.reconcile(_API, _ROLES, watches=[Watch(f"{_API}/{_ROLES}", keys=gatherers)])
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: writes the rules when they are not what they should be."""
    role = kube.get_or_none(_API, _ROLES, key)
    if role is None or meta.is_deleting(role) or not plan.aggregates(role):
        return DONE
    rules = plan.rules(role, kube.list(_API, _ROLES))
    if rules != (role.get("rules") or []):
        version = {"resourceVersion": role["metadata"]["resourceVersion"]}
        await kube.patch(_API, _ROLES, key, {"metadata": version, "rules": rules})
    return DONE
