"""Certificates that are renewed in their kubeconfig are shown with the next connection."""

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from apiserver_stub.auth import issue, pki
from operators._kube import kubeconfig, session


class Files:
    """A CA, a server's certificate, and a client's that can be issued again under another name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        pki.ensure(directory, [pki.Leaf("serving", "server", "", ("127.0.0.1",), server=True)], in_child=False)
        self.name = "first"

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "serving.crt", self.directory / "serving.key")
        context.load_verify_locations(self.directory / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def connection(self, port: int) -> kubeconfig.Connection:
        read = (self.directory / "ca.crt").read_bytes(), (self.directory / "ca.key").read_bytes()
        signed = issue.Signer(*read).sign(pki.Leaf("client", self.name), 1_800_000_000.0 - 86400 * 100, 3650)
        server = f"https://127.0.0.1:{port}"
        return kubeconfig.Connection(
            server, ca=read[0].decode(), certificate=signed.certificate.decode(), key=signed.key.decode()
        )


async def _name(request: web.BaseRequest) -> web.StreamResponse:
    certificate = request.get_extra_info("peercert")
    response = web.Response(text=dict(names[0] for names in certificate["subject"])["commonName"])
    response.force_close()
    return response


async def test_the_next_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(tmp_path)
    runner = web.ServerRunner(web.Server(_name))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=files.server()).start()
    port = runner.addresses[0][1]
    link = session.Link(lambda: files.connection(port))
    try:
        async with link.new_client("test") as client:

            async def shown() -> str:
                async with client.get(f"https://127.0.0.1:{port}/") as answer:
                    return await answer.text()

            assert await shown() == "first"
            files.name = "second"
            # Not for each connection; but at once where one has failed.
            assert await shown() == "first"
            monkeypatch.setattr(link, "_start_probe", lambda: None)
            link.failed(ConnectionError())
            assert await shown() == "second"
            files.name = "third"
            monkeypatch.setattr(session, "REFRESH_SECONDS", 0.0)
            assert await shown() == "third"
            monkeypatch.setattr(link, "_load", _broken)
            assert await shown() == "third"
    finally:
        await link.close()
        await runner.cleanup()
        await asyncio.sleep(0)


def _broken() -> kubeconfig.Connection:
    raise kubeconfig.ConfigError("half written")
