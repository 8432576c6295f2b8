"""ResourceQuota: nothing is created that its namespace has no room for; what is, is counted at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from apiserver_stub.admission import amounts, quota_usage
from apiserver_stub.admission.amounts import Amount, Amounts
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

Object = dict[str, Any]
Charge = Callable[[Object], Object]


class Ledger(Protocol):
    """Writes what is used into a quota's status."""

    async def __call__(self, namespace: str, name: str, charge: Charge) -> None:
        """charge: changes the quota that it is given, as it is now."""


class ResourceQuota:
    """See the Kubernetes page "Resource Quotas".

    What is used stands in the quotas' status; here it only grows. What deletions give back is counted by whoever
    recomputes the status (upstream: the resource quota controller).
    """

    def __init__(self, view: base.View, ledger: Ledger) -> None:
        self._view = view
        self._ledger = ledger
        self._usages: dict[str, quota_usage.Usage] = {}

    def handles(self, resource: kinds.Resource) -> bool:
        return resource.namespaced

    async def validate(self, a: Attributes) -> None:
        """Raises StatusError (403). Nothing is awaited between the look at the quotas and the charge."""
        quotas = [q for q in self._view.list("", "resourcequotas") if q["metadata"].get("namespace") == a.namespace]
        if not quotas or a.obj is None:
            return
        usage = self._usage(a.resource)
        if not _is_counted(a, usage):
            return
        quotas.sort(key=lambda quota: str(quota["metadata"]["name"]))
        charges = judge(a, usage, quotas)
        if a.dry_run:
            return
        for name, taken in charges:
            await self._ledger(a.namespace, name, _charge(taken))

    def _usage(self, resource: kinds.Resource) -> quota_usage.Usage:
        found = self._usages.get(resource.group_resource)
        if found is None:
            found = self._usages[resource.group_resource] = quota_usage.usage_for(resource)
        return found


def _is_counted(a: Attributes, usage: quota_usage.Usage) -> bool:
    if a.resource.group_resource == "pods" and a.subresource == "resize":
        return a.operation == "UPDATE"
    if a.subresource:
        return False
    return a.operation == "CREATE" or (a.operation == "UPDATE" and usage.on_update)


def judge(a: Attributes, usage: quota_usage.Usage, quotas: Iterable[Object]) -> list[tuple[str, Amounts]]:
    """The quotas that the object is to be charged to, by name, and with what. Raises StatusError (403)."""
    assert a.obj is not None
    matching = [quota for quota in quotas if _applies(quota, usage, a)]
    taken = usage.of(a.obj)
    negative = sorted(name for name, amount in taken.items() if amount.value < 0)
    if negative:
        raise _refused(a, f"quota usage is negative for resource(s): {','.join(negative)}")
    if a.operation == "UPDATE" and a.old is not None:
        before = usage.of(a.old)
        taken = {name: _less(amount, before.get(name)) for name, amount in taken.items()}
    taken = {name: amount for name, amount in taken.items() if amount.value > 0}
    charges = []
    for quota in matching:
        here = {name: amount for name, amount in taken.items() if name in _hard(quota)}
        if here:
            _check(a, quota, here)
            charges.append((quota["metadata"]["name"], here))
    return charges


def _less(amount: Amount, before: Amount | None) -> Amount:
    return amount if before is None else Amount(amount.value - before.value, amount.like)


def _hard(quota: Object) -> Amounts:
    return amounts.parse((quota.get("status") or {}).get("hard"))


def _used(quota: Object) -> Amounts:
    return amounts.parse((quota.get("status") or {}).get("used"))


def _applies(quota: Object, usage: quota_usage.Usage, a: Attributes) -> bool:
    """Whether the quota is about such an object, and knows what is used of it. Raises StatusError (403)."""
    assert a.obj is not None
    obj = a.obj
    names = sorted(name for name in _hard(quota) if usage.counts(name))
    if not names or not all(usage.in_scope(obj, rule) for rule in _rules(quota)):
        return False
    missing = usage.missing(obj, names)
    if missing:
        raise _refused(a, f"failed quota: {quota['metadata']['name']}: {missing}")
    if not _used(quota).keys() >= set(names):
        raise _refused(a, f"status unknown for quota: {quota['metadata']['name']}, resources: {','.join(names)}")
    return True


def _rules(quota: Object) -> list[Object]:
    spec = quota.get("spec") or {}
    scopes = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    return [*scopes, *((spec.get("scopeSelector") or {}).get("matchExpressions") or ())]


def _check(a: Attributes, quota: Object, taken: Amounts) -> None:
    hard, used = _hard(quota), _used(quota)
    sums = amounts.add(used, taken)
    exceeded = sorted(name for name in taken if sums[name].value > hard[name].value)
    if not exceeded:
        return
    requested, present, limit = (
        ",".join(f"{name}={column[name]}" for name in exceeded if name in column) for column in (taken, used, hard)
    )
    name = quota["metadata"]["name"]
    raise _refused(a, f"exceeded quota: {name}, requested: {requested}, used: {present}, limited: {limit}")


def _refused(a: Attributes, message: str) -> status.StatusError:
    assert a.obj is not None
    return status.forbidden(a.resource, a.obj["metadata"].get("name", "") or a.name, message)


def _charge(taken: Amounts) -> Charge:
    def charge(quota: Object) -> Object:
        quota["status"]["used"] = amounts.text(amounts.add(_used(quota), taken))
        return quota

    return charge
