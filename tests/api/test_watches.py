"""Watches: what is there, what changes, what was missed."""

import asyncio

import pytest

from apiserver_stub.http import watch
from tests.api.conftest import CONFIGMAPS, Api, Client, Watch, configmap


async def test_state_then_changes(admin: Client) -> None:
    await admin.create(CONFIGMAPS, configmap("a"))
    async with admin.watch(CONFIGMAPS) as events:
        assert await events.some(1) == [("ADDED", "a")]
        await admin.create(CONFIGMAPS, configmap("b"))
        await admin.patch(f"{CONFIGMAPS}/b", {"data": {"x": "y"}})
        await admin.call("DELETE", f"{CONFIGMAPS}/b")
        assert await events.some(3) == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b")]


async def test_from_a_version_nothing_is_missed(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a"))
    await admin.create(CONFIGMAPS, configmap("b"))
    await admin.call("DELETE", f"{CONFIGMAPS}/a")
    async with admin.watch(CONFIGMAPS, resourceVersion=made["metadata"]["resourceVersion"]) as events:
        assert await events.some(2) == [("ADDED", "b"), ("DELETED", "a")]


async def test_objects_enter_and_leave_a_selection(admin: Client) -> None:
    async with admin.watch(CONFIGMAPS, labelSelector="w=1", resourceVersion="0") as events:
        await admin.create(CONFIGMAPS, configmap("a", labels={"w": "1"}))
        await admin.patch(f"{CONFIGMAPS}/a", {"metadata": {"labels": {"w": "2"}}})
        await admin.patch(f"{CONFIGMAPS}/a", {"metadata": {"labels": {"w": "1"}}})
        assert await events.some(3) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "a")]


async def test_what_is_forgotten_ends_the_watch_with_an_event(api: Api, admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a"))
    await admin.patch(f"{CONFIGMAPS}/a", {"data": {"x": "y"}})
    await admin.patch(f"{CONFIGMAPS}/a", {"data": {"x": "z"}})
    api.app.log.compact(api.app.log._clock() + 1000)
    async with admin.watch(CONFIGMAPS, resourceVersion=made["metadata"]["resourceVersion"]) as events:
        event = await events.next()
        assert event
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
        assert event["object"]["message"].startswith("too old resource version: ")
        assert await events.next() is None


async def test_bookmarks_carry_the_newest_version(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "BOOKMARK_SECONDS", 0.1)
    async with admin.watch(CONFIGMAPS, allowWatchBookmarks="true", resourceVersion="0") as events:
        secret = await admin.create(CONFIGMAPS.replace("configmaps", "secrets"), {"metadata": {"name": "s"}})
        event = await events.next()
        while event and event["object"]["metadata"]["resourceVersion"] != secret["metadata"]["resourceVersion"]:
            assert event["type"] == "BOOKMARK"
            event = await events.next()
        assert event
        assert event["object"]["kind"] == "ConfigMap"


async def test_initial_events_end_with_a_bookmark(admin: Client) -> None:
    await admin.create(CONFIGMAPS, configmap("a"))
    asked = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    async with admin.watch(CONFIGMAPS, **asked) as events:
        assert await events.some(1) == [("ADDED", "a")]
        event = await events.next()
        assert event
        assert event["type"] == "BOOKMARK"
        assert event["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_the_client_s_timeout_ends_it(admin: Client) -> None:
    async with admin.watch(CONFIGMAPS, timeoutSeconds="1") as events:
        assert await asyncio.wait_for(events.next(), 5) is None


async def test_a_restart_loses_no_event(api: Api) -> None:
    async with api.client() as client:
        made = await client.create(CONFIGMAPS, configmap("a"))
        await client.create(CONFIGMAPS, configmap("b"))
        await client.call("DELETE", f"{CONFIGMAPS}/a")
        async with client.watch(CONFIGMAPS, resourceVersion="0") as events:
            await events.some(1)
            await api.stop()
            assert await asyncio.wait_for(events.next(), 5) is None  # told, not cut off
    await api.start()
    async with (
        api.client() as client,
        client.watch(CONFIGMAPS, resourceVersion=made["metadata"]["resourceVersion"]) as events,
    ):
        assert await events.some(2) == [("ADDED", "b"), ("DELETED", "a")]


async def test_tables_have_their_columns_once(admin: Client) -> None:
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    async with admin.watch(CONFIGMAPS, accept, resourceVersion="0") as events:
        await admin.create(CONFIGMAPS, configmap("a"))
        await admin.create(CONFIGMAPS, configmap("b"))
        first, second = await events.next(), await events.next()
        assert first
        assert second
        assert first["object"]["columnDefinitions"][0]["name"] == "Name"
        assert second["object"]["columnDefinitions"] is None
        assert second["object"]["rows"][0]["cells"][0] == "b"


async def test_leaving_clients_leave_nothing_behind(api: Api, admin: Client) -> None:
    before = api.app.log.watchers  # the server's own
    async with api.client() as other:
        for _ in range(5):
            async with other.watch(CONFIGMAPS, resourceVersion="0"):
                pass
    for _ in range(100):
        if api.app.log.watchers <= before:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"{api.app.log.watchers} watches are left")


async def test_the_old_paths_only_watch(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a"))
    for path, name in (
        (CONFIGMAPS.replace("v1/", "v1/watch/"), "a"),
        (f"{CONFIGMAPS.replace('v1/', 'v1/watch/')}/a", "a"),
        ("/api/v1/watch/namespaces/default", "default"),
    ):
        async with admin.session.get(admin.url + path) as answer:
            event = await Watch(answer).next()
            assert event
            assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", name)
        for method in ("POST", "DELETE", "PUT"):
            code, _ = await admin.call(method, path, made)
            assert code == 405
    code, _ = await admin.get(f"{CONFIGMAPS}/a")
    assert code == 200


async def test_initial_events_end_at_the_version_that_was_asked_for(admin: Client) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a"))
    wanted = int(made["metadata"]["resourceVersion"]) + 2
    asked = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    async with admin.watch(CONFIGMAPS, **asked, resourceVersion=str(wanted)) as events:
        assert await events.some(1) == [("ADDED", "a")]
        for name in ("b", "c"):
            await admin.create(CONFIGMAPS, configmap(name))
        assert await events.some(3) == [("ADDED", "b"), ("ADDED", "c"), ("BOOKMARK", "")]
