"""logind over D-Bus: that the machine is going down, and holding that up for a while. See org.freedesktop.login1(5)."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from typing import Any

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

_log = logging.getLogger("ukube.logind")

_SERVICE, _PATH, _MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
_PATIENCE = 3.0  # seconds
_SIGNAL = f"type='signal',sender='{_SERVICE}',path='{_PATH}',interface='{_MANAGER}',member='PrepareForShutdown'"


class Logind:
    """on_shutdown: called with True when a shutdown begins, with False when it is called off. Must not block.

    A machine without logind, or without D-Bus, has a Logind all the same: it just never says anything.
    """

    def __init__(self, on_shutdown: Callable[[bool], None], *, address: str | None = None) -> None:
        self._on_shutdown = on_shutdown
        self._address = address
        self._bus: MessageBus | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._lock = -1

    async def open(self) -> None:
        if await self._connect():
            self._keeper = asyncio.create_task(self._keep(), name="logind")

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        self.release()
        if self._bus is not None:
            self._bus.disconnect()

    async def inhibit(self, who: str, why: str) -> bool:
        """Takes the delay lock: a shutdown waits until it is released, InhibitDelayMaxSec at most."""
        reply = await self._call(_SERVICE, _PATH, _MANAGER, "Inhibit", "ssss", ["shutdown", who, why, "delay"])
        if reply is None or not reply.unix_fds:
            return False
        self.release()
        self._lock = os.dup(reply.unix_fds[0])
        for descriptor in reply.unix_fds:
            os.close(descriptor)
        return True

    def release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    async def longest_delay(self) -> float:
        """InhibitDelayMaxSec, in seconds; 0.0 when nobody says."""
        properties = "org.freedesktop.DBus.Properties"
        reply = await self._call(_SERVICE, _PATH, properties, "Get", "ss", [_MANAGER, "InhibitDelayMaxUSec"])
        return float(reply.body[0].value) / 1e6 if reply is not None else 0.0

    async def reload(self) -> None:
        """Has logind read its settings again."""
        manager = "org.freedesktop.systemd1"
        body = ["systemd-logind.service", "main", signal.SIGHUP.value]
        await self._call(manager, "/org/freedesktop/systemd1", f"{manager}.Manager", "KillUnit", "ssi", body)

    async def _connect(self) -> bool:
        bus = MessageBus(bus_address=self._address, bus_type=BusType.SYSTEM, negotiate_unix_fd=True)
        try:
            await bus.connect()
        except (OSError, EOFError) as error:
            _log.info("no D-Bus, so no word of shutdowns: %s", error)
            return False
        bus.add_message_handler(self._on_message)
        self._bus = bus
        dbus = "org.freedesktop.DBus"
        return await self._call(dbus, "/org/freedesktop/DBus", dbus, "AddMatch", "s", [_SIGNAL]) is not None

    async def _keep(self) -> None:
        while True:
            assert self._bus is not None
            try:
                await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
            except Exception as error:  # dbus-fast hands on whatever broke the connection
                _log.debug("D-Bus connection lost: %s", error)
            while not await self._connect():  # noqa: ASYNC110 - a bus that was lost may come back
                await asyncio.sleep(5)

    async def _call(
        self, destination: str, path: str, interface: str, member: str, signature: str, body: list[Any]
    ) -> Message | None:
        """The reply; None when there is none."""
        if self._bus is None or not self._bus.connected:
            return None
        message = Message(
            destination=destination, path=path, interface=interface, member=member, signature=signature, body=body
        )
        try:
            # After a restart of D-Bus alone logind is not found again, and D-Bus tries to start it for 25 seconds.
            reply = await asyncio.wait_for(self._bus.call(message), _PATIENCE)
        except TimeoutError:
            reply = None
        if reply is None or reply.message_type is MessageType.ERROR:
            _log.info("%s is not possible here: %s", member, reply.body if reply is not None else "no answer")
            return None
        return reply

    def _on_message(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == "PrepareForShutdown":
            self._on_shutdown(bool(message.body[0]))
