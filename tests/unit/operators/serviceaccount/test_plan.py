from typing import Any

import pytest

from operators._kube.actions import Create, Patch
from operators.serviceaccount import plan

Obj = dict[str, Any]
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


def namespace(phase: str | None = "Active", *, deleting: bool = False) -> Obj:
    found: Obj = {"metadata": {"name": "ns"}, "status": {"phase": phase} if phase else {}}
    if deleting:
        found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return found


def right() -> Obj:
    (_, create) = plan.contents(namespace(), None, None, PEM)
    assert isinstance(create, Create)
    return create.body


ACCOUNT: Obj = {"metadata": {"name": "default", "namespace": "ns"}}


def test_an_empty_namespace_gets_both() -> None:
    account, root_ca = plan.contents(namespace(), None, None, PEM)
    assert account == Create(
        "v1",
        "serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "ns"}},
    )
    assert isinstance(root_ca, Create)
    assert root_ca.body["metadata"]["name"] == "kube-root-ca.crt"
    assert root_ca.body["data"] == {"ca.crt": PEM}
    assert root_ca.body["metadata"]["annotations"]["kubernetes.io/description"].startswith("Contains a CA bundle")


def test_nothing_to_do() -> None:
    assert plan.contents(namespace(), ACCOUNT, right(), PEM) == []


@pytest.mark.parametrize(
    ("data", "patch"),
    [
        ({"ca.crt": "old"}, {"ca.crt": PEM}),
        ({}, {"ca.crt": PEM}),
        (None, {"ca.crt": PEM}),
        ({"ca.crt": PEM, "more": "x"}, {"ca.crt": PEM, "more": None}),
    ],
)
def test_changed_data_is_put_right(data: Obj | None, patch: Obj) -> None:
    assert plan.contents(namespace(), ACCOUNT, {**right(), "data": data}, PEM) == [
        Patch("v1", "configmaps", "ns", "kube-root-ca.crt", {"data": patch})
    ]


def test_a_lost_description_is_put_right() -> None:
    bare = right()
    bare["metadata"]["annotations"] = {"mine": "stays"}
    (action,) = plan.contents(namespace(), ACCOUNT, bare, PEM)
    assert isinstance(action, Patch)
    assert isinstance(action.body, dict)
    assert list(action.body["metadata"]["annotations"]) == ["kubernetes.io/description"]


@pytest.mark.parametrize(
    ("given", "active"),
    [
        (namespace(), True),
        (namespace(None), True),
        (namespace("Terminating"), False),
        (namespace(deleting=True), False),
    ],
)
def test_only_active_namespaces(given: Obj, active: bool) -> None:
    assert plan.is_active(given) is active
    assert bool(plan.contents(given, None, None, PEM)) is active


def test_without_a_known_certificate_there_is_no_map() -> None:
    (only,) = plan.contents(namespace(), None, None, "")
    assert isinstance(only, Create)
    assert only.resource == "serviceaccounts"
