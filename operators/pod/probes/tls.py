"""A conversation inside TLS; as kubelet's probes do, without a look at the peer's certificate."""

from __future__ import annotations

import functools
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operators.pod.probes.exchange import Conversation

_ALERTS = {0x15, 0x16, 0x14, 0x17}  # record types of TLS


@functools.cache
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


class Inside:
    """`inner` goes through TLS to `host`."""

    __slots__ = ("_begun", "_in", "_inner", "_is_first", "_out", "_tls", "is_done")

    def __init__(self, inner: Conversation, host: str) -> None:
        self._inner = inner
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        # An address has no place in the SNI of a TLS handshake (RFC 6066); a name does.
        is_name = bool(host.strip("0123456789.")) and ":" not in host
        self._tls = _context().wrap_bio(self._in, self._out, server_hostname=host if is_name else None)
        self._begun = False
        self._is_first = True
        self.is_done = False

    def begin(self) -> bytes:
        self._shake_hands()
        return self._out.read()

    def receive(self, data: bytes) -> bytes:
        if self._is_first and data[0] not in _ALERTS:
            if data.startswith(b"HTTP/"):
                raise ValueError("http: server gave HTTP response to HTTPS client")
            raise ValueError("tls: first record does not look like a TLS handshake")
        self._is_first = False
        self._in.write(data)
        try:
            if not self._begun and not self._shake_hands():
                return self._out.read()
            self._read()
        except ssl.SSLError as error:
            raise ValueError(f"remote error: tls: {(error.reason or str(error)).lower().replace('_', ' ')}") from error
        return self._out.read()

    def end(self) -> bool:
        return self._begun and self._inner.end()

    def _shake_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self._begun = True
        self._tls.write(self._inner.begin())
        return True

    def _read(self) -> None:
        while not self._inner.is_done:
            try:
                data = self._tls.read(16384)
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                break
            if not data:
                self._inner.end()
                break
            if answer := self._inner.receive(data):
                self._tls.write(answer)
        self.is_done = self._inner.is_done
