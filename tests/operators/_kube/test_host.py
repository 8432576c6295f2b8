"""Operators under the real kopf against a fake API server."""

from __future__ import annotations

import asyncio

from operators._kube import meta
from operators._kube.actions import Create
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.errors import ApiError
from operators._kube.paths import Kind
from tests.fakes.server import FakeServer
from tests.operators._kube.conftest import Running, until

RS = Kind("apps/v1", "replicasets")
PODS = Kind("v1", "pods")


def replicas(log: list[Key] | None = None) -> Controller:
    """A small ReplicaSet controller."""
    controller = Controller("replicaset")

    @controller.reconcile("apps/v1", "replicasets", owns=["v1/pods"])
    async def reconcile(key: Key, kube: Kube, now: object) -> Result:
        if log is not None:
            log.append(key)
        rs = kube.get_or_none("apps/v1", "replicasets", key)
        if rs is None or meta.is_deleting(rs):
            return DONE
        pods = kube.controlled_by(rs, "v1", "pods")
        missing = rs["spec"]["replicas"] - len(pods)
        pod = {"metadata": {"generateName": f"{key.name}-"}, "spec": {}}
        errors = await kube.perform([Create("v1", "pods", pod)] * missing, owner=rs)
        await kube.patch_status(rs, {"replicas": len(kube.controlled_by(rs, "v1", "pods"))})
        if errors:
            raise errors[0]
        return DONE

    return controller


def add_set(server: FakeServer, name: str = "web", count: int = 3) -> None:
    server.api.create(RS, "d", {"metadata": {"name": name}, "spec": {"replicas": count}})


def pods(server: FakeServer) -> list[dict]:
    return list(server.api.objects.get(PODS, {}).values())


async def test_children_are_made_for_what_is_there_and_for_what_comes(server: FakeServer, running_host: Running):
    add_set(server, "old")
    async with running_host(replicas()):
        await until(lambda: len(pods(server)) == 3)
        add_set(server, "new", 2)
        await until(lambda: len(pods(server)) == 5)
        await asyncio.sleep(0.3)
    assert len(pods(server)) == 5
    assert {meta.controller_of(pod)["name"] for pod in pods(server)} == {"old", "new"}


async def test_a_lost_child_is_replaced(server: FakeServer, running_host: Running):
    add_set(server)
    async with running_host(replicas()):
        await until(lambda: len(pods(server)) == 3)
        server.api.delete(PODS, pods(server)[0], {})
        await until(lambda: len(pods(server)) == 3)


async def test_a_deletion_that_no_watch_told_of_is_found_by_the_next_list(server: FakeServer, running_host: Running):
    add_set(server)
    async with running_host(replicas()):
        await until(lambda: len(pods(server)) == 3)
        gone = pods(server)[0]
        server.break_streams()
        server.api.watchers.clear()
        server.api.delete(PODS, gone, {})
        server.api.watchers.append(server._record)
        server.compact()
        await until(lambda: len(pods(server)) == 3)
    assert gone["metadata"]["name"] not in {pod["metadata"]["name"] for pod in pods(server)}


async def test_410_within_a_stream_leads_to_a_new_list_and_nothing_else(server: FakeServer, running_host: Running):
    add_set(server)
    async with running_host(replicas()) as host:
        await until(lambda: len(pods(server)) == 3)
        lists = server.log.count("GET /api/v1/pods")
        server.compact()
        server.compacted += 1
        server.poke()
        await until(lambda: server.log.count("GET /api/v1/pods") > lists)
        server.compacted -= 1
        add_set(server, "more", 2)
        await until(lambda: len(pods(server)) == 5)
        assert host.members["replicaset"].restarts == 0


