import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession, TCPConnector

from tests.operators.pod_endpoint.conftest import Endpoint
from tests.operators.pod_endpoint.machine import Authority

PATHS = ["/healthz", "/pods", "/containerLogs/ns/web/c", "/exec/ns/web/c?command=id&output=1", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
async def test_another_name_of_the_same_ca_is_forbidden(endpoint: Endpoint, path: str) -> None:
    endpoint.machine.add()
    context = endpoint.authority.client_context("other", "kubernetes-admin")
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=context)) as http, http.get(path) as answer:
        assert answer.status == 403
        assert (await answer.text()).startswith("Forbidden (user=kubernetes-admin, verb=get, resource=nodes")


async def test_without_a_certificate_the_handshake_fails(endpoint: Endpoint) -> None:
    context = ssl.create_default_context(cafile=endpoint.authority.ca[0])
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=context)) as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get("/healthz")


async def test_a_certificate_of_another_ca_fails(endpoint: Endpoint, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    context = ssl.create_default_context(cafile=endpoint.authority.ca[0])
    context.load_cert_chain(*stranger.issue("fake", "kube-apiserver-kubelet-client"))
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=context)) as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get("/healthz")


async def test_old_tls_is_refused(endpoint: Endpoint) -> None:
    context = endpoint.authority.client_context("old", "kube-apiserver-kubelet-client")
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=context)) as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get("/healthz")


async def test_plain_routes(endpoint: Endpoint, http: ClientSession) -> None:
    endpoint.machine.add(pod="web")
    async with http.get("/healthz") as answer:
        assert await answer.text() == "ok"
    async with http.get("/pods") as answer:
        body = await answer.json()
        assert (body["kind"], body["items"][0]["metadata"]["name"]) == ("PodList", "web")
