"""What Pods name is followed object by object, for as long as a Pod names it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from operators._kube.errors import ApiError
from operators._kube.meta import Key
from operators.pod.volumes.referenced import Referenced

POD = {
    "metadata": {"name": "p", "namespace": "ns", "uid": "1"},
    "spec": {
        "volumes": [{"name": "v", "secret": {"secretName": "s"}}],
        "containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "m"}}]}],
    },
}


def obj(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns", "resourceVersion": str(version)}}


class Server:
    """Objects by name; events of each come through a queue."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {"s": obj("s", 1)}
        self.looks: list[tuple[str, Key]] = []
        self.events: dict[str, asyncio.Queue[tuple[str, dict[str, Any]] | ApiError]] = {}

    async def look(self, api_version: str, resource: str, key: Key) -> tuple[dict[str, Any] | None, str]:
        self.looks.append((resource, key))
        return self.objects.get(key.name), "1"

    async def follow(
        self, api_version: str, resource: str, key: Key, version: str
    ) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
        events = self.events.setdefault(key.name, asyncio.Queue())
        while True:
            event = await events.get()
            if isinstance(event, ApiError):
                raise event
            yield event


@pytest.fixture
async def woken():
    keys: list[Key] = []
    referenced = Referenced(keys.append)
    yield referenced, keys
    await referenced.close()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_only_what_is_named_is_read_and_once(woken) -> None:
    referenced, _ = woken
    server = Server()
    await referenced.cover(POD, server)
    await referenced.cover(POD, server)
    assert sorted(server.looks) == [("configmaps", Key("ns", "m")), ("secrets", Key("ns", "s"))]
    assert referenced.get("Secret", "ns", "s") == obj("s", 1)
    assert referenced.get("ConfigMap", "ns", "m") is None
    assert referenced.get("Secret", "other", "s") is None


async def test_changes_wake_the_pods_that_name_the_object(woken) -> None:
    referenced, keys = woken
    server = Server()
    await referenced.cover(POD, server)
    await settle()
    server.events["m"].put_nowait(("ADDED", obj("m", 2)))
    server.events["s"].put_nowait(("BOOKMARK", obj("", 3)))
    await settle()
    assert (keys, referenced.get("ConfigMap", "ns", "m")) == ([Key("ns", "p")], obj("m", 2))
    server.events["s"].put_nowait(("DELETED", obj("s", 4)))
    await settle()
    assert (len(keys), referenced.get("Secret", "ns", "s")) == (2, None)


async def test_a_watch_that_fails_reads_anew(woken) -> None:
    referenced, keys = woken
    server = Server()
    await referenced.cover(POD, server)
    await settle()
    server.objects["s"] = obj("s", 5)
    server.events["s"].put_nowait(ApiError(410, "Expired", "too old"))
    for _ in range(100):
        if keys:
            break
        await asyncio.sleep(0.01)
    assert (keys, referenced.get("Secret", "ns", "s")) == ([Key("ns", "p")], obj("s", 5))


async def test_what_nobody_names_any_more_is_dropped(woken) -> None:
    referenced, keys = woken
    server = Server()
    await referenced.cover(POD, server)
    referenced.forget("1")
    assert referenced.get("Secret", "ns", "s") is None
    await settle()
    assert keys == []


async def test_a_refusal_is_the_pods_own(woken) -> None:
    class Refusing(Server):
        async def look(self, api_version: str, resource: str, key: Key) -> tuple[dict[str, Any] | None, str]:
            raise ApiError(403, "Forbidden", "no")

    referenced, _ = woken
    with pytest.raises(ApiError):
        await referenced.cover(POD, Refusing())
