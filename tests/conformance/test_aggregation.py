"""An extension API server behind a Service: available, discovered; its objects are created, read and deleted."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conformance import certificates
from tests.conformance.cluster import Object, Refused, Space, eventually
from tests.conformance.test_network import own_address

GROUP, VERSION = "wardle.example.com", "v1alpha1"
PATH = f"/apis/{GROUP}/{VERSION}"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
VERBS = ["create", "delete", "get", "list"]
RESOURCE = {"name": "flunders", "singularName": "flunder", "namespaced": True, "kind": "Flunder", "verbs": VERBS}


class Sample(http.server.BaseHTTPRequestHandler):
    """Keeps Flunders in memory."""

    protocol_version = "HTTP/1.1"
    kept: dict[str, Object] = {}  # noqa: RUF012

    def _answer(self, body: Object, code: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        head = {"apiVersion": f"{GROUP}/{VERSION}"}
        if path == PATH:
            self._answer({"kind": "APIResourceList", "groupVersion": f"{GROUP}/{VERSION}", "resources": [RESOURCE]})
        elif path.endswith("/flunders"):
            self._answer(head | {"kind": "FlunderList", "metadata": {}, "items": list(self.kept.values())})
        elif path in self.kept:
            self._answer(self.kept[path])
        else:
            self._answer({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.kept[f"{urlsplit(self.path).path}/{body['metadata']['name']}"] = body
        self._answer(body, 201)

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.kept.pop(urlsplit(self.path).path)
        self._answer({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Where the extension server listens."""
    with http.server.ThreadingHTTPServer((own_address(), 0), Sample) as server:
        server.daemon_threads = True
        server.block_on_close = False
        server.socket = certificates.serving(tmp_path).wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield str(server.server_address[0]), server.server_port
        server.shutdown()
        thread.join()


def test_extension_server(space: Space, sample: tuple[str, int]) -> None:
    address, port = sample
    cluster = space.cluster
    space.create("services", {"metadata": {"name": "sample"}, "spec": {"ports": [{"port": 7443, "targetPort": port}]}})
    piece = {
        "metadata": {"name": "sample", "labels": {"kubernetes.io/service-name": "sample"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "", "port": port, "protocol": "TCP"}],
    }
    space.create("discovery.k8s.io/v1/endpointslices", piece)
    service = {"name": "sample", "namespace": space.name, "port": 7443}
    spec = {"service": service, "group": GROUP, "version": VERSION, "insecureSkipTLSVerify": True}
    priorities = {"groupPriorityMinimum": 2000, "versionPriority": 200}
    path = f"{SERVICES}/{VERSION}.{GROUP}"
    cluster.create(SERVICES, {"metadata": {"name": f"{VERSION}.{GROUP}"}, "spec": spec | priorities})

    def available() -> bool:
        conditions = cluster.get(path).get("status", {}).get("conditions", ())
        return any((found["type"], found["status"]) == ("Available", "True") for found in conditions)

    eventually(available, "the APIService is available")
    assert GROUP in [group["name"] for group in cluster.get("/apis")["groups"]]
    assert cluster.get(PATH)["resources"][0]["name"] == "flunders"
    flunders = space.path(f"{GROUP}/{VERSION}/flunders")
    flunder = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "Flunder", "metadata": {"name": "test-flunder"}}
    assert cluster.create(flunders, flunder) == flunder
    assert cluster.names(flunders) == ["test-flunder"]
    assert cluster.get(f"{flunders}/test-flunder") == flunder
    cluster.delete(f"{flunders}/test-flunder")
    assert cluster.names(flunders) == []
    changed = cluster.patch(path, {"metadata": {"labels": {"e2e": "patched"}}})
    assert changed["metadata"]["labels"]["e2e"] == "patched"
    cluster.delete(SERVICES, labelSelector="e2e=patched")
    eventually(lambda: GROUP not in [group["name"] for group in cluster.get("/apis")["groups"]], "the group is gone")
    with pytest.raises(Refused) as refused:
        cluster.get(flunders)
    assert refused.value.code == 404
