"""HTTP towards the API server: one aiohttp session of an operator, and whether the server answers at all."""

from __future__ import annotations

import asyncio
import logging
from asyncio import sslproto
from collections.abc import AsyncGenerator, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson

from operators._kube import client, identity, paths
from operators._kube.errors import ApiError
from operators._kube.kubeconfig import ConfigError, Connection
from operators._kube.meta import Object, Objects
from operators._kube.paths import Kind

#: Called as listed(kind, object kind, objects, version) with each complete list that kopf asked for.
Listed = Callable[[Kind, str, Objects, int], None]

REQUEST_TIMEOUT = 30.0
CONNECT_TIMEOUT = 5.0
# Each connection costs both sides tens of kilobytes, so a burst of writes shares a few, which close soon after.
WRITERS = 8
KEEPALIVE_SECONDS = 15
# kopf opens a watch that ended at once again, thousands of times a second if need be; not more often than this.
WATCH_SPACING = 0.25
# Credentials are renewed in their file: they are read again before a connection is opened, no more often than this.
REFRESH_SECONDS = 60.0
# How soon after the API server is back we know it: seconds between looks, the last one for ever.
PROBES = (0.1, 0.2, 0.3, 0.5)

# asyncio zeroes a buffer for each TLS connection, 256 KiB by default: with dozens of watches a third of the process.
# What is larger, a list say, is read in more than one go.
sslproto.SSLProtocol.max_size = 8 * 1024

log = logging.getLogger("ukube.api")


