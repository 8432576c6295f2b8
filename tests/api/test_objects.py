"""Objects over HTTP: create, read, update, patch, delete, with the answers that Kubernetes gives."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import CONFIGMAPS, CORE, Api, Client, configmap


async def test_life_of_an_object(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a", {"k": "v"}))
    assert made["metadata"]["namespace"] == "default"
    code, got = await admin.get(f"{CONFIGMAPS}/a")
    assert (code, got) == (200, made)
    code, changed = await admin.call("PUT", f"{CONFIGMAPS}/a", configmap("a", {"k": "w"}))
    assert code == 200
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    code, gone = await admin.call("DELETE", f"{CONFIGMAPS}/a")
    assert (code, gone["status"], gone["details"]["uid"]) == (200, "Success", made["metadata"]["uid"])
    code, missing = await admin.get(f"{CONFIGMAPS}/a")
    assert (code, missing["message"]) == (404, 'configmaps "a" not found')


async def test_unchanged_writes_keep_the_version(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a", {"k": "v"}))
    for code, same in (
        await admin.call("PUT", f"{CONFIGMAPS}/a", configmap("a", {"k": "v"})),
        await admin.patch(f"{CONFIGMAPS}/a", {"data": {"k": "v"}}),
        await admin.patch(f"{CONFIGMAPS}/a", [], "json-patch"),
    ):
        assert (code, same["metadata"]["resourceVersion"]) == (200, made["metadata"]["resourceVersion"])


async def test_stale_version_conflicts(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a"))
    await admin.patch(f"{CONFIGMAPS}/a", {"data": {"x": "1"}})
    stale = configmap("a", {"x": "2"}, resourceVersion=made["metadata"]["resourceVersion"])
    for code, error in (
        await admin.call("PUT", f"{CONFIGMAPS}/a", stale),
        await admin.patch(f"{CONFIGMAPS}/a", stale),
    ):
        assert (code, error["reason"]) == (409, "Conflict")
        assert error["message"].endswith("please apply your changes to the latest version and try again")


async def test_concurrent_patches_all_count(admin: Client) -> None:
    await admin.create(CONFIGMAPS, configmap("a"))
    results = await asyncio.gather(
        *(admin.patch(f"{CONFIGMAPS}/a", {"data": {f"k{number}": "x"}}) for number in range(40))
    )
    assert {code for code, _ in results} == {200}
    _, got = await admin.get(f"{CONFIGMAPS}/a")
    assert len(got["data"]) == 40


async def test_one_of_many_creators_wins(admin: Client) -> None:
    results = await asyncio.gather(*(admin.call("POST", CONFIGMAPS, configmap("a")) for _ in range(10)))
    assert sorted(code for code, _ in results) == [201] + [409] * 9


async def test_dry_runs_store_nothing(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a", {"k": "v"}))
    assert "resourceVersion" not in (await admin.create(CONFIGMAPS, configmap("b"), dryRun="All"))["metadata"]
    await admin.patch(f"{CONFIGMAPS}/a", {"data": {"k": "w"}}, dryRun="All")
    await admin.call("DELETE", f"{CONFIGMAPS}/a", dryRun="All")
    _, got = await admin.get(CONFIGMAPS)
    assert [item["metadata"]["resourceVersion"] for item in got["items"]] == [made["metadata"]["resourceVersion"]]


async def test_finalizers_hold_an_object(admin: Client) -> None:
    await admin.create(CONFIGMAPS, configmap("a", finalizers=["x.io/f"]))
    code, held = await admin.call("DELETE", f"{CONFIGMAPS}/a")
    assert (code, held["kind"]) == (200, "ConfigMap")
    assert held["metadata"]["deletionTimestamp"]
    code, error = await admin.patch(f"{CONFIGMAPS}/a", {"metadata": {"finalizers": ["x.io/f", "x.io/g"]}})
    assert (code, error["reason"]) == (422, "Invalid")
    await admin.patch(f"{CONFIGMAPS}/a", {"metadata": {"finalizers": None}})
    assert (await admin.get(f"{CONFIGMAPS}/a"))[0] == 404


async def test_namespaces_go_when_their_content_is_gone(admin: Client) -> None:
    await admin.create("/api/v1/namespaces", {"metadata": {"name": "n"}})
    _, going = await admin.call("DELETE", "/api/v1/namespaces/n")
    assert going["status"]["phase"] == "Terminating"
    code, error = await admin.call("POST", "/api/v1/namespaces/n/configmaps", configmap("a"))
    assert (code, error["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")
    going["spec"]["finalizers"] = []
    code, _ = await admin.call("PUT", "/api/v1/namespaces/n/finalize", going)
    assert code == 200
    assert (await admin.get("/api/v1/namespaces/n"))[0] == 404


async def test_pods_are_bound_and_deleted_gracefully(admin: Client) -> None:
    await admin.create(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    await admin.create(f"{CORE}/pods", pod)
    _, unscheduled = await admin.call("DELETE", f"{CORE}/pods/p")
    assert unscheduled["metadata"]["deletionGracePeriodSeconds"] == 0
    assert (await admin.get(f"{CORE}/pods/p"))[0] == 404

    await admin.create(f"{CORE}/pods", pod)
    target = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    await admin.create(f"{CORE}/pods/p/binding", target)
    code, error = await admin.call("POST", f"{CORE}/bindings", target)
    assert (code, error["details"]["kind"]) == (409, "pods/binding")
    _, going = await admin.call("DELETE", f"{CORE}/pods/p")
    assert going["metadata"]["deletionGracePeriodSeconds"] == 30
    code, bound = await admin.get(f"{CORE}/pods/p")
    assert (code, bound["spec"]["nodeName"]) == (200, "n")
    await admin.call("DELETE", f"{CORE}/pods/p", gracePeriodSeconds="0")
    assert (await admin.get(f"{CORE}/pods/p"))[0] == 404


async def test_scale(admin: Client) -> None:
    deployment: dict[str, Any] = {
        "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    }
    path = "/apis/apps/v1/namespaces/default/deployments"
    await admin.create(path, deployment)
    _, scale = await admin.get(f"{path}/d/scale")
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 1}, "a=b")
    scale["spec"]["replicas"] = 4
    assert (await admin.call("PUT", f"{path}/d/scale", scale))[0] == 200
    assert (await admin.call("PUT", f"{path}/d/scale", scale))[0] == 409  # its resourceVersion is old now
    _, got = await admin.get(f"{path}/d")
    assert (got["spec"]["replicas"], got["metadata"]["generation"]) == (4, 2)


async def test_apply_creates_then_replaces_what_it_applied(admin: Client) -> None:
    headers = {"Content-Type": "application/apply-patch+yaml"}
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    code, _ = await admin.call("PATCH", f"{CONFIGMAPS}/a", body, headers, fieldManager="m")
    assert code == 201
    code, got = await admin.call("PATCH", f"{CONFIGMAPS}/a", body.replace(b"k: v", b"l: w"), headers, fieldManager="m")
    assert (code, got["data"]) == (200, {"l": "w"})
    assert (await admin.call("PATCH", f"{CONFIGMAPS}/a", body, headers))[0] == 422


async def test_events_of_both_groups_are_the_same_objects(admin: Client) -> None:
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"},
        "reason": "R",
        "message": "hello",
        "type": "Normal",
    }
    await admin.create(f"{CORE}/events", event)
    _, got = await admin.get("/apis/events.k8s.io/v1/namespaces/default/events/e")
    assert (got["apiVersion"], got["note"], got["regarding"]["name"]) == ("events.k8s.io/v1", "hello", "p")
    _, found = await admin.get("/apis/events.k8s.io/v1/namespaces/default/events", fieldSelector="regarding.name=p")
    assert len(found["items"]) == 1


async def test_what_is_answered_survives_a_restart(api: Api, admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a", {"k": "v"}))
    await api.stop()
    await api.start()
    async with api.client() as client:
        assert await client.get(f"{CONFIGMAPS}/a") == (200, made)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json;as=Table;v=v1;g=meta.k8s.io", "Table"),
        ("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "PartialObjectMetadata"),
        ("application/vnd.kubernetes.protobuf,application/json", "ConfigMap"),
        ("*/*", "ConfigMap"),
    ],
)
async def test_representations(admin: Client, accept: str, kind: str) -> None:
    await admin.create(CONFIGMAPS, configmap("a"))
    _, got = await admin.call("GET", f"{CONFIGMAPS}/a", headers={"Accept": accept})
    assert got["kind"] == kind


async def test_large_answers_are_compressed_for_those_who_can(admin: Client) -> None:
    await admin.create(CONFIGMAPS, configmap("big", {"k": "x" * 200_000}))
    _, headers, got = await admin.full("GET", f"{CONFIGMAPS}/big", headers={"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert len(got["data"]["k"]) == 200_000
    _, headers, _ = await admin.full("GET", f"{CONFIGMAPS}/big", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in headers
