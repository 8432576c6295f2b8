"""An admission webhook: refuses ConfigMaps that say a certain word, and labels those that it lets pass."""

import base64
import json
import os
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FORBIDDEN = os.environ["FORBIDDEN"]


class Gate(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(b"ok")

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        response = {"uid": request["uid"], "allowed": True}
        if self.path.startswith("/validate") and FORBIDDEN in (request["object"].get("data") or {}).values():
            response |= {"allowed": False, "status": {"code": 403, "message": f"{FORBIDDEN} is not for everybody"}}
        if self.path.startswith("/mutate"):
            labels = (request["object"]["metadata"].get("labels") or {}) | {"gate": "passed"}
            patch = [{"op": "add", "path": "/metadata/labels", "value": labels}]
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        self._send(
            json.dumps({"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}).encode()
        )

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = ThreadingHTTPServer(("", 8443), Gate)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("/certificate/tls.crt", "/certificate/tls.key")
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
