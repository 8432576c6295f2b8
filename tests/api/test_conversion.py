"""Custom resources in several versions that a webhook converts."""

import base64
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from tests.api.conftest import Api, Client, Object
from tests.api.test_custom_resources import GROUP, WIDGETS, define, definition, version, widget

OLD = f"/apis/{GROUP}/v1beta1/namespaces/default/widgets"
V1, V1BETA1 = f"{GROUP}/v1", f"{GROUP}/v1beta1"
WHO = f"conversion webhook for {V1}, Kind=Widget"
# From an object that was converted well to what the webhook answers.
Spoil = Callable[[Object], Object]


class Hook:
    """A conversion webhook: v1 has spec.host and spec.port, v1beta1 has spec.hostPort."""

    def __init__(self) -> None:
        self.asked = 0
        self.spoil: Spoil = lambda obj: obj
        self.response: Object = {}
        self.port = 0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        review = await request.json()
        self.asked += 1
        asked = review.pop("request")
        found = [self.spoil(_converted(obj, asked["desiredAPIVersion"])) for obj in asked["objects"]]
        response = {"uid": asked["uid"], "result": {"status": "Success"}, "convertedObjects": found}
        return web.json_response(review | {"response": response | self.response})


def _converted(obj: Object, wanted: str) -> Object:
    spec = obj["spec"]
    if wanted == V1BETA1:
        spec = {"hostPort": f"{spec['host']}:{spec['port']}"}
    else:
        host, _, port = spec["hostPort"].partition(":")
        spec = {"host": host, "port": port}
    return {**obj, "apiVersion": wanted, "spec": spec}


@pytest.fixture
async def hook(api: Api) -> AsyncIterator[Hook]:
    """Served with the API server's own certificate."""
    hook = Hook()
    runner = web.ServerRunner(web.Server(hook.handle))
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(api.settings.pki / "serving.crt", api.settings.pki / "serving.key")
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    hook.port = runner.addresses[0][1]
    yield hook
    await runner.cleanup()


def converted_by(api: Api, **client_config: Any) -> Object:
    ca = base64.b64encode((api.settings.pki / "ca.crt").read_bytes()).decode()
    text = {"type": "string"}
    webhook = {"clientConfig": {"caBundle": ca, **client_config}, "conversionReviewVersions": ["v9", "v1"]}
    return definition(
        version("v1", {"host": text, "port": text}, storage=True),
        version("v1beta1", {"hostPort": text}, selectableFields=[{"jsonPath": ".spec.hostPort"}]),
        conversion={"strategy": "Webhook", "webhook": webhook},
    )


async def test_converts_what_is_read_and_written(api: Api, admin: Client, hook: Hook) -> None:
    await define(admin, converted_by(api, url=f"https://127.0.0.1:{hook.port}/convert"))
    await admin.create(WIDGETS, widget("a", {"host": "h", "port": "1"}))
    assert hook.asked == 0, "the storage version needs no conversion"
    assert (await admin.get(f"{OLD}/a"))[1]["spec"] == {"hostPort": "h:1"}
    made = await admin.create(OLD, widget("b", {"hostPort": "k:2"}, V1BETA1))
    assert (made["apiVersion"], made["spec"]) == (V1BETA1, {"hostPort": "k:2"})
    assert (await admin.get(f"{WIDGETS}/b"))[1]["spec"] == {"host": "k", "port": "2"}
    asked = hook.asked
    items = (await admin.get(OLD))[1]["items"]
    assert [item["spec"]["hostPort"] for item in items] == ["h:1", "k:2"]
    assert hook.asked == asked, "what has been converted is kept"
    found = (await admin.get(OLD, fieldSelector="spec.hostPort=k:2"))[1]["items"]
    assert [item["metadata"]["name"] for item in found] == ["b"]
    code, changed = await admin.patch(f"{OLD}/a", {"spec": {"hostPort": "h:9"}})
    assert (code, changed["spec"], changed["metadata"]["generation"]) == (200, {"hostPort": "h:9"}, 2)
    assert (await admin.get(f"{WIDGETS}/a"))[1]["spec"] == {"host": "h", "port": "9"}
    assert (await admin.call("DELETE", f"{OLD}/a"))[0] == 200
    assert (await admin.call("DELETE", OLD))[0] == 200
    assert (await admin.get(WIDGETS))[1]["items"] == []


