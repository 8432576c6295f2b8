"""A server per test, in this process, over TLS; and a client that speaks to it as the admin or as somebody else."""

import asyncio
import io
import json
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from apiserver_stub import app as application
from apiserver_stub import settings as configuration
from apiserver_stub.auth import pki

Object = dict[str, Any]
CORE = "/api/v1/namespaces/default"
CONFIGMAPS = f"{CORE}/configmaps"
TOKENS = 'viewer-token,viewer,2,"team"\nroot-token,root,1,"system:masters"\n'


class Client:
    """Requests in, (status, body) out. Bodies are JSON unless they are bytes."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: str
    ) -> tuple[int, Any]:
        code, _, content = await self.full(method, path, body, headers, **query)
        return code, content

    async def full(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: str
    ) -> tuple[int, Any, Any]:
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if raw is not None else {}
        async with self.session.request(
            method, self.url + path, data=raw and io.BytesIO(raw), headers=sent | (headers or {}), params=query
        ) as answer:
            content = await answer.read()
            if answer.content_type == "application/json" and content:
                return answer.status, answer.headers, json.loads(content)
            return answer.status, answer.headers, content

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        return await self.call("GET", path, **query)

    async def create(self, path: str, body: Any, **query: str) -> Object:
        code, content = await self.call("POST", path, body, **query)
        assert code == 201, content
        assert isinstance(content, dict)
        return content

    async def patch(self, path: str, body: Any, kind: str = "merge-patch", **query: str) -> tuple[int, Any]:
        return await self.call("PATCH", path, body, {"Content-Type": f"application/{kind}+json"}, **query)

    @asynccontextmanager
    async def watch(self, path: str, headers: dict[str, str] | None = None, **query: str) -> AsyncIterator["Watch"]:
        async with self.session.get(self.url + path, params={"watch": "1"} | query, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            yield Watch(answer)


class Watch:
    """Events of one watch, one at a time."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> Object | None:
        """None at the end."""
        line = await self._answer.content.readline()
        return json.loads(line) if line else None

    async def some(self, count: int) -> list[tuple[str, str]]:
        """(type, name) of the next events."""
        found = []
        for _ in range(count):
            event = await self.next()
            assert event, "the watch ended"
            found.append((event["type"], event["object"]["metadata"].get("name", "")))
        return found


class Api:
    """A server that can be stopped and started again on the same data."""

    def __init__(self, directory: Path) -> None:
        (directory / "tokens.csv").write_text(TOKENS)
        self.settings = configuration.Settings(
            data_dir=directory / "data", port=0, bind="127.0.0.1", token_file=directory / "tokens.csv"
        )
        pki.ensure(self.settings.pki, application.certificates(self.settings), in_child=False)
        self.app: application.App

    async def start(self) -> None:
        self.app = application.build(self.settings)
        await self.app.start()

    async def stop(self) -> None:
        await self.app.stop()

    def tls(self, user: str = "admin") -> ssl.SSLContext:
        """user: a certificate of the server's pki, "" for none."""
        context = ssl.create_default_context(cafile=str(self.settings.pki / "ca.crt"))
        if user:
            context.load_cert_chain(self.settings.pki / f"{user}.crt", self.settings.pki / f"{user}.key")
        return context

    @asynccontextmanager
    async def client(self, user: str = "admin", **headers: str) -> AsyncIterator[Client]:
        connector = aiohttp.TCPConnector(ssl=self.tls(user))
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            yield Client(session, self.app.url)


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a server keeps once it has started: a copy of it spares each test the making of all the default objects."""

    async def start_and_stop(api: Api) -> None:
        await api.start()
        await api.stop()

    api = Api(tmp_path_factory.mktemp("first"))
    asyncio.run(start_and_stop(api))
    return api.settings.data_dir


@pytest.fixture
async def api(tmp_path: Path, first_start: Path) -> AsyncIterator[Api]:
    shutil.copytree(first_start, tmp_path / "data")
    api = Api(tmp_path)
    await api.start()
    yield api
    await api.stop()


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[Client]:
    async with api.client() as client:
        yield client


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"


def configmap(name: str, data: Object | None = None, **meta: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}, "data": data or {}}
