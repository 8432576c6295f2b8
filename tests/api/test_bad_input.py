"""Whatever comes in, a Status goes out: never a 5xx of our own making, nothing stored, the server alive."""

import asyncio
import json
import logging
import ssl
from typing import Any

import pytest

from tests.api.conftest import CONFIGMAPS, CORE, Api, Client, configmap

BODIES: list[bytes] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"12",
    b"\xff\xfe\x00",
    b'{"metadata": null}',
    b'{"metadata": []}',
    b'{"metadata": {"name": 5}}',
    b'{"metadata": {"name": "../../etc"}}',
    b'{"metadata": {"name": "a\\u0000b"}}',
    b'{"metadata": {"name": "A"}}',
    b'{"metadata": {"name": "' + b"a" * 300 + b'"}}',
    b'{"metadata": {"name": "a", "namespace": "other"}}',
    b'{"metadata": {"name": "a", "labels": {"k": {}}}}',
    b'{"metadata": {"name": "a"}, "data": {"k": 1e999}}',
    b'{"metadata": {"name": "a"}, "data": {"k": 123456789012345678901234567890}}',
    b'{"metadata": {"name": "a"}, "data": "x"}',
    b'{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}}',
    b'{"kind": "ConfigMap", "apiVersion": "v9", "metadata": {"name": "a"}}',
    b'{"metadata": {"name": "a", "ownerReferences": [{}]}}',
    b'{"metadata": {"name": "a", "finalizers": ["no slash here!"]}}',
    b'{"metadata": {"name": "a", "resourceVersion": "7"}}',
    b'{"metadata": {"name": "a"}, "x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"metadata": {"name": "a"}, "x":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    b"k8s\x00" + b"\xff" * 50,
]


@pytest.fixture(autouse=True)
def nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Any:
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR], caplog.text


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
@pytest.mark.parametrize("media", ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"])
async def test_create(admin: Client, body: bytes, media: str) -> None:
    if media == "application/yaml" and b"1e999" in body:
        pytest.skip("a number that is out of range is a string in YAML")
    code, answer = await admin.call("POST", CONFIGMAPS, body, {"Content-Type": media})
    assert 400 <= code < 500 or answer["message"] == "resourceVersion should not be set on objects to be created"
    assert answer["kind"] == "Status"
    _, left = await admin.get(CONFIGMAPS)
    assert left["items"] == []


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
@pytest.mark.parametrize(
    "media", ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"]
)
async def test_patch(admin: Client, body: bytes, media: str) -> None:
    made = await admin.create(CONFIGMAPS, configmap("a", {"k": "v"}))
    headers = {"Content-Type": f"application/{media}"}
    code, answer = await admin.call("PATCH", f"{CONFIGMAPS}/a", body, headers, fieldManager="m")
    assert code < 500 or "reason" not in answer, answer
    _, after = await admin.get(f"{CONFIGMAPS}/a")
    assert after["metadata"]["name"] == "a"
    assert after["metadata"]["uid"] == made["metadata"]["uid"]
    if code >= 400:
        assert after == made


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
async def test_delete_options(admin: Client, body: bytes) -> None:
    await admin.create(CONFIGMAPS, configmap("a"))
    code, answer = await admin.call("DELETE", f"{CONFIGMAPS}/a", body)
    assert code < 500, answer


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "-1"},
        {"limit": "x"},
        {"limit": "9" * 40},
        {"resourceVersion": "-1"},
        {"resourceVersion": "9" * 40},
        {"resourceVersion": "١"},
        {"continue": "é"},
        {"continue": "e30"},
        {"continue": "W10"},
        {"labelSelector": "a=" + "(" * 1000},
        {"labelSelector": "\x00"},
        {"fieldSelector": "a=\\"},
        {"fieldSelector": "=" * 50},
        {"timeoutSeconds": "x"},
        {"pretty": "\x00"},
        {"watch": "1", "timeoutSeconds": "1", "resourceVersion": "1", "allowWatchBookmarks": "x"},
        {"watch": "1", "timeoutSeconds": "1", "sendInitialEvents": "x"},
    ],
)
async def test_queries(admin: Client, query: dict[str, str]) -> None:
    code, answer = await admin.get(CONFIGMAPS, **query)
    assert code < 500 or "reason" not in answer, answer


async def test_too_large(admin: Client) -> None:
    code, answer = await admin.call("POST", CONFIGMAPS, json.dumps(configmap("a", {"k": "x" * 3_200_000})).encode())
    assert (code, answer["reason"]) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize(
    "subresource", ["scale", "status", "binding", "eviction", "log", "exec", "proxy", "nope", "token"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_subresources_of_what_is_not_there(admin: Client, subresource: str, method: str) -> None:
    for path in (f"{CORE}/pods/none/{subresource}", f"/apis/apps/v1/namespaces/default/deployments/none/{subresource}"):
        code, answer = await admin.call(method, path, b"{}")
        assert code in (400, 404, 405, 415, 422, 501) or (
            code == 500 and answer["message"] == "target.name: Required value"
        )


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        (b"FOO /api HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"GET /api HTTP/9.9\r\n\r\n", b"400"),
        (b"\x00\x01\x02\x03\r\n\r\n", b"40"),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"4"),
        (b"GET /api HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"4"),
        (b"POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST /api HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"4"),
        (b"GET /%zz%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"40"),
    ],
)
async def test_what_is_no_request(api: Api, request_text: bytes, code: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.app.port, ssl=api.tls())
    writer.write(request_text)
    line = await asyncio.wait_for(reader.readline(), 5)
    assert line.split(b" ")[1].startswith(code), line
    rest = await asyncio.wait_for(reader.read(4000), 5)
    assert b"Traceback" not in rest
    writer.close()
    try:
        await writer.wait_closed()
    except (ConnectionError, ssl.SSLError):
        pass