class Link:
    """Whether the API server answers. Shared by all operators of a process: one line in the log when that changes."""

    def __init__(self, load: Callable[[], Connection]) -> None:
        """`load` reads the credentials; asked again when the server refuses them. Raises ConfigError."""
        self._load = load
        self.connection = load()
        self.context = self.connection.ssl_context()
        self.is_up = False
        self._told = False
        self._read_at = -REFRESH_SECONDS
        self._changed: list[Callable[[], None]] = []
        self._probe: asyncio.Task[None] | None = None

    def subscribe(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` whenever `is_up` changed; returns what ends that."""
        self._changed.append(changed)
        return lambda: self._changed.remove(changed)

    async def wait_up(self) -> None:
        """Return as soon as the API server answers anything."""
        if self.is_up:
            return
        self._start_probe()
        while not self.is_up:
            event = asyncio.Event()
            end = self.subscribe(event.set)
            try:
                await event.wait()
            finally:
                end()

    def reload(self) -> None:
        """Read the credentials again; keeps the old ones where that fails."""
        try:
            connection = self._load()
            if connection != self.connection:
                connection.ssl_context()
                # All sessions hold this one context: what is put into it counts for connections that they open later.
                connection.use(self.context)
                self.connection = connection
                log.info("credentials for %s have been renewed", connection.server)
        except ConfigError as error:
            log.error("%s", error)

    def refresh(self) -> None:
        """Take over credentials that have been renewed; called before a connection is opened."""
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= REFRESH_SECONDS:
            self._read_at = now
            self.reload()

    def answered(self) -> None:
        if self.is_up:
            return
        self.is_up = True
        log.info("API server %s answers", self.connection.server)
        self._told = False
        self._tell()

    def failed(self, error: BaseException) -> None:
        """A request got no answer; it may be our certificate that it found no longer valid."""
        self._read_at = -REFRESH_SECONDS
        if not self._told:
            self._told = True
            log.warning("API server %s does not answer, waiting for it: %s", self.connection.server, describe(error))
        if self.is_up:
            self.is_up = False
            self._tell()
        self._start_probe()

    async def close(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait({self._probe})

    def new_client(
        self,
        agent: str,
        *,
        response_class: type[aiohttp.ClientResponse] = aiohttp.ClientResponse,
        trace_configs: list[aiohttp.TraceConfig] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientSession:
        """An aiohttp session with our credentials."""
        fresh = aiohttp.TraceConfig()
        fresh.on_connection_create_start.append(self._before_connection)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self.context, keepalive_timeout=KEEPALIVE_SECONDS),
            headers={"User-Agent": agent, "Accept": "application/json", **self.connection.headers(), **(headers or {})},
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT, sock_connect=CONNECT_TIMEOUT),
            response_class=response_class,
            trace_configs=[*(trace_configs or ()), fresh],
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _before_connection(self, *_: object) -> None:
        self.refresh()

    def _tell(self) -> None:
        for changed in tuple(self._changed):
            changed()

    def _start_probe(self) -> None:
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._look(), name="probe of the API server")

    async def _look(self) -> None:
        """Ask for /version until somebody answers (watches only retry; without one nothing else would notice)."""
        attempt = 0
        async with self.new_client("ukube-probe") as http:
            while not self.is_up:
                try:
                    async with http.get(f"{self.connection.server}/version") as response:
                        if response.status < 500:
                            self.answered()
                            return
                        self.failed(RuntimeError(f"status {response.status}"))
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    self.failed(error)
                await asyncio.sleep(PROBES[min(attempt, len(PROBES) - 1)])
                attempt += 1


class Session:
    """The aiohttp session that an operator's kopf and Kube share. Implements `client.Api`.

    kopf reports every object of a list by itself but never the list's end, which is what tells what vanished. So the
    lists it asks for are read here as well, whole, as they come in. `keep_lists`: also leave them to kopf, for others'
    handlers beside ours. `user`: act as him; "" for whom the credentials name.
    """

    def __init__(self, link: Link, name: str, *, user: str = "", keep_lists: bool = False) -> None:
        self.link = link
        self._name = name
        self._keep_lists = keep_lists
        self._headers = identity.impersonation(user) if user else {}
        self._listeners: list[Listed] = []
        self._http: aiohttp.ClientSession | None = None
        self._refusals = 0
        self._slots = asyncio.Semaphore(WRITERS)
        self._watched: dict[str, float] = {}

    @property
    def server(self) -> str:
        return self.link.connection.server

    def subscribe(self, listed: Listed) -> None:
        self._listeners.append(listed)

    def open(self) -> aiohttp.ClientSession:
        """The aiohttp session; a new one when the last was closed (by kopf, after a 401)."""
        if self._http is None or self._http.closed:
            trace = aiohttp.TraceConfig()
            trace.on_request_start.append(self._on_start)
            trace.on_request_end.append(self._on_answer)
            trace.on_request_exception.append(self._on_exception)
            self._http = self.link.new_client(
                f"ukube-{self._name}",
                response_class=_response_class(self._on_list),
                trace_configs=[trace],
                headers=self._headers,
            )
        return self._http

    async def login(self) -> aiohttp.ClientSession:
        """The aiohttp session for kopf, which asks again after each 401, having closed the one it had."""
        if self._http is not None and self._http.closed:
            log.warning("API server %s refuses the credentials of %s, reading them again", self.server, self._name)
            await asyncio.sleep(min(2.0**self._refusals, 30.0))
            self._refusals += 1
            self.link.reload()
        return self.open()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        data = None if body is None else orjson.dumps(body)
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            async with (
                self._slots,
                self.open().request(
                    method, f"{self.server}{path}", data=data, params=params, headers=headers
                ) as response,
            ):
                raw = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(0, "Unreachable", f"{method} {path}: {describe(error)}") from error
        return parse_answer(status, raw)

    async def stream(self, path: str, *, params: Mapping[str, str]) -> AsyncGenerator[Object, None]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT)
        try:
            async with self.open().get(f"{self.server}{path}", params=params, timeout=timeout) as response:
                if response.status != 200:
                    parse_answer(response.status, await response.read())
                rest = b""
                # Not readline(): it has a limit, and a Secret may have a megabyte.
                async for piece in response.content.iter_any():
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        yield orjson.loads(line)
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise ApiError(0, "Unreachable", f"GET {path}: {describe(error)}") from error

    async def _on_start(self, _: Any, __: SimpleNamespace, params: aiohttp.TraceRequestStartParams) -> None:
        if "watch" not in params.url.query:
            return
        now = asyncio.get_running_loop().time()
        due = max(self._watched.get(params.url.path, 0.0) + WATCH_SPACING, now)
        self._watched[params.url.path] = due
        await asyncio.sleep(due - now)

    async def _on_answer(self, _: Any, __: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        if params.response.status < 500:
            self.link.answered()

    async def _on_exception(self, _: Any, __: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams) -> None:
        if isinstance(params.exception, aiohttp.ClientConnectionError | TimeoutError | OSError):
            self.link.failed(params.exception)

    def _on_list(self, kind: Kind, answer: Object) -> bool:
        """Pass a list on; True when kopf shall see it too."""
        object_kind = str(answer.get("kind", "")).removesuffix("List")
        version = str(answer["metadata"].get("resourceVersion", ""))
        objects = client.complete_items(answer)
        for listed in self._listeners:
            listed(kind, object_kind, objects, int(version) if version.isdecimal() else 0)
        return self._keep_lists


def describe(error: BaseException) -> str:
    """What went wrong with a connection, in the system's words where it has some."""
    cause = error.__cause__ or error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def parse_answer(status: int, raw: bytes) -> Object:
    """The JSON object of an answer. Raises ApiError for a status from 400 on and for what is not JSON."""
    try:
        parsed = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        parsed = None
    if status >= 400:
        raise _refusal(status, parsed)
    if not isinstance(parsed, dict):
        raise ApiError(status, "NotJson", f"the server answered {status} with something that is not a JSON object")
    return parsed


def _refusal(status: int, parsed: Any) -> ApiError:
    body = parsed if isinstance(parsed, dict) and parsed.get("kind") == "Status" else {}
    message = body.get("message") or f"the server answered {status}"
    return ApiError(status, body.get("reason") or "Unknown", message, body)


def _response_class(on_list: Callable[[Kind, Object], bool]) -> type[aiohttp.ClientResponse]:
    class Response(aiohttp.ClientResponse):
        """kopf reads lists and discovery by `json()`."""

        async def json(self, **_: Any) -> Any:
            answer = orjson.loads(await self.read() or b"null")
            kind = paths.kind_of_collection(self.url.path)
            if self.status != 200 or kind is None or not isinstance(answer, dict) or "items" not in answer:
                return answer
            return answer if on_list(kind, answer) else {**answer, "items": []}

    return Response
