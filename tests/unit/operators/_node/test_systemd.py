"""Unit states from D-Bus signals; jobs and their results."""

import asyncio
from types import SimpleNamespace

from dbus_fast import MessageType, Variant

from operators._node import systemd


def signal(member, *body, path="/org/freedesktop/systemd1"):
    return SimpleNamespace(message_type=MessageType.SIGNAL, member=member, path=path, body=list(body))


def changed(unit_path, **properties):
    return signal("PropertiesChanged", "i", properties, [], path=f"/org/freedesktop/systemd1/unit/{unit_path}")


def test_unit_of():
    assert (
        systemd.unit_of("/org/freedesktop/systemd1/unit/ukube_2dshop_5fweb_2d0_2eservice") == "ukube-shop_web-0.service"
    )


async def test_states_follow_signals():
    seen = []
    manager = systemd.Systemd(seen.append)
    path = "ukube_2dx_2eservice"
    manager._on_message(changed(path, ActiveState=Variant("s", "active"), SubState=Variant("s", "running")))
    manager._on_message(changed(path, ExecMainStartTimestamp=Variant("t", 5_500_000)))
    manager._on_message(changed(path, NRestarts=Variant("u", 1)))  # nothing that is kept
    state = manager.state("ukube-x.service")
    assert state is not None
    assert (state.active, state.sub, state.started, state.is_running) == ("active", "running", 5.5, True)
    assert seen == ["ukube-x.service"] * 2
    manager._on_message(signal("UnitRemoved", "ukube-x.service", "/"))
    assert manager.state("ukube-x.service") is None
    assert len(seen) == 3


async def test_other_units_are_ignored():
    seen = []
    manager = systemd.Systemd(seen.append)
    manager._on_message(changed("dbus_2eservice", ActiveState=Variant("s", "active")))
    manager._on_message(changed("ukube_2dx_2eslice", ActiveState=Variant("s", "active")))
    assert seen == []


async def test_job_results(monkeypatch):
    manager = systemd.Systemd(lambda unit: None)
    manager._connected.set()

    async def call(member, signature="", body=None):
        return [f"/job/{body[0]}"]

    monkeypatch.setattr(manager, "_call", call)
    manager._on_message(signal("JobRemoved", 1, "/job/early.service", "early.service", "failed"))
    assert await manager.start("early.service") == "failed"
    waiting = asyncio.create_task(manager.start("late.service"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    manager._on_message(signal("JobRemoved", 2, "/job/late.service", "late.service", "done"))
    assert await waiting == "done"


async def test_a_reload_takes_no_unit_away(monkeypatch):
    seen = []
    manager = systemd.Systemd(seen.append)
    manager._connected.set()
    calls = []

    async def call(member, signature="", body=None):
        calls.append(member)
        if member == "ListUnitsByPatterns":
            return [[]]
        if calls.count("StartUnit") == 1:
            manager._on_message(signal("Reloading", True))
            manager._on_message(signal("UnitRemoved", "ukube-x.service", "/"))
            raise systemd.SystemdError("org.freedesktop.DBus.Error.NoReply", "it has gone")
        return ["/job/1"]

    monkeypatch.setattr(manager, "_call", call)
    manager._on_message(changed("ukube_2dx_2eservice", ActiveState=Variant("s", "active")))
    started = asyncio.create_task(manager.start("ukube-y.service"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert (manager.state("ukube-x.service").active, seen, calls) == ("active", ["ukube-x.service"], ["StartUnit"])
    manager._on_message(signal("JobRemoved", 1, "/job/1", "ukube-y.service", "done"))
    manager._on_message(signal("Reloading", False))
    assert await started == "done"
    assert calls == ["StartUnit", "ListUnitsByPatterns", "StartUnit"]
    assert manager.state("ukube-x.service") is None  # it was not there any more
