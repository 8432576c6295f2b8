"""Client certificates that don't hold: 401 with a Status, never an identity, whatever else the handshake did."""

import asyncio
import socket
import ssl
import time
from pathlib import Path

import aiohttp
import pytest

from apiserver_stub.auth import issue, pki, strangers
from apiserver_stub.auth.issue import Issued
from tests.api.conftest import CONFIGMAPS, Api, Client

DAY = 86400.0
MASTERS = pki.Leaf("admin", "kubernetes-admin", "system:masters")


def signer(api: Api) -> issue.Signer:
    return issue.Signer((api.settings.pki / "ca.crt").read_bytes(), (api.settings.pki / "ca.key").read_bytes())


def made(api: Api, kind: str) -> Issued:
    """An administrator's certificate, but for one thing."""
    now = time.time()
    if kind == "expired":
        return signer(api).sign(MASTERS, now - 10 * DAY, 1)
    if kind == "not yet valid":
        return signer(api).sign(MASTERS, now + 10 * DAY, 100)
    if kind == "for servers":
        return signer(api).sign(pki.Leaf("admin", "kubernetes-admin", "system:masters", server=True), now, 1)
    authority = issue.authority(now, 100)
    if kind == "of itself":
        return authority
    # Another CA of the same name.
    return issue.Signer(authority.certificate, authority.key).sign(MASTERS, now, 1)


def context(api: Api, directory: Path, certificate: Issued) -> ssl.SSLContext:
    file = directory / "client.pem"
    file.write_bytes(certificate.certificate + certificate.key)
    shown = api.tls("")
    shown.load_cert_chain(file)
    return shown


KINDS = ("of another CA", "expired", "not yet valid", "for servers", "of itself")
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
async def test_strangers_are_unauthorized(api: Api, tmp_path: Path, kind: str, version: ssl.TLSVersion) -> None:
    shown = context(api, tmp_path, made(api, kind))
    shown.maximum_version = shown.minimum_version = version
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=shown)) as session:
        client = Client(session, api.app.url)
        for path in (CONFIGMAPS, "/version", CONFIGMAPS):
            code, body = await client.get(path)
            assert (code, body["reason"], body["message"]) == (401, "Unauthorized", "Unauthorized")
        # A token beside it counts.
        headers = {"Authorization": "Bearer root-token"}
        assert (await client.call("GET", CONFIGMAPS, headers=headers))[0] == 200
        assert (await client.get(CONFIGMAPS))[0] == 401


async def test_resumed_sessions_bring_no_identity(api: Api, tmp_path: Path) -> None:
    """TLS 1.2 lets a client go on with an earlier session, whose certificate nobody checks again."""
    shown = context(api, tmp_path, made(api, "of another CA"))
    shown.maximum_version = ssl.TLSVersion.TLSv1_2

    def twice() -> tuple[bytes, bool]:
        session: ssl.SSLSession | None = None
        for _ in range(2):
            raw = socket.create_connection(("127.0.0.1", api.app.port), timeout=10)
            with shown.wrap_socket(raw, server_hostname="127.0.0.1", session=session) as connection:
                connection.sendall(f"GET {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                answer = connection.recv(1000)
                session, reused = connection.session, bool(connection.session_reused)
        return answer, reused

    answer, reused = await asyncio.to_thread(twice)
    assert answer.startswith(b"HTTP/1.1 401")
    assert not reused


async def test_handshakes_side_by_side_are_not_mixed_up(api: Api, tmp_path: Path) -> None:
    stranger, admin = context(api, tmp_path, made(api, "of another CA")), api.tls()

    async def code(shown: ssl.SSLContext) -> int:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=shown)) as session:
            return (await Client(session, api.app.url).get(CONFIGMAPS))[0]

    codes = await asyncio.gather(*(code(shown) for _ in range(10) for shown in (stranger, admin)))
    assert codes == [401, 200] * 10


async def test_connections_that_asyncio_did_not_make(api: Api) -> None:
    """Whatever has no handshake of ours under way is not let through."""
    assert strangers._decide(1, None) == 1
    assert strangers._decide(0, None) == 0
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert not strangers.answer(plain)
    assert not strangers.is_stranger(None)
    plain.verify_mode = ssl.CERT_REQUIRED
    assert not strangers.answer(plain)
