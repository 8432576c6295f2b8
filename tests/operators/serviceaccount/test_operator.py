"""The ServiceAccount operator's reconcile on a fake API server."""

from __future__ import annotations

import pytest

from operators._kube import meta
from operators._kube.errors import ApiError
from operators.serviceaccount import operator
from tests.fakes.kube import FakeKube

KEY = meta.Key("", "team")
ACCOUNT, ROOT_CA = meta.Key("team", "default"), meta.Key("team", "kube-root-ca.crt")


def cluster(phase: str = "Active") -> FakeKube:
    kube = FakeKube("serviceaccount")
    kube.ca_pem = "PEM"
    kube.add("v1", "namespaces", {"metadata": {"name": "team"}, "status": {"phase": phase}})
    return kube


async def once(kube: FakeKube) -> None:
    assert (await operator.reconcile(KEY, kube, kube.now)).requeue_after is None


async def test_a_new_namespace_gets_both_and_then_nothing() -> None:
    kube = cluster()
    await once(kube)
    assert kube.writes == ["POST serviceaccounts", "POST configmaps"]
    assert kube.one("v1", "configmaps", ROOT_CA)["data"] == {"ca.crt": "PEM"}
    kube.forget()
    await once(kube)
    assert kube.writes == []


async def test_they_come_back_and_are_put_right() -> None:
    kube = cluster()
    await once(kube)
    kube.remove("v1", "serviceaccounts", ACCOUNT)
    kube.edit("v1", "configmaps", ROOT_CA, {"data": {"ca.crt": "forged", "more": "x"}})
    await once(kube)
    assert kube.one("v1", "serviceaccounts", ACCOUNT)
    assert kube.one("v1", "configmaps", ROOT_CA)["data"] == {"ca.crt": "PEM"}


async def test_a_namespace_that_goes_gets_nothing() -> None:
    kube = cluster("Terminating")
    await once(kube)
    assert kube.writes == []


async def test_somebody_was_faster() -> None:
    kube = cluster()
    kube.refuse("POST", "serviceaccounts", ApiError(409, "AlreadyExists", "there"))
    await once(kube)


async def test_other_refusals_are_tried_again() -> None:
    kube = cluster()
    kube.refuse("POST", "serviceaccounts", ApiError(500, "InternalError", "oops"))
    with pytest.raises(ApiError):
        await once(kube)


def test_which_namespace() -> None:
    account = {"metadata": {"name": "default", "namespace": "team"}}
    assert list(operator.namespace_of(account, cluster())) == [KEY]


async def test_gone() -> None:
    kube = FakeKube("serviceaccount")
    await once(kube)
    assert kube.writes == []
