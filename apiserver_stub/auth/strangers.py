"""Clients whose certificate does not hold (another CA, expired, for servers) get an answer: 401 instead of an alert.

OpenSSL ends a handshake at the first fault that it finds, unless a verify callback lets it go on: see
SSL_CTX_set_verify(3). Python's ssl has no such callback, so it is set through ctypes, at the SSL_CTX with which
CPython's context object begins. Whatever is not as expected leaves the handshake to fail as before: no certificate is
believed for want of a check.
"""

import ctypes
import ssl
import sys
from typing import Any, Final

_VERIFY_PEER: Final = 1
_CTRL_SET_SESSION_CACHE_MODE: Final = 44
# The newest CPython that was looked at: `SSL_CTX *` is the first member of its PySSLContext.
_NEWEST: Final = (3, 13)

# The connection whose handshake is under way: one at a time, they run in the event loop's thread.
_current: "Connection | None" = None


class Connection(ssl.SSLObject):
    """Knows whether the client's certificate was refused; then it has none."""

    is_stranger = False

    def do_handshake(self) -> None:
        global _current
        _current = self
        try:
            super().do_handshake()
        finally:
            _current = None
        # Nobody has looked at the certificate of a resumed session (there are none: see `answer`).
        self.is_stranger = self.is_stranger or bool(self.session_reused)

    def getpeercert(self, binary_form: bool = False) -> Any:
        return None if self.is_stranger else super().getpeercert(binary_form)


def _decide(is_good: int, _store: object) -> int:
    """The verify callback; an exception counts as 0."""
    if is_good:
        return 1
    if _current is None:
        return 0
    _current.is_stranger = True
    return 1


# Kept for as long as OpenSSL may call it.
_CALLBACK: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)(_decide)


def answer(context: ssl.SSLContext) -> bool:
    """Lets handshakes with strangers succeed, for servers that ask for certificates; whether this Python can do it."""
    if sys.implementation.name != "cpython" or sys.version_info[:2] > _NEWEST:
        return False
    try:
        import _ssl

        # Through the extension module: the very library that it is linked to.
        library = ctypes.CDLL(_ssl.__file__)
        get_mode, set_verify, control = (
            library.SSL_CTX_get_verify_mode,
            library.SSL_CTX_set_verify,
            library.SSL_CTX_ctrl,
        )
    except (ImportError, OSError, AttributeError):
        return False
    pointer = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    get_mode.argtypes = (ctypes.c_void_p,)
    if context.verify_mode is not ssl.CERT_OPTIONAL or get_mode(pointer) != _VERIFY_PEER:
        return False
    context.sslobject_class = Connection
    # A session that is resumed (TLS 1.2) brings its certificate along unchecked.
    context.options |= ssl.OP_NO_TICKET
    control.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)
    control(pointer, _CTRL_SET_SESSION_CACHE_MODE, 0, None)
    set_verify.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    set_verify.restype = None
    set_verify(pointer, _VERIFY_PEER, ctypes.cast(_CALLBACK, ctypes.c_void_p))
    return True


def is_stranger(connection: object) -> bool:
    """connection: what asyncio calls ssl_object."""
    return isinstance(connection, Connection) and connection.is_stranger
