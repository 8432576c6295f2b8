"""HTML and URLs that come through a proxy path."""

import gzip
import time
import zlib

import pytest

from apiserver_stub.http.links import PAGE_LIMIT, Rewriting

LINKS = Rewriting("/p/proxy", "10.0.0.1:80", "server:6443")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/x", "/p/proxy/x"),
        ("/", "/p/proxy/"),
        ("//10.0.0.1:80/x/", "/p/proxy/x/"),
        ("http://10.0.0.1:80/x?a#b", "/p/proxy/x?a#b"),
        ("https://server:6443/x", "https://server:6443/p/proxy/x"),
        ("http://10.0.0.2/x", "http://10.0.0.2/x"),
        ("/p/proxy/x", "/p/proxy/x"),
        ("x/y", "x/y"),
        ("mailto:a@b", "mailto:a@b"),
        ("", ""),
    ],
)
def test_urls(before: str, after: str) -> None:
    assert LINKS.url(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="/x">', '<a href="/p/proxy/x">'),
        ("<A id=1 HREF=/x>", '<A id=1 HREF="/p/proxy/x">'),
        ("<a href='/x?a&amp;b'/>", '<a href="/p/proxy/x?a&amp;b"/>'),
        ('<a title="> href=/x" href = "/y">', '<a title="> href=/x" href = "/p/proxy/y">'),
        ('<input src="/a" usemap="/b" value="/c">', '<input src="/p/proxy/a" usemap="/p/proxy/b" value="/c">'),
        ('<script src="/s"><a href="/x"></script>', '<script src="/p/proxy/s"><a href="/x"></script>'),
        ('<style><a href="/x"></STYLE><a href="/x">', '<style><a href="/x"></STYLE><a href="/p/proxy/x">'),
        ('<!-- <a href="/x"> -->', '<!-- <a href="/x"> -->'),
        ('<p href="/x">', '<p href="/x">'),
        ('<a data-href="/x">', '<a data-href="/x">'),
        ('<a href="http://[">', '<a href="http://[">'),
        ('<a href="/x"', '<a href="/x"'),
        ("\ufeff<a href=/ä>", '\ufeff<a href="/p/proxy/ä">'),
    ],
)
def test_pages(before: str, after: str) -> None:
    assert LINKS.page(before.encode(), "").decode() == after


def test_packed_pages() -> None:
    page, after = b"<a href=/x>", b'<a href="/p/proxy/x">'
    assert gzip.decompress(LINKS.page(gzip.compress(page), "gzip")) == after
    assert zlib.decompress(LINKS.page(zlib.compress(page, wbits=-15), "deflate"), -15) == after
    assert LINKS.page(page, "br") == page
    assert LINKS.page(b"no gzip", "gzip") == b"no gzip"


def test_pages_that_unpack_to_too_much() -> None:
    packed = gzip.compress(page := b"<a href=/x>" + bytes(PAGE_LIMIT - 11))
    assert len(gzip.decompress(LINKS.page(packed, "gzip"))) == len(page) + len('"/p/proxy"')
    packed = gzip.compress(page + b" ")
    assert LINKS.page(packed, "gzip") == packed


@pytest.mark.parametrize("piece", ['<a "', "<a x", "<!--", "<a href=", "<script>", "<a" + " " * 50, "a" * 50])
def test_pages_that_are_made_to_take_long(piece: str) -> None:
    content = b"<a " + piece.encode() * (1_000_000 // len(piece))
    begin = time.process_time()
    LINKS.page(content, "")
    LINKS.page(content + b">", "")
    assert time.process_time() - begin < 2
