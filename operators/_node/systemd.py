"""systemd over D-Bus: jobs with their results, and the state of our units kept up to date by signals."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from operators._node.ports import OnChange, SystemdError, UnitState

_log = logging.getLogger("ukube.systemd")

_SERVICE, _ROOT = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
_MANAGER, _UNIT = f"{_SERVICE}.Manager", f"{_SERVICE}.Unit"
_IN_FLIGHT = 32  # dbus-daemon ends a connection with more than 128 replies pending
_KEPT_RESULTS = 256
_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "ActiveState": ("active", str),
    "SubState": ("sub", str),
    "Result": ("result", str),
    "MainPID": ("main_pid", int),
    "ExecMainStartTimestamp": ("started", lambda value: value / 1e6),
    "ExecMainExitTimestamp": ("exited", lambda value: value / 1e6),
    "ExecMainCode": ("exit_code", int),
    "ExecMainStatus": ("exit_status", int),
    "InvocationID": ("invocation", lambda value: bytes(value).hex()),
}


@dataclass(slots=True)
class _Job:
    result: asyncio.Future[str]


class Systemd:
    """The system's service manager. Watches the units whose names begin with `prefix`."""

    def __init__(self, on_change: OnChange, *, prefix: str = "ukube-", address: str | None = None) -> None:
        self._on_change = on_change
        self._prefix = prefix
        self._address = address
        self._bus: MessageBus | None = None
        self._slots = asyncio.Semaphore(_IN_FLIGHT)
        self._units: dict[str, UnitState] = {}
        self._jobs: dict[str, _Job] = {}
        self._results: dict[str, str] = {}  # of jobs that ended before their number was known
        self._keeper: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._loaded = asyncio.Event()  # cleared while systemd reads its files again, or starts itself over
        self._loaded.set()
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connects, reads all our units, then keeps both up. Raises SystemdError when there is no systemd."""
        try:
            await self._connect()
        except (OSError, EOFError) as error:
            raise SystemdError("Disconnected", f"cannot reach systemd over D-Bus: {error}") from error
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        if self._bus is not None:
            self._bus.disconnect()

    def state(self, unit: str) -> UnitState | None:
        """None: not loaded, which is also how a collected unit that has ended looks."""
        return self._units.get(unit)

    async def start(self, unit: str) -> str:
        """Starts a unit and waits for the job; its result: "done", "failed", "dependency", "canceled", "timeout"."""
        return await self._run_job("StartUnit", unit)

    async def stop(self, unit: str) -> str:
        """As start; a unit that is not loaded counts as "done"."""
        try:
            return await self._run_job("StopUnit", unit)
        except SystemdError as error:
            if error.name.endswith(".NoSuchUnit"):
                return "done"
            raise

    async def restart(self, unit: str) -> str:
        return await self._run_job("RestartUnit", unit)

    async def reload(self) -> None:
        """Reads all unit files again: for a unit that is loaded already; a new file does not need it."""
        await self._call("Reload")

    async def set_property(self, unit: str, name: str, value: int) -> None:
        """Changes a number of a unit at once, until the next boot: what its file says holds from then on."""
        await self._call("SetUnitProperties", "sba(sv)", [unit, True, [[name, Variant("t", value)]]])

    # The connection

    async def _connect(self) -> None:
        bus = MessageBus(bus_address=self._address, bus_type=BusType.SYSTEM)
        await bus.connect()
        bus.add_message_handler(self._on_message)
        self._bus = bus
        for rule in (
            f"type='signal',sender='{_SERVICE}',path='{_ROOT}',interface='{_MANAGER}'",
            f"type='signal',sender='{_SERVICE}',path_namespace='{_ROOT}/unit',"
            "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'",
        ):
            await self._send(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", [rule]
            )
        await self._call("Subscribe")
        await self._read_all()
        self._loaded.set()
        self._connected.set()

    async def _keep(self) -> None:
        while True:
            assert self._bus is not None
            try:
                await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
            except Exception as error:  # dbus-fast hands on whatever broke the connection
                _log.warning("D-Bus connection lost: %s", error)
            self._connected.clear()
            for job in self._jobs.values():
                if not job.result.done():
                    job.result.set_exception(SystemdError("Disconnected", "the D-Bus connection was lost"))
            self._jobs.clear()
            await self._reconnect()

    async def _reconnect(self) -> None:
        delay = 0.1
        while True:
            try:
                await self._connect()
            except (OSError, EOFError, SystemdError) as error:
                _log.warning("no D-Bus, next try in %.1f s: %s", delay, error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            else:
                return

    async def _read_all(self) -> None:
        listed = (await self._call("ListUnitsByPatterns", "asas", [[], [f"{self._prefix}*.service"]]))[0]
        present = {row[0]: row[6] for row in listed}
        gone = [unit for unit in self._units if unit not in present]
        for unit in gone:
            del self._units[unit]
        for unit, path in present.items():
            state = await self._read(path)
            if state is not None:
                self._units[unit] = state
        for unit in (*gone, *present):
            self._on_change(unit)

    async def _read(self, path: str) -> UnitState | None:
        try:
            reply = await self._send(_SERVICE, path, "org.freedesktop.DBus.Properties", "GetAll", "s", [""])
        except SystemdError:
            return None  # collected meanwhile
        return _updated(UnitState(""), reply[0])

    # Calls

    async def _run_job(self, method: str, unit: str) -> str:
        await self._connected.wait()
        await self._loaded.wait()
        try:
            path = (await self._call(method, "ss", [unit, "replace"]))[0]
        except SystemdError as error:
            if not error.name.endswith(".NoReply"):
                raise
            await self._loaded.wait()  # it went away in order to start itself over
            path = (await self._call(method, "ss", [unit, "replace"]))[0]
        if path in self._results:
            return self._results.pop(path)
        job = self._jobs[path] = _Job(asyncio.get_running_loop().create_future())
        return await job.result

    async def _call(self, member: str, signature: str = "", body: list[Any] | None = None) -> list[Any]:
        return await self._send(_SERVICE, _ROOT, _MANAGER, member, signature, body)

    async def _send(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: list[Any] | None = None,
    ) -> list[Any]:
        message = Message(
            destination=destination, path=path, interface=interface, member=member, signature=signature, body=body or []
        )
        async with self._slots:
            bus = self._bus
            if bus is None or not bus.connected:
                raise SystemdError("Disconnected", "not connected to D-Bus")
            reply = await bus.call(message)
        if reply is None:
            return []
        if reply.message_type is MessageType.ERROR:
            raise SystemdError(reply.error_name or "", str(reply.body[0]) if reply.body else "")
        return list(reply.body)

    # Signals

    def _on_message(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.member == "PropertiesChanged":
            unit = unit_of(message.path or "")
            if unit.startswith(self._prefix) and unit.endswith(".service"):
                self._merge(unit, message.body[1])
        elif message.member == "JobRemoved":
            self._end_job(message.body[1], message.body[3])
        elif message.member == "Reloading":
            self._reload_begins() if message.body[0] else self._reload_ends()
        elif message.member == "UnitRemoved" and self._loaded.is_set() and message.body[0] in self._units:
            del self._units[message.body[0]]
            self._on_change(message.body[0])

    def _reload_begins(self) -> None:
        """Every unit is said to be removed now, and is there again afterwards."""
        self._loaded.clear()

    def _reload_ends(self) -> None:
        self._reading = asyncio.create_task(self._read_again())

    async def _read_again(self) -> None:
        try:
            await self._read_all()
        except SystemdError as error:
            _log.warning("systemd has reloaded, but cannot be asked: %s", error)  # a lost connection reads again
        finally:
            self._loaded.set()

    def _merge(self, unit: str, changed: dict[str, Any]) -> None:
        before = self._units.get(unit, UnitState("inactive"))
        after = _updated(before, changed)
        if after != before:
            self._units[unit] = after
            self._on_change(unit)

    def _end_job(self, path: str, result: str) -> None:
        job = self._jobs.pop(path, None)
        if job is not None:
            if not job.result.done():
                job.result.set_result(result)
            return
        self._results[path] = result
        while len(self._results) > _KEPT_RESULTS:
            del self._results[next(iter(self._results))]


def unit_of(path: str) -> str:
    """The unit's name in a D-Bus object path, where all but letters and digits is written _XX."""
    return re.sub(r"_([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), path.rpartition("/")[2])


def _updated(state: UnitState, properties: dict[str, Any]) -> UnitState:
    known = {field: convert(properties[name].value) for name, (field, convert) in _FIELDS.items() if name in properties}
    return replace(state, **known) if known else state
