"""Priority and fairness over HTTP: headers, 429, objects that are honoured, a noisy client."""

import asyncio

from .conftest import configmap

LEVELS = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
SCHEMAS = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
VIEWER = {"Authorization": "Bearer viewer-token"}


async def uid(client, path):
    return (await client.get(path))[1]["metadata"]["uid"]


async def allow(admin):
    """The viewer may read ConfigMaps."""
    group = "/apis/rbac.authorization.k8s.io/v1"
    rule = {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["configmaps"]}
    role = {"metadata": {"name": "v"}, "rules": [rule]}
    await admin.create(f"{group}/clusterroles", role)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "v"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}]
    await admin.create(
        f"{group}/clusterrolebindings", {"metadata": {"name": "v"}, "roleRef": reference, "subjects": subjects}
    )


async def restrict(admin, shares=0):
    """ConfigMaps read by the viewer go to a level of their own, without queues."""
    limited = {"nominalConcurrencyShares": shares, "limitResponse": {"type": "Reject"}}
    await admin.create(LEVELS, {"metadata": {"name": "few"}, "spec": {"type": "Limited", "limited": limited}})
    resources = {"verbs": ["*"], "apiGroups": [""], "resources": ["configmaps"], "namespaces": ["*"]}
    rule = {"subjects": [{"kind": "User", "user": {"name": "viewer"}}], "resourceRules": [resources]}
    spec = {"priorityLevelConfiguration": {"name": "few"}, "matchingPrecedence": 50, "rules": [rule]}
    await admin.create(SCHEMAS, {"metadata": {"name": "few"}, "spec": spec})


async def test_answers_name_their_level(api, admin):
    async with api.client(user="") as nobody:
        for client, headers, path, level in (
            (admin, None, "/api/v1/namespaces", "exempt"),
            (nobody, VIEWER, "/api/v1/namespaces", "global-default"),
            (nobody, None, "/readyz", "exempt"),
        ):
            _, found, _ = await client.full("GET", path, headers=headers)
            assert found["X-Kubernetes-PF-PriorityLevel-UID"] == await uid(admin, f"{LEVELS}/{level}")
            assert found["X-Kubernetes-PF-FlowSchema-UID"]
            assert len(found["Audit-Id"]) == 36
        code, found, _ = await nobody.full("GET", "/api/v1/pods", headers={"Authorization": "Bearer wrong"})
        assert (code, len(found["Audit-Id"])) == (401, 36)
        assert "X-Kubernetes-PF-FlowSchema-UID" not in found
    _, found, _ = await admin.full("GET", "/version", headers={"Audit-Id": "mine"})
    assert found["Audit-Id"] == "mine"


async def test_no_seat_no_queue(api, admin):
    await allow(admin)
    async with api.client(user="") as viewer:
        assert (await viewer.call("GET", "/api/v1/configmaps", headers=VIEWER))[0] == 200
        await restrict(admin)
        code, headers, body = await viewer.full("GET", "/api/v1/namespaces/a/configmaps", headers=VIEWER)
        assert (code, headers["Retry-After"]) == (429, "1")
        assert body == b"Too many requests, please try again later.\n"
        assert headers["X-Kubernetes-PF-PriorityLevel-UID"] == await uid(admin, f"{LEVELS}/few")
        # Others, and what the schema does not cover, go on.
        assert (await viewer.call("GET", "/version", headers=VIEWER))[0] == 200
        assert (await admin.get("/api/v1/configmaps"))[0] == 200
        metrics = (await admin.get("/metrics"))[1].decode()
        sample = 'rejected_requests_total{flow_schema="few",priority_level="few",reason="concurrency-limit"} 1'
        assert f"apiserver_flowcontrol_{sample}" in metrics
        await admin.call("DELETE", f"{SCHEMAS}/few")
        assert (await viewer.call("GET", "/api/v1/namespaces/a/configmaps", headers=VIEWER))[0] == 200


async def test_a_watch_gives_its_seat_back_once_it_has_begun(api, admin):
    await allow(admin)
    await admin.create("/api/v1/namespaces/default/configmaps", configmap("x"))
    await restrict(admin, shares=1)
    (level,) = [one for one in api.app.server._fairness.levels if one.name == "few"]
    assert level.limit == 1
    path = "/api/v1/namespaces/default/configmaps"
    async with api.client(user="", **VIEWER) as viewer, viewer.watch(path) as first, viewer.watch(path) as second:
        assert await first.some(1) == await second.some(1) == [("ADDED", "x")]
        assert level.seats == 0


async def test_schemas_tell_whether_their_level_exists(admin):
    await restrict(admin)

    async def dangling():
        status = (await admin.get(f"{SCHEMAS}/few"))[1].get("status", {})
        return [(one["type"], one["status"], one["reason"]) for one in status.get("conditions", [])]

    async def becomes(wanted):
        for _ in range(200):
            if await dangling() == [wanted]:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(await dangling())

    await becomes(("Dangling", "False", "Found"))
    await admin.call("DELETE", f"{LEVELS}/few")
    await becomes(("Dangling", "True", "NotFound"))
    before = await uid(admin, f"{SCHEMAS}/catch-all")
    await admin.call("DELETE", f"{SCHEMAS}/catch-all")
    for _ in range(200):
        code, body = await admin.get(f"{SCHEMAS}/catch-all")
        if code == 200:
            break
        await asyncio.sleep(0.01)
    assert body["metadata"]["uid"] != before


async def test_a_noisy_client_does_not_keep_others_waiting(api, admin):
    """Not by time but by turns: while 60 lists wait, no more than the level's seats run."""
    await allow(admin)
    for number in range(3):
        await admin.create("/api/v1/namespaces/default/configmaps", configmap(f"x{number}", {"k": "v" * 400_000}))
    most = []
    level = next(one for one in api.app.server._fairness.levels if one.name == "global-default")
    async with api.client(user="", **VIEWER) as viewer:
        lists = [asyncio.create_task(viewer.get("/api/v1/configmaps")) for _ in range(60)]
        while not all(one.done() for one in lists):
            most.append(level.seats)
            assert (await admin.get("/api/v1/namespaces/default"))[0] == 200
        assert {code for code, _ in await asyncio.gather(*lists)} == {200}
    assert 0 < max(most) <= level.limit
    await asyncio.sleep(0)
    assert (level.seats, level.waiting) == (0, 0)