async def test_watch_of_another_version(api: Api, admin: Client, hook: Hook) -> None:
    await define(admin, converted_by(api, url=f"https://127.0.0.1:{hook.port}/convert"))
    await admin.create(WIDGETS, widget("a", {"host": "h", "port": "1"}))
    async with admin.watch(OLD, fieldSelector="spec.hostPort!=h:2") as watch:
        seen = []
        await admin.patch(f"{WIDGETS}/a", {"spec": {"port": "2"}})
        await admin.patch(f"{WIDGETS}/a", {"spec": {"port": "3"}})
        await admin.call("DELETE", f"{WIDGETS}/a")
        for _ in range(4):
            event = await watch.next()
            assert event
            seen.append((event["type"], event["object"]["spec"]["hostPort"]))
        assert seen == [("ADDED", "h:1"), ("DELETED", "h:1"), ("ADDED", "h:3"), ("DELETED", "h:3")]
        await admin.create(WIDGETS, widget("b", {"host": "h", "port": "1"}))
        hook.response = {"result": {"status": "Failure", "message": "no more"}}
        await admin.patch(f"{WIDGETS}/b", {"spec": {"port": "4"}})
        while (event := await watch.next()) and event["type"] != "ERROR":
            pass
        assert event and event["object"]["message"] == f"{WHO} failed: no more"
        assert await watch.next() is None


async def test_bad_answers(api: Api, admin: Client, hook: Hook) -> None:
    await define(admin, converted_by(api, url=f"https://127.0.0.1:{hook.port}/convert"))
    await admin.create(WIDGETS, widget("a", {"host": "h", "port": "1"}))

    def renamed(obj: Object) -> Object:
        return {**obj, "metadata": obj["metadata"] | {"name": "z"}}

    answers: list[tuple[Object, Spoil, str]] = [
        ({"result": {"status": "Failure", "message": "no"}}, lambda obj: obj, f"{WHO} failed: no"),
        (
            {"result": {}},
            lambda obj: obj,
            f"{WHO} failed: response.result.status was '', not 'Success'",
        ),
        ({"convertedObjects": []}, lambda obj: obj, f"{WHO} returned 0 objects, expected 1"),
        (
            {},
            lambda obj: {**obj, "apiVersion": "a/b"},
            f"{WHO} returned invalid object at index 0: invalid groupVersion (expected {V1BETA1}, received a/b)",
        ),
        ({}, renamed, f"{WHO} returned invalid object: must have the same name: a != z"),
    ]
    for hook.response, hook.spoil, message in answers:
        code, answer = await admin.get(f"{OLD}/a")
        assert (code, answer["message"]) == (500, message)
    # Labels are all that may change in the metadata.
    hook.response, hook.spoil = {}, lambda obj: {**obj, "metadata": obj["metadata"] | {"labels": {"a": "b"}, "x": 1}}
    found = (await admin.get(f"{OLD}/a"))[1]["metadata"]
    assert (found["labels"], "x" in found) == ({"a": "b"}, False)


async def test_service_that_is_missing(api: Api, admin: Client) -> None:
    await define(admin, converted_by(api, service={"namespace": "default", "name": "gone", "path": "/c"}))
    await admin.create(WIDGETS, widget("a", {"host": "h", "port": "1"}))
    url = "https://gone.default.svc:443/c?timeout=30s"
    code, answer = await admin.get(f"{OLD}/a")
    assert (code, answer["message"]) == (500, f'{WHO} failed: Post "{url}": service "gone" not found')
