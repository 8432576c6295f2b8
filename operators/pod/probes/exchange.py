"""Short conversations over TCP, many at once, at little cost: no task, no stream and no transport for each.

All sockets hang on one epoll of our own, of which the event loop watches a single descriptor.
"""

import asyncio
import errno
import os
import select
import socket
from collections.abc import Callable
from typing import Protocol

_PENDING = (errno.EINPROGRESS, errno.EALREADY, errno.EAGAIN)
_CHUNK = 16 * 1024
# Far more than any of our conversations needs; a peer that never stops talking shall not keep the node busy.
_MAX_RECEIVED = 256 * 1024
_ONCE = select.EPOLLONESHOT | select.EPOLLRDHUP


class Conversation(Protocol):
    """What is said over one connection (sans I/O)."""

    @property
    def is_done(self) -> bool: ...

    def begin(self) -> bytes:
        """The first words; b"" with `is_done`: to be connected was all."""

    def receive(self, data: bytes) -> bytes:
        """What to answer. Raises Exception when the peer talks nonsense; its text is the failure."""

    def end(self) -> bool:
        """The peer has closed; whether that is a proper end."""


class Failed(Exception):
    """The connection was not made, or broke; the text is what Go says of it."""


OnEnd = Callable[[Exception | None], None]


class Exchange:
    """One conversation over one connection; tells its end once, unless it is cancelled before."""

    __slots__ = ("_address", "_conversation", "_on_end", "_out", "_reactor", "_received", "_sock", "is_connected")

    def __init__(self, reactor: "Reactor", address: tuple[str, int], conversation: Conversation, on_end: OnEnd) -> None:
        """`address`: an IP address and a port."""
        self._reactor = reactor
        self._address = address
        self._conversation = conversation
        self._on_end: OnEnd | None = on_end
        self._sock: socket.socket | None = None
        self._out = b""
        self._received = 0
        self.is_connected = False

    def start(self) -> None:
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        try:
            self._sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            code = self._sock.connect_ex(self._address)
        except (OSError, OverflowError, ValueError) as error:
            self._finish(Failed(f"dial tcp {self._shown}: connect: {reason(error)}"))
            return
        if code == errno.EINPROGRESS:
            # A peer on the same machine has answered by now: asking again saves a round through the event loop.
            code = self._sock.connect_ex(self._address)
        self._connected(code)

    def cancel(self) -> None:
        self._on_end = None
        self._close()

    def ready(self) -> None:
        """The socket has something, or has not: called by the reactor."""
        assert self._sock is not None
        if not self.is_connected:
            self._connected(self._sock.connect_ex(self._address))
        elif self._out:
            self._send(b"")
        else:
            self._receive()

    @property
    def _shown(self) -> str:
        host, port = self._address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _connected(self, code: int) -> None:
        assert self._sock is not None
        if code in _PENDING:
            self._reactor.wait(self._sock.fileno(), self.ready, select.EPOLLOUT | _ONCE)
            return
        if code not in (0, errno.EISCONN):
            self._finish(Failed(f"dial tcp {self._shown}: connect: {reason(OSError(code, os.strerror(code)))}"))
            return
        self.is_connected = True
        first = self._conversation.begin()
        if self._conversation.is_done:
            self._finish(None)
        else:
            self._send(first)

    def _send(self, more: bytes) -> None:
        assert self._sock is not None
        out = self._out + more if self._out else more
        if out:
            try:
                out = out[self._sock.send(out) :]
            except BlockingIOError:
                pass
            except OSError as error:
                self._finish(self._broken("write", error))
                return
        self._out = out
        self._reactor.wait(self._sock.fileno(), self.ready, (select.EPOLLOUT if out else select.EPOLLIN) | _ONCE)

    def _receive(self) -> None:
        assert self._sock is not None
        try:
            data = self._sock.recv(_CHUNK)
        except BlockingIOError:
            data = None
        except OSError as error:
            self._finish(self._broken("read", error))
            return
        answer = b""
        self._received += len(data or b"")
        if self._received > _MAX_RECEIVED:
            self._finish(Failed(f"more than {_MAX_RECEIVED} bytes of answer"))
            return
        if data is not None:
            try:
                if data:
                    answer = self._conversation.receive(data)
                elif not self._conversation.end():
                    self._finish(Failed("EOF"))
                    return
            except Exception as error:  # whatever a stranger's bytes lead to is a failed probe
                self._finish(error)
                return
            if self._conversation.is_done:
                if answer:
                    self._say_goodbye(answer)
                self._finish(None)
                return
        self._send(answer)

    def _say_goodbye(self, answer: bytes) -> None:
        assert self._sock is not None
        try:
            self._sock.send(answer)
        except OSError:
            pass

    def _broken(self, doing: str, error: OSError) -> Failed:
        assert self._sock is not None
        try:
            own = self._sock.getsockname()
            where = f"{own[0]}:{own[1]}"
        except OSError:
            where = ""
        return Failed(f"{doing} tcp {where}->{self._shown}: {doing}: {reason(error)}")

    def _finish(self, failure: Exception | None) -> None:
        self._close()
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(failure)

    def _close(self) -> None:
        if self._sock is not None:
            self._reactor.drop(self._sock.fileno())
            self._sock.close()
            self._sock = None


class Reactor:
    """The descriptors of all that is under way."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._waiting: dict[int, Callable[[], None]] = {}
        self._loop.add_reader(self._epoll.fileno(), self._look)

    def wait(self, descriptor: int, ready: Callable[[], None], events: int) -> None:
        """`ready` is called once when the descriptor has what it waits for; it may be called for nothing."""
        if descriptor in self._waiting:
            self._epoll.modify(descriptor, events)
        else:
            self._waiting[descriptor] = ready
            self._epoll.register(descriptor, events)

    def drop(self, descriptor: int) -> None:
        """To be called before it is closed, which is what takes it out of the epoll."""
        self._waiting.pop(descriptor, None)

    def close(self) -> None:
        self._waiting.clear()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _look(self) -> None:
        for descriptor, _ in self._epoll.poll(0, 256):
            ready = self._waiting.get(descriptor)
            if ready is not None:
                ready()


def reason(error: Exception) -> str:
    """As Go says it: the C library's words, in lower case."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else str(error).lower()
