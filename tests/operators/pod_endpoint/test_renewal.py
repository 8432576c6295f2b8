"""The kubelet endpoint shows a renewed certificate to the next connection."""

import asyncio
import ssl

from tests.operators.pod_endpoint.conftest import Endpoint


async def shown(endpoint: Endpoint) -> bytes | None:
    _, writer = await asyncio.open_connection("localhost", endpoint.port, ssl=endpoint.context)
    try:
        found = writer.get_extra_info("ssl_object")
        assert isinstance(found, ssl.SSLObject)
        return found.getpeercert(binary_form=True)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_renewed_files_are_used_from_the_next_connection_on(endpoint: Endpoint) -> None:
    first = await shown(endpoint)
    assert await shown(endpoint) == first
    folder = endpoint.authority.directory
    key = (folder / "kubelet.key").read_bytes()
    endpoint.authority.issue("kubelet", "node")
    renewed = (folder / "kubelet.key").read_bytes()
    # Files that don't fit each other, as in the middle of a renewal: the certificate stays.
    (folder / "kubelet.key").write_bytes(key)
    assert await shown(endpoint) == first
    (folder / "kubelet.key").write_bytes(renewed)
    second = await shown(endpoint)
    assert second and second != first
    assert ssl.DER_cert_to_PEM_cert(second).split() == (folder / "kubelet.crt").read_text().split()
