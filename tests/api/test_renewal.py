"""Certificates are renewed under a running server: new connections see the new one, open ones go on."""

import asyncio
import ssl
from pathlib import Path

import pytest

from apiserver_stub import app as application
from apiserver_stub.auth import pki, renewal
from tests.api.conftest import CONFIGMAPS, Api, configmap

# A certificate that lives for this long is due after two thirds of it, in seconds.
LIFE = 4.5


async def shown(api: Api) -> bytes:
    """The certificate that a new connection is shown, verified."""
    _, writer = await asyncio.open_connection("127.0.0.1", api.app.port, ssl=api.tls())
    try:
        found = writer.get_extra_info("ssl_object")
        assert isinstance(found, ssl.SSLObject)
        certificate = found.getpeercert(binary_form=True)
        assert certificate
        return certificate
    finally:
        writer.close()
        await writer.wait_closed()


async def test_certificates_with_seconds_to_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "SETTLE_SECONDS", 0.0)
    api = Api(tmp_path)
    directory = api.settings.pki
    wanted = application.certificates(api.settings)
    for note in directory.glob("*.json"):
        if note.stem not in ("ca", "sa"):
            note.unlink()
    pki.ensure(directory, wanted, in_child=False, days=LIFE / 86400)
    await api.start()
    try:
        first, kubeconfig = await shown(api), api.settings.kubeconfig.read_bytes()
        async with api.client() as admin, admin.watch(CONFIGMAPS) as watch:
            async with asyncio.timeout(LIFE * 3):
                while await shown(api) == first:  # noqa: ASYNC110  it comes by the clock
                    await asyncio.sleep(0.1)
            await admin.create(CONFIGMAPS, configmap("later"))
            assert await watch.some(1) == [("ADDED", "later")]
        assert api.settings.kubeconfig.read_bytes() != kubeconfig
        async with api.client() as renewed:
            assert (await renewed.get(CONFIGMAPS))[0] == 200
    finally:
        await api.stop()


async def test_new_addresses_are_added(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "SETTLE_SECONDS", 0.0)
    renewed = asyncio.Event()
    api.app.renewal.renewed.append(renewed.set)
    monkeypatch.setattr(application.addresses, "local", lambda: {"203.0.113.9"})
    monkeypatch.setattr(application.App, "_address", lambda _: "203.0.113.9")
    async with api.client() as admin, asyncio.timeout(20):
        # What the kernel's message leads to.
        api.app.renewal.look()
        await renewed.wait()
        async with admin.watch("/api/v1/namespaces/default/endpoints") as watch:
            while event := await watch.next():
                if event["object"]["subsets"][0]["addresses"] == [{"ip": "203.0.113.9"}]:
                    break
    first = ssl.DER_cert_to_PEM_cert(await shown(api))
    assert "203.0.113.9" in (api.settings.pki / "serving.json").read_text()
    assert first.split() == (api.settings.pki / "serving.crt").read_text().split()
