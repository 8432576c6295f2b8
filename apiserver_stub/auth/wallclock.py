"""A timer of the wall clock that also rings when the clock is set: timerfd_create(2) with TFD_TIMER_CANCEL_ON_SET.

A timer of the event loop counts the time that the machine was awake. Certificates live by the wall clock, which jumps
when a machine without a battery-backed clock learns the time, and goes on while a machine sleeps.
"""

import asyncio
import ctypes
import errno
import os
from collections.abc import Callable
from typing import Final

_CLOCK_REALTIME: Final = 0
_NONBLOCK, _CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
_ABSOLUTE, _CANCEL_ON_SET = 1, 2
# The latest time that is asked for, in seconds since the epoch: the year 2200.
_LAST: Final = 7258118400


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Timer:
    """Calls `rings` at the time set, and whenever the clock is set; to be set again after each ring."""

    def __init__(self, rings: Callable[[], None]) -> None:
        """Raises OSError."""
        self._library = ctypes.CDLL(None, use_errno=True)
        self._descriptor = _checked(self._library.timerfd_create(_CLOCK_REALTIME, _NONBLOCK | _CLOEXEC))
        self._rings = rings
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._on_ready)

    def set(self, at: float) -> None:
        """at: seconds since the epoch; inf: only when the clock is set."""
        seconds = max(min(at, _LAST), 0.001)
        value = _Timespec(int(seconds), int(seconds % 1 * 1e9))
        spec = _Itimerspec(_Timespec(0, 0), value)
        flags = _ABSOLUTE | _CANCEL_ON_SET
        _checked(self._library.timerfd_settime(self._descriptor, flags, ctypes.byref(spec), None))

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _on_ready(self) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ECANCELED:
                raise
        self._rings()


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
