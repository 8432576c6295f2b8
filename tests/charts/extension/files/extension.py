"""An extension API server: Reports of the weather, for whom the API server in front of it and RBAC let read them."""

import json
import os
import ssl
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
API = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
GROUP = os.environ["GROUP"]
PATH = f"/apis/{GROUP}/v1"
REPORTS = {"north": "rain", "south": "sun"}
RESOURCE = {
    "name": "reports",
    "singularName": "report",
    "namespaced": False,
    "kind": "Report",
    "verbs": ["get", "list", "watch"],
    "shortNames": ["wr"],
}


def ask(path: str, body: Any = None) -> Any:
    """The API server's answer to this Pod's ServiceAccount."""
    token = Path(ACCOUNT, "token").read_text()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    tls = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    with urllib.request.urlopen(urllib.request.Request(API + path, data, headers), context=tls, timeout=10) as answer:
        return json.load(answer)


def settings() -> dict[str, Any]:
    path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
    return {name: text if name.endswith("-file") else json.loads(text) for name, text in ask(path)["data"].items()}


def report(name: str) -> dict[str, Any]:
    return {
        "kind": "Report",
        "apiVersion": f"{GROUP}/v1",
        "metadata": {"name": name},
        "spec": {"weather": REPORTS[name]},
    }


class Extension(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path == "/readyz":
            return self.send(200, {})
        if self.caller() not in TRUST["requestheader-allowed-names"]:
            return self.fail(401, "Unauthorized", "who are you?")
        if path == PATH:
            body = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/v1"}
            return self.send(200, body | {"resources": [RESOURCE]})
        head, _, name = path.removeprefix(f"{PATH}/").partition("/")
        if head != "reports" or (name and name not in REPORTS):
            return self.fail(404, "NotFound", f"{path} not found")
        if not self.is_allowed("get" if name else "list", name):
            return self.fail(403, "Forbidden", f"{self.headers['X-Remote-User']} may not read reports")
        if name:
            return self.send(200, report(name))
        if "watch=" in query:
            return self.watch()
        items = {"kind": "ReportList", "apiVersion": f"{GROUP}/v1", "metadata": {"resourceVersion": "1"}}
        return self.send(200, items | {"items": [report(name) for name in REPORTS]})

    def caller(self) -> str:
        certificate: Any = self.connection.getpeercert() or {}  # type: ignore[attr-defined]
        return dict(pair for part in certificate.get("subject", ()) for pair in part).get("commonName", "")

    def is_allowed(self, verb: str, name: str) -> bool:
        wanted = {"group": GROUP, "version": "v1", "resource": "reports", "verb": verb, "name": name}
        spec = {
            "user": self.headers["X-Remote-User"],
            "groups": self.headers.get_all("X-Remote-Group") or [],
            "resourceAttributes": wanted,
        }
        body = {"kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": spec}
        return bool(ask("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)["status"]["allowed"])

    def watch(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        for name in REPORTS:
            self.wfile.write(json.dumps({"type": "ADDED", "object": report(name)}).encode() + b"\n")
            self.wfile.flush()
        self.close_connection = True

    def fail(self, code: int, reason: str, message: str) -> None:
        head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        self.send(code, head | {"message": message, "reason": reason, "code": code})

    def send(self, code: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


TRUST = settings()
server = ThreadingHTTPServer(("", 8443), Extension)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("/certificate/tls.crt", "/certificate/tls.key")
tls.load_verify_locations(cadata=TRUST["requestheader-client-ca-file"])
tls.verify_mode = ssl.CERT_OPTIONAL  # probes have no certificate
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
