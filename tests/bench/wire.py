"""A HTTP/1.1 client that costs little, so that a benchmark measures the server: prepared requests, keep-alive."""

import asyncio
import base64
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Target:
    """A server and how to reach it."""

    host: str
    port: int
    tls: ssl.SSLContext

    @classmethod
    def of_kubeconfig(cls, path: Path) -> "Target":
        config = yaml.safe_load(path.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]))
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            tls.load_cert_chain(pair.name)
        host, _, port = cluster["server"].removeprefix("https://").rpartition(":")
        return cls(host, int(port), tls)

    def at(self, port: int) -> "Target":
        """The same with another port: the floor's server uses the same certificates."""
        return Target(self.host, port, self.tls)


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body and "Content_Type" not in headers:
        lines.append("Content-Type: application/json")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection:
    """One connection; requests one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, target: Target) -> "Connection":
        return cls(*await asyncio.open_connection(target.host, target.port, ssl=target.tls, limit=1 << 22))

    async def send(self, prepared: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(prepared)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            return status, await self._chunks()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return status, await self._reader.readexactly(int(length or 0))

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            parts.append((await self._reader.readexactly(size + 2))[:-2])
        await self._reader.readexactly(2)
        return b"".join(parts)

    async def count(self, prepared: bytes, mark: bytes, seen: Callable[[], None]) -> None:
        """Sends a request whose answer streams; calls `seen` for each `mark` in it, until cancelled."""
        self._writer.write(prepared)
        await self._reader.readuntil(b"\r\n\r\n")
        rest = b""
        while data := await self._reader.read(1 << 16):
            found = (rest + data).count(mark)
            for _ in range(found):
                seen()
            # Less than one mark, so that none is counted twice.
            rest = (rest + data)[-(len(mark) - 1) :]

    def close(self) -> None:
        self._writer.close()


async def load(
    target: Target, clients: int, seconds: float, make: Callable[[], bytes], expect: int = 200
) -> list[float]:
    """Latencies in seconds of what `clients` connections got answered within `seconds`, each asking without a pause."""
    opened = [await Connection.open(target) for _ in range(clients)]
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def one(connection: Connection) -> None:
        while (began := time.perf_counter()) < end:
            status, body = await connection.send(make())
            if status != expect:
                raise RuntimeError(f"expected {expect}, got {status}: {body[:300]!r}")
            latencies.append(time.perf_counter() - began)

    try:
        await asyncio.gather(*map(one, opened))
    finally:
        for connection in opened:
            connection.close()
    return latencies
