"""Keeps the process small and its start short; called once, before anything else is imported."""

import asyncio.sslproto
import contextlib
import ctypes
import os
from collections.abc import Iterator

# asyncio makes, and zeroes, a read buffer of this many bytes for every TLS connection. Its 256 KiB are 50 MB with
# 200 watches, for bodies that rarely exceed a few kilobytes.
TLS_BUFFER = 8 * 1024

# mallopt(3): freed memory goes back to the system, instead of staying as big as the largest list ever was.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_THRESHOLD = 128 * 1024


def shrink() -> None:
    asyncio.sslproto.SSLProtocol.max_size = TLS_BUFFER
    # Another C library than glibc has no mallopt, and no need of it.
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_TRIM_THRESHOLD, _THRESHOLD)
        library.mallopt(_M_MMAP_THRESHOLD, _THRESHOLD)
        library.mallopt(_M_ARENA_MAX, 1)


@contextlib.contextmanager
def without_system_certificates() -> Iterator[None]:
    """aiohttp's client reads the system's CA bundle as it is imported, twice; this process trusts its own CA only."""
    empty = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": "/nonexistent"}
    before = {name: os.environ.get(name) for name in empty}
    os.environ.update(empty)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
