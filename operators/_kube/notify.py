"""Telling systemd that we are up and alive (sd_notify)."""

from __future__ import annotations

import os
import socket


def send(state: str) -> None:
    """Send "READY=1", "STOPPING=1", "WATCHDOG=1" or "STATUS=…"; nothing happens outside of a Type=notify unit."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect(address)
            sock.send(state.encode())
    except OSError:
        pass  # systemd went away or never listened: not our trouble


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear from us; None: never."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(microseconds) / 1e6 if microseconds.isdecimal() and for_us else None
