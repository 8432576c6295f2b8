"""podman's REST API over its socket, which systemd starts on demand and podman leaves when idle."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import yarl

from operators._node.ports import ImageInfo, PodmanError

_API = "http://d/v4.0.0/libpod"


class Podman:
    """The images of the node. Containers are systemd's business and not asked about here."""

    def __init__(self, socket: Path = Path("/run/podman/podman.sock")) -> None:
        self._socket = socket

    async def image(self, name: str) -> ImageInfo | None:
        """An image by any of its names or its ID; None when the node does not have it. Raises PodmanError."""
        async with self._request("GET", ("images", name, "json")) as response:
            if response.status == 404:
                return None
            body = await _json(response)
        return _info(body)

    async def images(self) -> list[ImageInfo]:
        """All images; of their configuration only the Labels."""
        async with self._request("GET", ("images", "json")) as response:
            rows = await _json(response)
        return [
            ImageInfo(
                row["Id"],
                tuple(row.get("Names") or ()),
                tuple(row.get("RepoDigests") or ()),
                row.get("Size") or 0,
                {"Labels": row.get("Labels") or {}},
            )
            for row in rows
        ]

    async def pull(self, name: str, auth: str = "", line: Callable[[str], None] = lambda _: None) -> ImageInfo:
        """Fetches an image from its registry. Raises PodmanError with what the registry said.

        auth: value of X-Registry-Auth. line: called with what podman says meanwhile. When the call is cancelled, podman
        stops.
        """
        query, headers = {"reference": name, "policy": "always"}, {"X-Registry-Auth": auth} if auth else {}
        error = ""
        async with self._request("POST", ("images", "pull"), query, headers) as response:
            if response.status >= 400:
                await _json(response)
            async for raw in response.content:
                if raw.strip():
                    message = orjson.loads(raw)
                    error = message.get("error") or error
                    line(str(message.get("stream") or ""))
        if error:
            raise PodmanError(500, error)
        info = await self.image(name)
        if info is None:
            raise PodmanError(404, f"{name}: image not known")
        return info

    async def remove(self, name: str) -> None:
        """Takes one name from an image, or removes what has no other. Raises PodmanError, 409 when it is in use."""
        async with self._request("DELETE", ("images", name)) as response:
            if response.status != 404:
                await _json(response)

    async def close(self) -> None:
        """Nothing stays open between calls: an open connection would keep podman's service resident (~50 MB)."""

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        # The image's name is one path segment group: its slashes stay, everything else is quoted.
        url = yarl.URL(_API)
        for part in path:
            url = url.joinpath(*part.split("/"))
        if query:
            url = url.with_query(query)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        connector = aiohttp.UnixConnector(path=str(self._socket), force_close=True)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.request(method, url, headers=headers) as response,
            ):
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise PodmanError(0, f"podman does not answer at {self._socket}: {error}") from error


async def _json(response: aiohttp.ClientResponse) -> Any:
    body = await response.read()
    try:
        parsed = orjson.loads(body or b"null")
    except orjson.JSONDecodeError:
        parsed = {"message": body.decode(errors="replace")}
    if response.status >= 400:
        message = (
            parsed.get("message") or parsed.get("cause") or str(response.status) if isinstance(parsed, dict) else ""
        )
        raise PodmanError(response.status, message)
    return parsed


def _info(body: dict[str, Any]) -> ImageInfo:
    return ImageInfo(
        id=body["Id"],
        names=tuple(body.get("RepoTags") or ()),
        digests=tuple(body.get("RepoDigests") or ()),
        size=body.get("Size") or 0,
        config=body.get("Config") or {},
        layers=_layers(body.get("GraphDriver") or {}),
    )


def _layers(driver: dict[str, Any]) -> tuple[str, ...]:
    data = driver.get("Data") or {}
    if driver.get("Name") != "overlay" or not data.get("UpperDir"):
        return ()
    return (data["UpperDir"], *filter(None, (data.get("LowerDir") or "").split(":")))
