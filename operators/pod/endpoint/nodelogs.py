"""/logs/: the files below /var/log, and what services said in the journal. See KEP-2258, "Node log query"."""

from __future__ import annotations

import asyncio
import html
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiohttp import web

_UNIT = re.compile(r"[A-Za-z0-9@:_.][A-Za-z0-9@:_.\\-]{0,254}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_OPTIONS = {"query", "sinceTime", "untilTime", "tailLines", "pattern", "boot"}
_SECONDS = 30.0
_PIECE = 64 * 1024


class BadQuery(Exception):
    """400; the message says which option."""


def command(services: Sequence[str], query: Mapping[str, str]) -> list[str]:
    """The journalctl that answers a query (pure). Raises BadQuery."""
    argv = ["journalctl", "--utc", "--no-pager", "--output=short-precise"]
    for name, option in (("sinceTime", "--since"), ("untilTime", "--until")):
        if value := query.get(name, ""):
            value = value.replace(" ", "+")
            if not _TIME.fullmatch(value):
                raise BadQuery(f"{name}: Invalid value: {value!r}: must be a RFC 3339 time")
            argv.append(f"{option}={value[:19].replace('T', ' ')} {'UTC' if value.endswith('Z') else value[-6:]}")
    if value := query.get("tailLines", ""):
        if not (value.isascii() and value.isdecimal() and len(value) < 8):
            raise BadQuery(f"tailLines: Invalid value: {value!r}: must be greater than or equal to 0")
        argv.append(f"--lines={value}")
    if value := query.get("pattern", ""):
        argv.append(f"--grep={value}")
    if value := query.get("boot", ""):
        if not re.fullmatch(r"0|-[0-9]{1,4}", value):
            raise BadQuery(f"boot: Invalid value: {value!r}: must be less than 1")
        argv.append(f"--boot={value}")
    for service in services:
        if not _UNIT.fullmatch(service):
            raise BadQuery(f"query: Invalid value: {service!r}: not a service")
        argv.append(f"--unit={service}")
    return argv


class NodeLogs:
    """root: /var/log."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = request.query.getall("query", [])
        services = [name for name in asked if "/" not in name]
        files = [name for name in asked if "/" in name]
        try:
            if services and files:
                raise BadQuery("query: Invalid value: only one of a service or a file may be given")
            if services:
                return await self._journal(request, command(services, request.query))
            if unknown := sorted(set(request.query) & (_OPTIONS - {"query"})):
                raise BadQuery(f"{unknown[0]}: Forbidden: only together with query")
        except BadQuery as error:
            return web.Response(status=400, text=f"{error}\n")
        return await self._file(files[0].removeprefix("/") if files else request.match_info.get("path", ""), request)

    async def _file(self, name: str, request: web.Request) -> web.StreamResponse:
        path = await asyncio.to_thread(self._find, name)
        if path is None:
            return web.Response(status=404, text="404 page not found\n")
        if path.is_dir():
            if not request.path.endswith("/") and request.query.get("query") is None:
                return web.Response(status=301, headers={"Location": request.path.rpartition("/")[2] + "/"})
            return web.Response(text=await asyncio.to_thread(listing, path), content_type="text/html", charset="utf-8")
        return web.FileResponse(path, headers={"Content-Type": "text/plain; charset=utf-8"})

    def _find(self, name: str) -> Path | None:
        """A plain file or folder that lies below the root, wherever links lead."""
        try:
            path = (self._root / name.lstrip("/")).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            return None
        is_inside = path.is_relative_to(self._root.resolve())
        return path if is_inside and (path.is_file() or path.is_dir()) else None

    async def _journal(self, request: web.Request, argv: list[str]) -> web.StreamResponse:
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*argv, stdin=null, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        try:
            async with asyncio.timeout(_SECONDS):
                await response.prepare(request)
                assert process.stdout is not None
                while piece := await process.stdout.read(_PIECE):
                    await response.write(piece)
                await response.write_eof()
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        return response


def listing(folder: Path) -> str:
    """The page that Go's file server makes of a folder."""
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
    lines = [f'<a href="{urllib.parse.quote(name)}">{html.escape(name)}</a>' for name in names]
    head = ["<!doctype html>", '<meta name="viewport" content="width=device-width">', "<pre>"]
    return "\n".join([*head, *lines, "</pre>", ""])
