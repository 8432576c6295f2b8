"""What holds for all resources alike: flags of a query, limits, representations, documents and their hashes."""

import asyncio
import json
from typing import Any

import pytest

from apiserver_stub.http import stream
from tests.api.conftest import CONFIGMAPS, Api, Client, configmap

TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
METADATA_LIST = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}


def asking(admin: Client, method: str, path: str, headers: Any = None, **words: Any) -> Any:
    """An answer as it comes; words that aiohttp does not know are the query."""
    known = {name: words.pop(name) for name in ("json", "allow_redirects") if name in words}
    return admin.session.request(method, admin.url + path, headers=headers, params=words, **known)


async def fill(admin: Client, count: int, size: int = 0) -> None:
    for number in range(count):
        await admin.create(CONFIGMAPS, configmap(f"c{number:03}", {"text": "x" * size}, labels={"n": str(number % 2)}))


@pytest.mark.parametrize(
    ("word", "watches"),
    [("true", True), ("1", True), ("yes", True), ("", True), ("false", False), ("FALSE", False), ("0", False)],
)
async def test_every_word_but_false_and_0_is_a_yes(admin: Client, word: str, watches: bool) -> None:
    await fill(admin, 1)
    async with asking(admin, "GET", CONFIGMAPS, watch=word, timeoutSeconds="1") as response:
        line = await response.content.readline()
    assert line.startswith(b'{"type":"ADDED"' if watches else b'{"kind":"ConfigMapList"')


@pytest.mark.parametrize("name", ["limit", "timeoutSeconds"])
@pytest.mark.parametrize(
    ("text", "why"), [("", "invalid syntax"), ("1.5", "invalid syntax"), ("9" * 19, "value out of range")]
)
async def test_numbers_of_a_query(admin: Client, name: str, text: str, why: str) -> None:
    code, answer = await admin.get(CONFIGMAPS, **{name: text})
    assert (code, answer["reason"]) == (400, "BadRequest")
    assert answer["message"].endswith(f'strconv.ParseInt: parsing "{text}": {why}')


async def test_a_limit_below_1_is_none(admin: Client) -> None:
    await fill(admin, 3)
    for limit in ("-1", "0"):
        _, got = await admin.get(CONFIGMAPS, limit=limit)
        assert (len(got["items"]), "continue" in got["metadata"]) == (3, False)


async def test_pages_of_a_selection_don_t_say_how_many_are_left(admin: Client) -> None:
    await fill(admin, 6)
    _, got = await admin.get(CONFIGMAPS, limit="2", labelSelector="n=1")
    assert [item["metadata"]["name"] for item in got["items"]] == ["c001", "c003"]
    assert "remainingItemCount" not in got["metadata"]
    _, rest = await admin.get(CONFIGMAPS, limit="2", labelSelector="n=1", **{"continue": got["metadata"]["continue"]})
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c005"]
    assert "continue" not in rest["metadata"]


