import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession, TCPConnector

from operators.pod.endpoint import attributes
from tests.operators.pod_endpoint.conftest import Endpoint
from tests.operators.pod_endpoint.machine import Authority

PATHS = ["/healthz", "/pods", "/containerLogs/ns/web/c", "/exec/ns/web/c?command=id&output=1", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
async def test_another_user_of_the_same_ca_needs_the_right(endpoint: Endpoint, path: str) -> None:
    endpoint.machine.add()
    context = endpoint.authority.client_context("other", "jane", "team")
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=context)) as http, http.get(path) as answer:
        assert answer.status == 403
        assert (await answer.text()).startswith("Forbidden (user=jane, verb=get, resource=nodes, subresource(s)=[")


@pytest.mark.parametrize("path", PATHS)
async def test_without_certificate_and_token_nobody_is_let_in(endpoint: Endpoint, path: str) -> None:
    context = ssl.create_default_context(cafile=endpoint.authority.ca[0])
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=context)) as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
            async with http.get(path, headers=headers) as answer:
                assert (answer.status, await answer.text()) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("path", "right", "status"),
    [
        ("/healthz", "healthz", 200),
        ("/healthz", "proxy", 200),
        ("/pods", "pods", 200),
        ("/runningpods/", "pods", 200),
        ("/configz", "configz", 200),
        ("/configz", "metrics", 403),
        ("/metrics", "metrics", 200),
        ("/metrics/resource", "metrics", 200),
        ("/metrics/cadvisor", "proxy", 403),
        ("/stats/summary", "stats", 200),
        ("/stats/summary", "proxy", 403),
        ("/logs/", "log", 200),
        ("/containerLogs/ns/web/c", "log", 403),
        ("/containerLogs/ns/web/c", "proxy", 200),
        ("/nothing", "proxy", 404),
    ],
)
async def test_a_token_is_let_in_by_the_right_for_its_path(
    endpoint: Endpoint, path: str, right: str, status: int
) -> None:
    endpoint.machine.add()
    endpoint.machine.reviews.users["secret"] = attributes.User("prometheus", ("monitoring",))
    endpoint.machine.reviews.rights.add(("prometheus", "get", right))
    context = ssl.create_default_context(cafile=endpoint.authority.ca[0])
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=context)) as http:
        async with http.get(path, headers={"Authorization": "Bearer secret"}) as answer:
            assert answer.status == status
        headers = {"Authorization": "Bearer secret"}
        async with http.post("/exec/ns/web/c?command=id&output=1", headers=headers) as answer:
            assert answer.status == 403


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