async def test_no_reconcile_before_every_kind_is_listed(server: FakeServer, running_host: Running):
    add_set(server)
    log: list[Key] = []
    controller = replicas(log)
    real, held = server.api.send, asyncio.Event()

    async def slow(method: str, path: str, **more: object) -> dict:
        if path == "/api/v1/pods":
            await held.wait()
        return await real(method, path, **more)

    server.api.send = slow  # type: ignore[method-assign, assignment]
    async with running_host(controller, wait=False) as host:
        await until(lambda: "GET /apis/apps/v1/replicasets" in server.log)
        await asyncio.sleep(0.3)
        assert log == []
        assert not host.health()["replicaset"]["ok"]
        held.set()
        await until(lambda: log)
        await until(lambda: len(pods(server)) == 3)


async def test_a_restart_of_the_api_server_loses_and_doubles_nothing(server: FakeServer, running_host: Running):
    add_set(server)
    async with running_host(replicas()) as host:
        await until(lambda: len(pods(server)) == 3)
        await server.stop()
        add_set(server, "meanwhile", 2)
        await asyncio.sleep(1.5)
        await server.start()
        start = asyncio.get_running_loop().time()
        await until(lambda: len(pods(server)) == 5)
        assert asyncio.get_running_loop().time() - start < 1.3
        await asyncio.sleep(0.5)
        assert len(pods(server)) == 5
        assert host.members["replicaset"].restarts == 0


async def test_a_write_without_an_answer_is_not_repeated(server: FakeServer, running_host: Running):
    """The pod was made, but the connection broke before the answer, and the watch is late."""
    real = server.api.create
    broken = 0

    def create(kind: Kind, namespace: str, body: dict) -> dict:
        nonlocal broken
        made = real(kind, namespace, body)
        if kind == PODS and broken < 2:
            broken += 1
            server.history[:] = [entry for entry in server.history if entry[2] != PODS]
            raise ApiError(0, "Cut", "")
        return made

    server.api.create = create  # type: ignore[method-assign]
    async with running_host(replicas()):
        add_set(server, count=3)
        await until(lambda: len(pods(server)) >= 3)
        await asyncio.sleep(0.5)
    assert broken == 2
    assert len(pods(server)) == 3


async def test_the_crash_of_one_operator_leaves_the_others_alone(server: FakeServer, running_host: Running):
    other = Controller("other")
    alive: list[str] = []

    @other.on_startup
    async def start(kube: Kube) -> None:
        alive.append("start")

    @other.reconcile("v1", "configmaps")
    async def reconcile(key: Key, kube: Kube, now: object) -> Result:
        alive.append(key.name)
        return DONE

    async with running_host(replicas(), other) as host:
        await until(lambda: server.watching() == 3)
        server.garbage = [b'{"type": "ADD']
        server.poke()
        await until(lambda: sum(member.restarts for member in host.members.values()) == 1)
        await until(lambda: all(member.is_synced for member in host.members.values()))
        await until(lambda: server.watching() == 3)
        server.api.create(Kind("v1", "configmaps"), "d", {"metadata": {"name": "seen"}})
        add_set(server)
        await until(lambda: "seen" in alive)
        await until(lambda: len(pods(server)) == 3)
        restarted = [name for name, member in host.members.items() if member.restarts]
        assert alive.count("start") == (2 if restarted == ["other"] else 1)


async def test_a_failing_startup_hook_is_tried_again(server: FakeServer, running_host: Running, caplog):
    controller = replicas()
    tries: list[int] = []

    @controller.on_startup
    async def start(kube: Kube) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("no bus yet")

    add_set(server)
    async with running_host(controller):
        await until(lambda: len(pods(server)) == 3)
    assert len(tries) == 3


async def test_nothing_is_ever_written_onto_watched_objects(server: FakeServer, running_host: Running):
    controller = Controller("looker")

    @controller.reconcile("v1", "configmaps", watches=[])
    async def reconcile(key: Key, kube: Kube, now: object) -> Result:
        return DONE

    maps = Kind("v1", "configmaps")
    made = server.api.create(maps, "d", {"metadata": {"name": "a"}, "data": {"k": "v"}})
    async with running_host(controller):
        server.api.change(maps, server.api.objects[maps][Key("d", "a")], {**made, "data": {"k": "w"}})
        await asyncio.sleep(0.5)
        server.api.delete(maps, server.api.objects[maps][Key("d", "a")], {})
        await asyncio.sleep(0.3)
    assert set(server.counts) == {"GET", "WATCH"}


