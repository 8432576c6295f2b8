"""The HTTP of probes and hooks, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.pod.probes import http1
from operators.pod.probes.http1 import Answer, Malformed


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("", "http://10.0.0.1:80"),
        ("/", "http://10.0.0.1:80/"),
        ("a?b=c", "http://10.0.0.1:80/a?b=c"),
        ("/x?q=a b", "http://10.0.0.1:80/x?q=a%20b"),
        ("/a b", "http://10.0.0.1:80/a%20b"),
        ("/ä", "http://10.0.0.1:80/%C3%A4"),
        ("/%41", "http://10.0.0.1:80/%41"),
        ("/%zz?x", "http://10.0.0.1:80/%25zz%3Fx"),
        ("/a\r\nX: y", "http://10.0.0.1:80/a%0D%0AX:%20y"),
        ("//evil/x", "http://10.0.0.1:80/x"),
        ("http://evil/x?y", "http://10.0.0.1:80/x?y"),
        ("/x#f", "http://10.0.0.1:80/x#f"),
    ],
)
def test_urls(path, url):
    assert http1.target("http", "10.0.0.1", 80, path).url == url


def ask(path="/x", headers=(), host="10.0.0.1", port=80):
    return http1.request(http1.target("http", host, port, path), headers, "kube-probe/1.36").decode()


def test_the_plain_request():
    assert ask() == (
        "GET /x HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: kube-probe/1.36\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    )


def test_no_path_is_the_root_and_fragments_stay_at_home():
    assert ask("").startswith("GET / HTTP/1.1\r\n")
    assert ask("/x#f").startswith("GET /x HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("headers", "present", "absent"),
    [
        ([("host", "example.org")], "Host: example.org\r\n", "10.0.0.1"),
        ([("user-agent", "me")], "User-Agent: me\r\n", "kube-probe"),
        ([("User-Agent", "")], "Accept: */*\r\n", "User-Agent"),
        ([("accept", "text/plain")], "Accept: text/plain\r\n", "*/*"),
        ([("Accept", "")], "User-Agent: kube-probe/1.36", "Accept"),
        ([("x-foo-bar", " 1 ")], "X-Foo-Bar: 1\r\n", "x-foo"),
        ([("X", "1"), ("x", "2")], "X: 1\r\nX: 2\r\n", "x:"),
        ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], "Connection: close\r\n\r\n", "5"),
    ],
)
def test_headers(headers, present, absent):
    text = ask(headers=headers)
    assert present in text
    assert absent not in text


@pytest.mark.parametrize("header", [("A B", "x"), ("", "x"), ("A", "x\r\nB: y"), ("A", "x\0"), ("Host", "a\nb")])
def test_hostile_headers_are_refused(header):
    with pytest.raises(Malformed):
        ask(headers=[header])


def read(data, step=None):
    answer = Answer()
    for at in range(0, len(data), step or len(data)):
        answer.receive(data[at : at + (step or len(data))])
        if answer.is_done:
            break
    return answer


@pytest.mark.parametrize("step", [None, 1, 7])
@pytest.mark.parametrize(
    ("data", "status", "body", "is_done"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhi", 200, b"hi", False),
        (b"HTTP/1.0 404 Not Found\r\n\r\ngone", 404, b"gone", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", 503, b"", True),
        (b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, b"x", True),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x=y\r\nyou\r\n0\r\n\r\n",
            200,
            b"hiyou",
            True,
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", 200, b"hi", False),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 20000, 200, b"x" * 10240, True),
    ],
)
def test_answers(data, status, body, is_done, step):
    answer = read(data, step)
    assert (answer.status, answer.is_done) == (status, is_done)
    assert answer.body[: len(body)] == body


def test_the_end_of_a_connection_ends_a_body_without_length():
    answer = read(b"HTTP/1.1 200 OK\r\n\r\nhi")
    assert answer.end()
    assert answer.is_done
    assert not read(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi").end()
    assert not read(b"HTTP/1.1 200").end()


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n", b"\0\0\0", b"HTTP/2 200 OK\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n"])
def test_what_is_no_http(data):
    with pytest.raises(Malformed, match="malformed HTTP response"):
        read(data)


def test_endless_headers_are_cut_off():
    with pytest.raises(Malformed, match="exceeded"):
        read(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000)


def test_endless_interim_answers_are_cut_off():
    with pytest.raises(Malformed, match="too many 1xx"):
        read(b"HTTP/1.1 100 Continue\r\n\r\n" * 7)


def test_locations():
    assert read(b"HTTP/1.1 302 Found\r\nLocation:  /y \r\nContent-Length: 0\r\n\r\n").location == "/y"
    assert read(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").location == ""


@given(st.binary(max_size=200))
def test_no_answer_breaks_the_parser(data):
    answer = Answer()
    try:
        answer.receive(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer.receive(data)
    except Malformed:
        return
    assert len(answer.body) <= http1.MAX_BODY


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_path_and_no_header_adds_a_line(path, value):
    try:
        text = ask(path, [("X-A", value)])
    except Malformed:
        return
    lines = text.split("\r\n")
    assert len(lines) == 8
    assert "\n" not in "".join(lines)
    assert lines[0].count(" ") == 2
