"""Paths and methods, taken apart as authorization sees them."""

import pytest

from apiserver_stub.http import route


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", ("", "v1", "", "pods", "", "")),
        ("/api/v1/namespaces/n/pods", ("", "v1", "n", "pods", "", "")),
        ("/api/v1/namespaces/n/pods/p", ("", "v1", "n", "pods", "p", "")),
        ("/api/v1/namespaces/n/pods/p/log", ("", "v1", "n", "pods", "p", "log")),
        ("/api/v1/namespaces/n", ("", "v1", "n", "namespaces", "n", "")),
        ("/api/v1/namespaces/n/status", ("", "v1", "n", "namespaces", "n", "status")),
        ("/api/v1/namespaces/n/finalize", ("", "v1", "n", "namespaces", "n", "finalize")),
        ("/api/v1/namespaces", ("", "v1", "", "namespaces", "", "")),
        ("/apis/apps/v1/namespaces/n/deployments/d/scale", ("apps", "v1", "n", "deployments", "d", "scale")),
        ("/apis/apps/v1/namespaces/n/deployments/", ("apps", "v1", "n", "deployments", "", "")),
        ("/api/v1/nodes/a%2eb", ("", "v1", "", "nodes", "a.b", "")),
        ("/api/v1/namespaces/n%2fpods", ("", "v1", "n", "pods", "", "")),
        ("/apis/apps/v1", ("apps", "v1", "", "", "", "")),
        ("/apis/apps", ("apps", "", "", "", "", "")),
        ("/healthz", ("", "", "", "", "", "")),
    ],
)
def test_targets(path: str, expected: tuple[str, ...]) -> None:
    found = route.parse(path)
    names = (found.group, found.version, found.namespace, found.resource, found.name, found.subresource)
    assert names == expected


@pytest.mark.parametrize("path", ["//", "/api//v1/pods", "/api/v1/../pods", "/api/v1/pods/%2e%2e", "/api/v1/pods/%00"])
def test_odd_paths_name_nothing(path: str) -> None:
    assert (route.parse(path).resource, route.parse(path).prefix) == ("", "none")


def test_tail_of_a_proxy() -> None:
    found = route.parse("/api/v1/nodes/n/proxy/stats/summary")
    assert (found.subresource, found.tail) == ("proxy", "stats/summary")


@pytest.mark.parametrize(
    ("path", "tail"),
    [
        ("/api/v1/namespaces/a/pods/p:80/proxy/x//y/", "x/y"),
        ("/api/v1/namespaces/a/services/s/proxy//x/./y/../z", "x/z"),
        ("/api/v1/namespaces/a/services/s/proxy/../../../x", "x"),
        ("/api/v1/nodes/n/proxy/%2e%2e/x", "x"),
        ("/api/v1/namespaces/a/pods/p/proxy/", ""),
    ],
)
def test_odd_tails_are_put_straight(path: str, tail: str) -> None:
    found = route.parse(path)
    assert (found.subresource, found.tail) == ("proxy", tail)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/a/pods/../proxy/x",
        "/api/v1/namespaces//pods/p/proxy/x",
        "/api/v1/namespaces/a/proxy//x",
        "/api/v1/namespaces/a/pods/p/proxy/%00",
        "/apis/apps/namespaces/a/pods/p/proxy//x",
    ],
)
def test_the_way_to_a_proxy_is_straight(path: str) -> None:
    assert (route.parse(path).resource, route.parse(path).prefix) == ("", "none")


@pytest.mark.parametrize(
    ("method", "path", "query", "verb"),
    [
        ("GET", "/api/v1/pods", {}, "list"),
        ("GET", "/api/v1/pods", {"watch": "true"}, "watch"),
        ("GET", "/api/v1/pods", {"watch": "0"}, "list"),
        ("GET", "/api/v1/watch/pods", {}, "watch"),
        ("GET", "/api/v1/nodes/n", {"watch": "true"}, "get"),
        ("POST", "/api/v1/namespaces", {}, "create"),
        ("DELETE", "/api/v1/namespaces/n/pods", {}, "deletecollection"),
        ("DELETE", "/api/v1/nodes/n", {}, "delete"),
        ("PATCH", "/api/v1/nodes/n", {}, "patch"),
        ("PUT", "/api/v1/pods", {}, ""),
        ("FOO", "/api/v1/nodes/n", {}, ""),
        ("GET", "/version", {}, "get"),
    ],
)
def test_verbs(method: str, path: str, query: dict[str, str], verb: str) -> None:
    assert route.verb(route.parse(path), method, query) == verb