async def test_an_idle_operator_asks_for_nothing(server: FakeServer, running_host: Running):
    add_set(server)
    async with running_host(replicas()):
        await until(lambda: len(pods(server)) == 3)
        await asyncio.sleep(1.5)
        before = len(server.log)
        await asyncio.sleep(1.5)
        assert server.log[before:] == []
        assert server.counts["WATCH"] == 2


async def test_the_answer_to_a_write_is_in_the_cache_at_once(server: FakeServer, running_host: Running):
    """With the watch cut off, the second reconcile must know the children that the first one made."""
    log: list[Key] = []
    async with running_host(replicas(log)):
        server.api.watchers.remove(server._record)
        server.api.watchers.append(lambda type_, kind, obj: server._record(type_, kind, obj) if kind == RS else None)
        add_set(server)
        await until(lambda: len(pods(server)) == 3)
        await until(lambda: len(log) >= 2)
        await asyncio.sleep(0.3)
    assert len(pods(server)) == 3


async def test_a_missing_kind_is_told_and_waited_for(server: FakeServer, running_host: Running):
    server.refuse_watches = 2
    add_set(server)
    async with running_host(replicas()) as host:
        await until(lambda: host.members["replicaset"].restarts >= 1)
        await until(lambda: len(pods(server)) == 3)


async def test_stopping_is_quick_and_leaves_no_task(server: FakeServer, running_host: Running):
    before = asyncio.all_tasks()
    loop = asyncio.get_running_loop()
    async with running_host(replicas(), *(named(f"n{number}") for number in range(4))):
        start = loop.time()
    assert loop.time() - start < 2
    await asyncio.sleep(0.1)
    ours = {
        task
        for task in asyncio.all_tasks() - before
        if "_answer" not in repr(task) and "RequestHandler" not in repr(task)
    }
    assert ours == set()


def named(name: str) -> Controller:
    controller = Controller(name)

    @controller.reconcile("v1", "configmaps")
    async def reconcile(key: Key, kube: Kube, now: object) -> Result:
        return DONE

    return controller


async def test_an_api_server_that_is_away_costs_one_line(server: FakeServer, running_host: Running, caplog):
    await server.stop()
    caplog.set_level("WARNING")
    async with running_host(replicas(), named("other"), wait=False) as host:
        await asyncio.sleep(1.2)
        lines = [record.getMessage() for record in caplog.records]
        assert len(lines) == 1
        assert "does not answer" in lines[0]
        await server.start()
        await until(lambda: all(member.is_synced for member in host.members.values()), seconds=2)


async def test_refused_credentials_are_read_again_until_they_are_good(server: FakeServer, running_host: Running):
    server.refuse_everybody = True
    add_set(server)
    async with running_host(replicas(), wait=False):
        await asyncio.sleep(2.5)
        assert len(server.log) < 20
        server.refuse_everybody = False
        await until(lambda: len(pods(server)) == 3, seconds=8)


async def test_watches_that_end_at_once_do_not_become_a_storm(server: FakeServer, running_host: Running):
    async with running_host(replicas()):
        server.close_watches = True
        server.poke()
        before = server.counts["WATCH"]
        await asyncio.sleep(1)
        assert server.counts["WATCH"] - before <= 12
        server.close_watches = False
        add_set(server)
        await until(lambda: len(pods(server)) == 3)


async def test_many_keys_at_once(server: FakeServer, running_host: Running):
    async with running_host(replicas()):
        for number in range(200):
            add_set(server, f"rs{number}", 1)
        await until(lambda: len(pods(server)) == 200, seconds=15)
