"""Probes by HTTP, HTTPS and TCP against real sockets."""

import asyncio
import socket
import ssl
import subprocess

import pytest

from operators.pod.probes.rules import Outcome

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def moved(location, body=b""):
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def silent(reader, writer):
    await reader.read()


HEAD = b"Content-Length: 0\r\n\r\n"
FOREIGN = 'Get "URL/x": failed to parse Location header "ftp://127.0.0.1/": unsupported protocol scheme "ftp"'


@pytest.mark.parametrize(
    ("answer", "result", "output"),
    [
        (
            b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nhi",
            "warning",
            "Probe terminated redirects, Response body: hi",
        ),
        (moved("http://elsewhere/x", b"go"), "warning", "Probe terminated redirects, Response body: go"),
        (b"HTTP/1.1 404 Not Found\r\n" + HEAD, "failure", "HTTP probe failed with statuscode: 404"),
        (b"HTTP/1.1 101 Switching\r\n" + HEAD, "failure", "HTTP probe failed with statuscode: 101"),
        (b"HTTP/1.1 500 No\r\n\r\nsecret", "failure", "HTTP probe failed with statuscode: 500"),
        (b"", "failure", 'Get "URL/x": EOF'),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "failure", "unexpected EOF"),
        (moved("ftp://127.0.0.1/"), "failure", FOREIGN),
        (moved("/x"), "failure", 'Get "URL/x": stopped after 10 redirects'),
    ],
)
async def test_http(answer, result, output, asked, serve, answers):
    port = await serve(answers(answer))
    found = await asked.once(httpGet={"port": port, "path": "/x"})
    expected = output.replace("URL", f"http://127.0.0.1:{port}")
    assert (found.result, found.output, found.error) == (result, expected, output == "unexpected EOF")


async def test_a_redirect_on_the_same_host_is_followed_even_to_another_port(asked, serve, answers):
    there = answers(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
    other = await serve(there)
    here = answers(moved(f"http://127.0.0.1:{other}/y?z"))
    port = await serve(here)
    headers = [{"name": "Host", "value": "me"}, {"name": "X-A", "value": "1"}]
    found = await asked.once(httpGet={"port": port, "path": "/", "httpHeaders": headers})
    assert found == Outcome("failure", "HTTP probe failed with statuscode: 503")
    assert "Host: me\r\n" in here.heads[0]
    assert there.heads[0].startswith(f"GET /y?z HTTP/1.1\r\nHost: 127.0.0.1:{other}\r\n")
    assert "X-A: 1\r\n" in there.heads[0]


async def test_a_relative_redirect_keeps_the_host_header(asked, serve, answers):
    handler = answers(moved("b"), b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    headers = [{"name": "Host", "value": "me"}]
    await asked.once(httpGet={"port": await serve(handler), "path": "/a/a", "httpHeaders": headers})
    assert handler.heads[1].startswith("GET /a/b HTTP/1.1\r\nHost: me\r\n")


async def test_nobody_answers_in_time(asked, serve):
    port = await serve(silent)
    late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    found = await asked.once(httpGet={"port": port}, timeoutSeconds=0.1)
    assert found == Outcome("failure", f'Get "http://127.0.0.1:{port}": {late}')


async def test_a_body_that_does_not_end_is_an_error(asked, serve):
    async def slow(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi")
        await reader.read()

    found = await asked.once(httpGet={"port": await serve(slow)}, timeoutSeconds=0.1)
    late = "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
    assert found == Outcome("failure", late, error=True)


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_a_server_that_never_stops_is_left(first, asked, serve):
    async def talk(reader, writer):
        writer.write(first)
        while True:
            writer.write(b"0" * 65536)
            await writer.drain()

    found = await asked.once(httpGet={"port": await serve(talk)}, timeoutSeconds=9)
    assert not found.passed
    assert "exceeded" in found.output or "more than" in found.output


async def test_hostile_headers_fail_the_probe(asked, serve, answers):
    port = await serve(answers(OK))
    found = await asked.once(httpGet={"port": port, "httpHeaders": [{"name": "A", "value": "b\nC: d"}]})
    assert found.output == f'Get "http://127.0.0.1:{port}": net/http: invalid header field value for "A"'


async def test_host_names_are_looked_up(asked, serve, answers):
    handler = answers(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    port = await serve(handler)
    assert (await asked.once(httpGet={"port": port, "host": "localhost"})).output.endswith("500")
    assert f"Host: localhost:{port}\r\n" in handler.heads[0]
    found = await asked.once(tcpSocket={"port": 1, "host": "no-such-name.invalid"})
    assert found == Outcome("failure", "dial tcp: lookup no-such-name.invalid: no such host")


async def test_nobody_listens(asked):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused = f"dial tcp 127.0.0.1:{port}: connect: connection refused"
        assert await asked.once(tcpSocket={"port": port}) == Outcome("failure", refused)
        found = await asked.once(httpGet={"port": port, "path": "/x"})
        assert found == Outcome("failure", f'Get "http://127.0.0.1:{port}/x": {refused}')


async def test_tcp(asked, serve):
    asked.prober.sync("u", [asked.probe(tcpSocket={"port": await serve(silent)})])
    async with asyncio.timeout(5):
        while not asked.events:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
    assert asked.events == [("readiness", Outcome("success"), True)]


async def test_an_unknown_port_name_is_an_error_and_decides_nothing(asked):
    found = await asked.once(httpGet={"port": "web"})
    assert found == Outcome("unknown", 'strconv.Atoi: parsing "web": invalid syntax', error=True)


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
         "-keyout", folder / "key", "-out", folder / "crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context


async def test_https_with_a_certificate_that_nobody_knows(asked, serve, answers, tls):
    handler = answers(b"HTTP/1.1 500 No\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20000)
    found = await asked.once(httpGet={"port": await serve(handler, ssl=tls), "scheme": "HTTPS", "path": "/s"})
    assert found == Outcome("failure", "HTTP probe failed with statuscode: 500")
    assert handler.heads[0].startswith("GET /s HTTP/1.1\r\n")


async def test_https_to_a_server_without_tls(asked, serve, answers):
    async def plain(reader, writer):
        await reader.read(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    port = await serve(plain)
    found = await asked.once(httpGet={"port": port, "scheme": "HTTPS"})
    assert found.output == f'Get "https://127.0.0.1:{port}": http: server gave HTTP response to HTTPS client'
