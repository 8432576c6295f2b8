"""OpenID Connect issuers and anonymous requests by configuration, with an issuer that listens."""

import dataclasses
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from apiserver_stub.auth.jws import encoded
from tests.api.conftest import Api

KEY = rsa.generate_private_key(65537, 2048)
GROUP = "authentication.k8s.io/v1"
SELF = {"apiVersion": GROUP, "kind": "SelfSubjectReview"}


class Issuer:
    """Serves its documents over TLS, with a certificate of the API server's CA."""

    def __init__(self, pki: Path) -> None:
        self.pki = pki
        self.url = ""
        self.asked = 0

    async def start(self) -> web.AppRunner:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.pki / "serving.crt", self.pki / "serving.key")
        served = web.Application()
        served.router.add_get("/.well-known/openid-configuration", self._configuration)
        served.router.add_get("/keys", self._keys)
        runner = web.AppRunner(served)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        self.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _configuration(self, request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, request: web.Request) -> web.Response:
        numbers = KEY.public_key().public_numbers()
        n, e = encoded(numbers.n.to_bytes(256)), encoded(numbers.e.to_bytes(3))
        return web.json_response({"keys": [{"kid": "k", "kty": "RSA", "n": n, "e": e}]})

    def token(self, **claims: Any) -> str:
        body = {"iss": self.url, "aud": "k8s", "sub": "jane", "groups": ["devs"], "exp": int(time.time()) + 60} | claims
        text = f"{encoded(orjson.dumps({'alg': 'RS256', 'kid': 'k'}))}.{encoded(orjson.dumps(body))}"
        return f"{text}.{encoded(KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[tuple[Issuer, Api]]:
    api = Api(tmp_path)
    issuer = Issuer(api.settings.pki)
    runner = await issuer.start()
    ca = (api.settings.pki / "ca.crt").read_text()

    def jwt(url: str) -> dict[str, Any]:
        mappings = {"username": {"claim": "sub", "prefix": "oidc:"}, "groups": {"claim": "groups", "prefix": "oidc:"}}
        return {"issuer": {"url": url, "audiences": ["k8s"], "certificateAuthority": ca}, "claimMappings": mappings}

    config = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [jwt("https://127.0.0.1:1"), jwt(issuer.url)],
        "anonymous": {"enabled": True, "conditions": [{"path": "/livez"}]},
    }
    (tmp_path / "authentication.yaml").write_text(yaml.safe_dump(config))
    api.settings = dataclasses.replace(api.settings, authentication=tmp_path / "authentication.yaml")
    await api.start()
    yield issuer, api
    await api.stop()
    await runner.cleanup()


async def who(api: Api, token: str) -> Any:
    async with api.client("", Authorization=f"Bearer {token}") as client:
        code, found = await client.call("POST", f"/apis/{GROUP}/selfsubjectreviews", SELF)
        return found["status"]["userInfo"] if code == 201 else code


async def test_a_token_of_an_issuer(issuer: tuple[Issuer, Api]) -> None:
    made, api = issuer
    for _ in range(2):
        found = await who(api, made.token())
        assert found == {"username": "oidc:jane", "groups": ["oidc:devs", "system:authenticated"]}
    assert made.asked == 1
    for claims in ({"aud": "x"}, {"exp": 1}, {"iss": "https://127.0.0.1:1"}, {"iss": "https://nobody.example"}):
        assert await who(api, made.token(**claims)) == 401, claims


async def test_a_review_of_such_a_token(issuer: tuple[Issuer, Api]) -> None:
    made, api = issuer
    review = {"apiVersion": GROUP, "kind": "TokenReview", "spec": {"token": made.token()}}
    async with api.client() as admin:
        status = (await admin.create(f"/apis/{GROUP}/tokenreviews", review))["status"]
    assert (status["authenticated"], status["user"]["username"]) == (True, "oidc:jane")


async def test_others_get_in_as_before_and_nobody_only_where_he_may(issuer: tuple[Issuer, Api]) -> None:
    _, api = issuer
    assert (await who(api, "root-token"))["username"] == "root"
    async with api.client("") as nobody:
        assert (await nobody.get("/livez"))[0] == 200
        for path in ("/version", "/livez/ping", "/livez%2f"):
            assert (await nobody.get(path))[0] == 401, path
