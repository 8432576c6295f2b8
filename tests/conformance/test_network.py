"""Services as objects: the one of the API itself, collections of them, what comes behind them."""

import http.server
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.conformance.cluster import Cluster, Object, Space, eventually
from tests.conformance.kinds import containers
from tests.conformance.kubelet import Kubelet

DEFAULT = "/api/v1/namespaces/default"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"


def service(name: str, **spec: object) -> Object:
    port = {"name": "http", "port": 80, "targetPort": 8080}
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": {"ports": [port]} | spec}


def test_service_of_the_api(cluster: Cluster) -> None:
    found = cluster.get(f"{DEFAULT}/services/kubernetes")["spec"]
    assert [(port["name"], port["port"]) for port in found["ports"]] == [("https", 443)]
    assert found["clusterIP"]


def test_endpoints_of_the_api(cluster: Cluster) -> None:
    port = urlsplit(cluster.url).port
    (subset,) = cluster.get(f"{DEFAULT}/endpoints/kubernetes")["subsets"]
    assert [found["port"] for found in subset["ports"]] == [port]
    (piece,) = cluster.get(SLICES, labelSelector="kubernetes.io/service-name=kubernetes")["items"]
    assert [found["port"] for found in piece["ports"]] == [port]
    addresses = [address for endpoint in piece["endpoints"] for address in endpoint["addresses"]]
    assert addresses == [found["ip"] for found in subset["addresses"]]


def test_collection_of_services(space: Space) -> None:
    for name in ("a", "b", "c"):
        space.create("services", service(name))
    for name in ("a", "b"):
        space.patch("services", name, {"metadata": {"labels": {"e2e": "yes"}}})
    assert space.names("services") == ["a", "b", "c"]
    space.delete("services", labelSelector="e2e=yes")
    assert space.names("services") == ["c"]


def test_type_changes(space: Space) -> None:
    """What the API gives and takes; nobody carries packets here."""
    made = space.create(
        "services", {"metadata": {"name": "s"}, "spec": {"type": "ExternalName", "externalName": "e.com"}}
    )
    assert "clusterIP" not in made["spec"]

    def into(kind: str) -> None:
        spec = {"type": kind, "ports": [{"port": 80, "protocol": "TCP"}], "selector": {"app": "s"}}
        space.change("services", "s", lambda found: found.update(spec=spec))

    into("NodePort")
    found = space.get("services", "s")["spec"]
    assert found["clusterIP"]
    assert 30000 <= found["ports"][0]["nodePort"] <= 32767


def answering(path: str) -> bytes:
    return f"answered {path}".encode()


class Backend(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = answering(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


def own_address() -> str:
    """One of this machine that endpoints may name: not the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


@pytest.fixture
def backend() -> Iterator[tuple[str, int]]:
    """Where a web server listens."""
    with http.server.ThreadingHTTPServer((own_address(), 0), Backend) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield str(server.server_address[0]), server.server_port
        server.shutdown()
        thread.join()


def test_proxy(space: Space, backend: tuple[str, int]) -> None:
    """To a Pod and to a Service, by each of their names."""
    address, port = backend
    space.create("pods", {"metadata": {"name": "web"}, "spec": containers()})
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    space.patch("pods", "web", {"status": status}, subresource="status")
    space.create("services", service("web"))
    piece = {
        "metadata": {"name": "web", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
    }
    space.create("discovery.k8s.io/v1/endpointslices", piece)
    # The port's name can't be left out: it has one.
    names = (f"web:{port}", f"http:web:{port}"), ("web:80", "web:http", "http:web:80", "http:web:http")
    for kind, name in [("pods", one) for one in names[0]] + [("services", one) for one in names[1]]:
        found = space.cluster.answer("GET", f"{space.path(kind, name, 'proxy')}/some/path")
        assert found.data.endswith(b"/some/path"), (kind, name)
        assert found.data.startswith(b"answered"), (kind, name)


def test_endpoints_of_pods(space: Space, kubelet: Kubelet) -> None:
    space.create("services", service("web", selector={"app": "web"}))

    def slices() -> list[Object]:
        found = space.items("discovery.k8s.io/v1/endpointslices", labelSelector="kubernetes.io/service-name=web")
        return [endpoint for piece in found for endpoint in piece.get("endpoints") or ()]

    assert eventually(lambda: space.names("endpoints"), "Endpoints", 3) == ["web"]
    for name in ("a", "b"):
        space.create("pods", {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": containers()})
    eventually(lambda: len(slices()) == 2, "both Pods are behind the Service", 3)
    for name in ("a", "b"):
        space.delete("pods", name)
    eventually(lambda: not slices(), "none is", 3)
    space.delete("services", "web")
    eventually(lambda: not space.names("endpoints"), "the Endpoints are gone", 3)


def test_slices_of_an_empty_service(space: Space) -> None:
    space.create("services", service("web", selector={"app": "nobody"}))

    def names() -> list[str]:
        return space.names("discovery.k8s.io/v1/endpointslices", labelSelector="kubernetes.io/service-name=web")

    (name,) = eventually(names, "a slice")
    empty = space.get("discovery.k8s.io/v1/endpointslices", name)
    assert not empty["endpoints"]
    eventually(lambda: space.names("endpoints") == ["web"], "its Endpoints")
    space.delete("services", "web")
    eventually(lambda: not names() and not space.names("endpoints"), "both are gone")
