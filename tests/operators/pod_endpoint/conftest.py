from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector

from operators.pod.endpoint import server
from tests.operators.pod_endpoint.machine import Authority, Machine, run_here


@dataclass
class Endpoint:
    machine: Machine
    port: int
    context: ssl.SSLContext  # of the API server
    authority: Authority

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("pki"))
    made.issue("kubelet", "node")
    return made


@pytest.fixture(scope="session")
def api_context(authority: Authority) -> ssl.SSLContext:
    return authority.client_context("kubelet-client", "kube-apiserver-kubelet-client")


@pytest.fixture
async def endpoint(authority: Authority, api_context: ssl.SSLContext, tmp_path: Path) -> AsyncIterator[Endpoint]:
    machine = Machine(tmp_path)
    pki = authority.directory
    runner = await server.serve(
        machine,
        address="127.0.0.1",
        port=0,
        tls_cert=pki / "kubelet.crt",
        tls_key=pki / "kubelet.key",
        client_ca=authority.ca[0],
        launcher=run_here,
    )
    try:
        yield Endpoint(machine, runner.addresses[0][1], api_context, authority)
    finally:
        await runner.cleanup()


@pytest.fixture
async def http(endpoint: Endpoint) -> AsyncIterator[ClientSession]:
    """A client with the API server's certificate; paths are relative to the endpoint."""
    async with ClientSession(endpoint.url, connector=TCPConnector(ssl=endpoint.context)) as session:
        yield session