@pytest.mark.parametrize("headers", [{}, TABLE, METADATA_LIST], ids=["objects", "table", "metadata"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
async def test_long_lists_arrive_whole(
    admin: Client, headers: dict[str, str], encoding: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PIECE", 1000)
    await asyncio.gather(*(admin.create(CONFIGMAPS, configmap(f"c{n:03}", {"t": "x" * 600})) for n in range(count)))
    async with asking(admin, "GET", CONFIGMAPS, headers=headers | {"Accept-Encoding": encoding}) as response:
        got = await response.json()
    items = got["rows"] or [] if "rows" in got else got["items"] or []
    names = [item.get("object", item)["metadata"]["name"] for item in items]
    assert names == [f"c{n:03}" for n in range(count)]
    assert got["metadata"]["resourceVersion"]


async def test_what_is_long_is_compressed(admin: Client) -> None:
    await fill(admin, 3, 50_000)
    one = {"Accept-Encoding": "gzip"}
    async with asking(admin, "GET", CONFIGMAPS, headers=one) as response:
        assert response.headers["Content-Encoding"] == "gzip"
    async with asking(admin, "GET", f"{CONFIGMAPS}/c001", headers=one) as response:
        assert "Content-Encoding" not in response.headers


async def test_a_deleted_collection_in_every_representation(admin: Client) -> None:
    for headers, kind in (({}, "ConfigMapList"), (TABLE, "Table"), (METADATA_LIST, "PartialObjectMetadataList")):
        await fill(admin, 3)
        code, answer = await admin.call("DELETE", CONFIGMAPS, b"", headers, limit="2")
        assert (code, answer["kind"]) == (200, kind)
        assert answer["metadata"]["continue"]
        _, left = await admin.get(CONFIGMAPS)
        assert [item["metadata"]["name"] for item in left["items"]] == ["c002"]
        await admin.call("DELETE", CONFIGMAPS)


async def test_delete_options_are_yaml_too(admin: Client) -> None:
    await fill(admin, 1)
    body = b"preconditions:\n  uid: other\n"
    code, answer = await admin.call("DELETE", f"{CONFIGMAPS}/c000", body, {"Content-Type": "application/yaml"})
    assert (code, answer["reason"]) == (409, "Conflict")
    code, answer = await admin.call("DELETE", f"{CONFIGMAPS}/c000", b"x=1", {"Content-Type": "text/plain"})
    assert (code, answer["reason"]) == (415, "UnsupportedMediaType")


async def test_too_large(admin: Client) -> None:
    code, answer = await admin.call("POST", CONFIGMAPS, b"{" + b" " * 3 * 1024 * 1024 + b"}")
    assert (code, answer["message"]) == (413, "Request entity too large: limit is 3145728")
    # Kinds that have a limit of their own say so first; this one has none.
    revision = {"metadata": {"name": "big"}, "revision": 1, "data": {"text": "x" * 1_600_000}}
    path = "/apis/apps/v1/namespaces/default/controllerrevisions"
    code, answer = await admin.call("POST", path, json.dumps(revision).encode())
    assert (code, answer["message"], "reason" in answer) == (500, "etcdserver: request is too large", False)
    code, _ = await admin.get(f"{path}/big")
    assert code == 404


@pytest.mark.parametrize("depth", [200, 300, 1200, 20_000])
async def test_deep_nesting(admin: Client, depth: int) -> None:
    body = b'{"metadata":{"name":"deep"},"x":' + b"[" * depth + b"]" * depth + b"}"
    code, _ = await admin.call("POST", CONFIGMAPS, body, dryRun="All")
    assert code in (201, 400)


async def test_indented_where_asked_for(admin: Client) -> None:
    await fill(admin, 1)
    for query, agent, indented in (
        ({"pretty": "true"}, "x", True),
        ({"pretty": "false"}, "curl/8", False),
        ({"pretty": ""}, "curl/8", True),
        ({}, "curl/8", True),
        ({}, "kubectl/v1", False),
    ):
        async with asking(admin, "GET", f"{CONFIGMAPS}/c000", headers={"User-Agent": agent}, **query) as response:
            assert (b"\n  " in await response.read()) == indented


async def test_warnings_are_cut_where_they_are_too_long(admin: Client) -> None:
    body = {**configmap("a"), **{f"unknown{n}": 1 for n in range(500)}}
    async with asking(admin, "POST", CONFIGMAPS, json=body) as response:
        warnings = response.headers.getall("Warning")
    assert response.status == 201
    assert 50 < len(warnings) < 300


async def test_a_client_that_waits_is_told_to_go_on(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.app.port, ssl=api.tls())
    body = json.dumps(configmap("a")).encode()
    head = f"POST {CONFIGMAPS} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 201")
    writer.close()


AGGREGATED = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/api", AGGREGATED), ("/apis", AGGREGATED), ("/openapi/v2", {}), ("/openapi/v3/apis/apps/v1", {})],
)
async def test_what_a_client_has_is_not_sent_again(admin: Client, path: str, headers: dict[str, str]) -> None:
    async with asking(admin, "GET", path, headers=headers) as response:
        tag = response.headers["ETag"]
    for known, code in ((tag, 304), (f'W/{tag}, "x"', 304), ('"x"', 200)):
        async with asking(admin, "GET", path, headers=headers | {"If-None-Match": known}) as response:
            assert response.status == code


async def test_an_old_hash_leads_to_the_new_document(admin: Client) -> None:
    _, index = await admin.get("/openapi/v3")
    current = json.loads(index)["paths"]["apis/apps/v1"]["serverRelativeURL"]
    async with asking(admin, "GET", "/openapi/v3/apis/apps/v1", allow_redirects=False, hash="OLD") as response:
        assert (response.status, response.headers["Location"]) == (301, current)
    async with asking(admin, "GET", current) as response:
        assert response.headers["Cache-Control"] == "public, immutable"
