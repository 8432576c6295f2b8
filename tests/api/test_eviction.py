"""Eviction through disruption budgets, and quotas under many writers at once."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import CORE, Client, configmap

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
QUOTAS = f"{CORE}/resourcequotas"


async def _pod(admin: Client, name: str, *, ready: bool = True) -> None:
    await admin.create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": f"sa-{name}"}})
    spec = {"containers": [{"name": "c", "image": "i"}], "serviceAccountName": f"sa-{name}", "nodeName": "n"}
    await admin.create(f"{CORE}/pods", {"metadata": {"name": name, "labels": {"app": "a"}}, "spec": spec})
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    code, _ = await admin.patch(
        f"{CORE}/pods/{name}/status", {"status": {"phase": "Running", "conditions": conditions}}
    )
    assert code == 200


async def _budget(admin: Client, name: str = "b", spec: dict[str, Any] | None = None, **counts: int) -> None:
    body = {
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}, **(spec or {})},
    }
    await admin.create(BUDGETS, body)
    code, _ = await admin.patch(
        f"{BUDGETS}/{name}/status", {"status": {"observedGeneration": 1, "expectedPods": 2, **counts}}
    )
    assert code == 200


async def _evict(admin: Client, name: str) -> tuple[int, Any]:
    return await admin.call("POST", f"{CORE}/pods/{name}/eviction", {"metadata": {"name": name}})


async def test_evicted_pods_are_marked_and_counted(admin: Client) -> None:
    await _pod(admin, "p")
    await _budget(admin, disruptionsAllowed=2, currentHealthy=3, desiredHealthy=1)
    assert (await _evict(admin, "p"))[0] == 201
    _, pod = await admin.get(f"{CORE}/pods/p")
    assert pod["metadata"]["deletionTimestamp"]
    assert {"DisruptionTarget": "EvictionByEvictionAPI"}.items() <= {
        c["type"]: c.get("reason") for c in pod["status"]["conditions"]
    }.items()
    _, budget = await admin.get(f"{BUDGETS}/b")
    assert (budget["status"]["disruptionsAllowed"], list(budget["status"]["disruptedPods"])) == (1, ["p"])
    assert "conditions" not in budget["status"]


async def test_many_evictions_take_no_more_than_allowed(admin: Client) -> None:
    for number in range(5):
        await _pod(admin, f"p{number}")
    await _budget(admin, disruptionsAllowed=2, currentHealthy=5, desiredHealthy=3)
    results = await asyncio.gather(*(_evict(admin, f"p{number}") for number in range(5)))
    assert sorted(code for code, _ in results) == [201, 201, 429, 429, 429]


@pytest.mark.parametrize(
    ("policy", "healthy", "code"),
    [("IfHealthyBudget", 0, 429), ("IfHealthyBudget", 1, 201), ("AlwaysAllow", 0, 201)],
)
async def test_pods_that_are_not_ready(admin: Client, policy: str, healthy: int, code: int) -> None:
    await _pod(admin, "p", ready=False)
    await _budget(admin, spec={"unhealthyPodEvictionPolicy": policy}, currentHealthy=healthy, desiredHealthy=1)
    assert (await _evict(admin, "p"))[0] == code
    _, budget = await admin.get(f"{BUDGETS}/b")
    assert "disruptedPods" not in budget["status"]


async def test_several_budgets(admin: Client) -> None:
    await _pod(admin, "p")
    for name in ("a", "b"):
        await _budget(admin, name, disruptionsAllowed=1)
    code, answer = await _evict(admin, "p")
    assert (code, answer["message"]) == (
        500,
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    )


async def test_quotas_hold_under_many_writers(admin: Client) -> None:
    await admin.create(QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "5"}}})
    counts = {"hard": {"configmaps": "5"}, "used": {"configmaps": "0"}}
    await admin.patch(f"{QUOTAS}/q/status", {"status": counts})
    path = f"{CORE}/configmaps"
    results = await asyncio.gather(*(admin.call("POST", path, configmap(f"c{number}")) for number in range(20)))
    assert sorted(code for code, _ in results) == [201] * 5 + [403] * 15
    _, quota = await admin.get(f"{QUOTAS}/q")
    assert quota["status"]["used"] == {"configmaps": "5"}
