"""ServiceAccount tokens in Secrets: filled in when the Secret asks, gone with the account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from operators._kube import meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result, Watch
from operators._kube.meta import Object
from operators.serviceaccounttoken import SLEEP, plan

controller = Controller("serviceaccounttoken", user=SLEEP.user)


def of_account(account: Object, kube: Kube, /) -> Iterable[Key]:
    """The Secrets that name a ServiceAccount."""
    for secret in kube.list("v1", "secrets", meta.namespace_of(account)):
        if meta.annotations_of(secret).get(plan.NAME) == meta.name_of(account):
            yield meta.key_of(secret)


@controller.reconcile(
    "v1", "secrets", field_selector=SLEEP.field_selector, watches=[Watch("v1/serviceaccounts", keys=of_account)]
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: token, CA and namespace; a Secret whose account is gone goes too."""
    secret = kube.get_or_none("v1", "secrets", key)
    if secret is None or meta.is_deleting(secret):
        return DONE
    name = meta.annotations_of(secret).get(plan.NAME, "")
    account = kube.get_or_none("v1", "serviceaccounts", Key(key.namespace, name))
    if plan.is_orphan(secret, account):
        # The cache may be behind: only an account that is not there now takes the Secret with it.
        account = await kube.fetch("v1", "serviceaccounts", Key(key.namespace, name))
    if account is None or plan.is_orphan(secret, account):
        await kube.delete("v1", "secrets", key, uid=meta.uid_of(secret))
        return DONE
    missing = plan.lacks(secret, account, kube.ca_pem)
    if not missing and plan.UID in meta.annotations_of(secret):
        return DONE
    token = ""
    if "token" in missing:
        path = f"/api/v1/namespaces/{key.namespace}/serviceaccounts/{name}/token"
        token = (await kube.request("POST", path, body=plan.request(secret)))["status"]["token"]
    await kube.patch("v1", "secrets", key, plan.patch(secret, account, missing, token))
    return DONE
