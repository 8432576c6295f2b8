"""A webhook over TLS in the test process: one answer for each path."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.api.conftest import Api, Client, Object

# From the review's request to the response, or to a whole answer.
Judge = Callable[[Object], Object | web.Response | Awaitable[Object]]
REGISTRATION = "/apis/admissionregistration.k8s.io/v1"


def allow(request: Object) -> Object:
    return {"allowed": True}


def deny(request: Object) -> Object:
    return {"allowed": False, "status": {"message": "no"}}


def patch(*operations: Object, **more: Any) -> Judge:
    """Allows and changes."""
    encoded = base64.b64encode(json.dumps(operations).encode()).decode()
    return lambda request: {"allowed": True, "patchType": "JSONPatch", "patch": encoded, **more}


def label(name: str, value: str = "yes") -> Judge:
    """Adds a label."""

    def judge(request: Object) -> Object:
        labels = (request["object"]["metadata"].get("labels") or {}) | {name: value}
        answer = patch({"op": "add", "path": "/metadata/labels", "value": labels})(request)
        assert isinstance(answer, dict)
        return answer

    return judge


class WebhookServer:
    """judges: by path; asked: (path, request) of each question; reviews: as they came; connections: that were made."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.judges: dict[str, Judge] = {}
        self.asked: list[tuple[str, Object]] = []
        self.reviews: list[Object] = []
        self.queries: list[dict[str, str]] = []
        self.connections: set[int] = set()
        self.port = 0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        review = json.loads(await request.text())
        self.connections.add(id(request.transport))
        self.reviews.append(review)
        self.queries.append(dict(request.query))
        asked = review["request"]
        self.asked.append((request.path, asked))
        answer = self.judges[request.path](asked)
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, web.Response):
            return answer
        head = {"kind": "AdmissionReview", "apiVersion": review["apiVersion"]}
        return web.json_response({**head, "response": {"uid": asked["uid"], **answer}})

    def of(self, path: str) -> list[Object]:
        """The requests that a path was asked about."""
        return [request for where, request in self.asked if where == path]

    @property
    def bundle(self) -> str:
        return base64.b64encode((self.api.settings.pki / "ca.crt").read_bytes()).decode()

    def hook(
        self, path: str, judge: Judge = allow, *, operations: str = "CREATE", on: str = "configmaps", **more: Any
    ) -> Object:
        """A webhook about resources `on` (of the core group, or PLURAL.GROUP), answered by `judge`."""
        self.judges[path] = judge
        plural, _, group = on.partition(".")
        rule = {
            "apiGroups": ["*"] if on == "*/*" else [group],
            "apiVersions": ["*"],
            "operations": operations.split(),
            "resources": [plural],
        }
        return {
            "name": f"{path.strip('/')}.hooks.example",
            "clientConfig": {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.bundle},
            "rules": [rule],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **more,
        }


async def register(admin: Client, kind: str, *hooks: Object, name: str = "h", **meta: Any) -> None:
    """kind: "mutating" or "validating"."""
    body = {"metadata": {"name": name, **meta}, "webhooks": list(hooks)}
    await admin.create(f"{REGISTRATION}/{kind}webhookconfigurations", body)


@asynccontextmanager
async def serving(api: Api) -> AsyncIterator[WebhookServer]:
    """Served with the API server's own certificate."""
    server = WebhookServer(api)
    runner = web.ServerRunner(web.Server(server.handle), shutdown_timeout=0.1)
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(api.settings.pki / "serving.crt", api.settings.pki / "serving.key")
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()
