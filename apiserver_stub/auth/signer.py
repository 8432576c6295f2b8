"""Signs with the key of ServiceAccount tokens, in a process of its own that lives only while there is work.

Importing cryptography costs 8 MB. Tokens are asked for when Pods start and about once an hour after that, so the
server does not keep it: the signer ends when it has been idle, and the key is in no memory but its.
"""

import asyncio
import sys
from pathlib import Path

# The signer stays this long for more, in seconds.
IDLE_SECONDS = 15.0
_CHILD = Path(__file__).with_name("signer_process.py")


class SigningError(Exception):
    """One sentence for the owner of the node."""


class Signer:
    """`key`: a PEM file with an RSA key."""

    def __init__(self, key: Path) -> None:
        self._key = key
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._end: asyncio.TimerHandle | None = None

    async def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256. Raises SigningError."""
        async with self._lock:
            if self._end is not None:
                self._end.cancel()
            try:
                return await self._ask(message)
            except (OSError, asyncio.IncompleteReadError):
                await self._stop()
                raise SigningError(f"tokens cannot be signed with {self._key}") from None
            finally:
                self._end = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._leave)

    async def close(self) -> None:
        async with self._lock:
            if self._end is not None:
                self._end.cancel()
            await self._stop()

    async def _ask(self, message: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            # -P: the modules beside the program are not to be taken for others of the same name.
            command = (sys.executable, "-P", str(_CHILD), str(self._key))
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        stdin.write(len(message).to_bytes(4) + message)
        await stdin.drain()
        return await stdout.readexactly(int.from_bytes(await stdout.readexactly(4)))

    def _leave(self) -> None:
        """It ends when there is nothing more to read."""
        process, self._process, self._end = self._process, None, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def _stop(self) -> None:
        process = self._process
        self._leave()
        if process is not None:
            await process.wait()
