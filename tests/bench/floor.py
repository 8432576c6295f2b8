"""The floor: the least that any Python server would cost here. A bare aiohttp handler over TLS; a bare SQLite commit.

    python -m tests.bench.floor PKI_DIR BODY_FILE

serves BODY_FILE's bytes for every GET, echoes a POST, and streams each POST's body to whoever GETs /watch.
Prints its port.
"""

import asyncio
import gc
import sqlite3
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web


async def serve(pki: Path, content: bytes) -> None:
    watchers: list[web.StreamResponse] = []

    async def get(request: web.Request) -> web.StreamResponse:
        if request.path == "/watch":
            return await watch(request)
        return web.Response(body=content, content_type="application/json")

    async def post(request: web.Request) -> web.Response:
        event = b'{"type":"ADDED","object":' + await request.read() + b"}\n"
        for watcher in watchers:
            await watcher.write(event)
        return web.Response(body=event, status=201, content_type="application/json")

    async def watch(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        watchers.append(response)
        await asyncio.Event().wait()
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", get)
    app.router.add_post("/{path:.*}", post)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pki / "serving.crt", pki / "serving.key")
    tls.load_verify_locations(pki / "ca.crt")
    tls.verify_mode = ssl.CERT_OPTIONAL
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    gc.freeze()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def commits(folder: Path, body: bytes, seconds: float, group: int = 1) -> list[float]:
    """Seconds that each durable commit (WAL, synchronous=FULL) of `group` rows took."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    try:
        for statement in _SETUP:
            database.execute(statement)
        return list(_commits(database, body, seconds, group))
    finally:
        database.close()


_SETUP = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "CREATE TABLE IF NOT EXISTS log (revision INTEGER PRIMARY KEY, name TEXT, value BLOB)",
)


def _commits(database: sqlite3.Connection, body: bytes, seconds: float, group: int) -> Iterator[float]:
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        database.execute("BEGIN")
        database.executemany("INSERT INTO log (name, value) VALUES (?, ?)", [("name", body)] * group)
        database.execute("COMMIT")
        yield time.perf_counter() - began


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
