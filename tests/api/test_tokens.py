"""ServiceAccount tokens: asked for, used, refused."""

import asyncio
import datetime
from typing import Any

import pytest

from apiserver_stub.auth import jws
from tests.api.conftest import CORE, Api, Client

ACCOUNTS = f"{CORE}/serviceaccounts"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ISSUER = "https://kubernetes.default.svc.cluster.local"
GROUP = {"apiVersion": "authentication.k8s.io/v1"}


def request(**spec: Any) -> dict[str, Any]:
    return GROUP | {"kind": "TokenRequest", "spec": spec}


async def account(admin: Client, name: str = "robot") -> dict[str, Any]:
    return await admin.create(ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})


async def pod(admin: Client, name: str = "p") -> dict[str, Any]:
    spec = {"serviceAccountName": "robot", "nodeName": "node", "containers": [{"name": "c", "image": "i"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    return await admin.create(f"{CORE}/pods", body)


async def token(admin: Client, **spec: Any) -> str:
    return str((await admin.create(f"{ACCOUNTS}/robot/token", request(**spec)))["status"]["token"])


async def who(api: Api, text: str) -> tuple[int, Any]:
    async with api.client("", Authorization=f"Bearer {text}") as client:
        code, body = await client.call("POST", SELF, GROUP | {"kind": "SelfSubjectReview"})
        return code, body["status"]["userInfo"] if code == 201 else body


async def review(admin: Client, text: str, **spec: Any) -> dict[str, Any]:
    body = GROUP | {"kind": "TokenReview", "spec": {"token": text, **spec}}
    return dict((await admin.create(REVIEWS, body))["status"])


async def test_what_a_token_says(admin: Client) -> None:
    made = await account(admin)
    running = await pod(admin)
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": running["metadata"]["uid"]}
    answer = await admin.create(f"{ACCOUNTS}/robot/token", request(expirationSeconds=3607, boundObjectRef=reference))
    claims = jws.read(answer["status"]["token"]).claims
    issued = claims["iat"]
    assert claims == {
        "aud": [ISSUER],
        "exp": issued + 365 * 86400,
        "iat": issued,
        "iss": ISSUER,
        "jti": claims["jti"],
        "kubernetes.io": {
            "namespace": "default",
            "node": {"name": "node"},
            "pod": {"name": "p", "uid": running["metadata"]["uid"]},
            "serviceaccount": {"name": "robot", "uid": made["metadata"]["uid"]},
            "warnafter": issued + 3607,
        },
        "nbf": issued,
        "sub": "system:serviceaccount:default:robot",
    }
    ends = datetime.datetime.fromisoformat(answer["status"]["expirationTimestamp"])
    assert ends.timestamp() == pytest.approx(issued + 3607, abs=1)


async def test_who_a_token_is(api: Api, admin: Client) -> None:
    made = await account(admin)
    running = await pod(admin)
    code, user = await who(api, await token(admin, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "p"}))
    prefix = "authentication.kubernetes.io"
    assert code == 201
    assert user["username"] == "system:serviceaccount:default:robot"
    assert user["uid"] == made["metadata"]["uid"]
    assert user["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]
    assert user["extra"].pop(f"{prefix}/credential-id")[0].startswith("JTI=")
    assert user["extra"] == {
        f"{prefix}/node-name": ["node"],
        f"{prefix}/pod-name": ["p"],
        f"{prefix}/pod-uid": [running["metadata"]["uid"]],
    }


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            request(expirationSeconds=599),
            422,
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
        ),
        (
            request(expirationSeconds=2**32 + 1),
            422,
            "spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
        ),
        (request(expirationSeconds=2**32), 201, ""),
        (request() | {"metadata": {"name": "x"}}, 422, "must match the service account name if specified"),
        (request() | {"metadata": {"namespace": "x"}}, 422, "must match the service account namespace if specified"),
        (request(boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "x"}), 404, 'pods "x" not found'),
        (request(boundObjectRef={"kind": "Node", "apiVersion": "v1", "name": "x"}), 404, 'nodes "x" not found'),
        (request(boundObjectRef={"kind": "Secret", "apiVersion": "v1", "name": "x"}), 404, 'secrets "x" not found'),
        (
            request(boundObjectRef={"kind": "Deployment", "apiVersion": "apps/v1", "name": "x"}),
            400,
            "cannot bind token to object of type apps/v1, Kind=Deployment",
        ),
        (
            request(boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "other"}),
            400,
            'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
        ),
        (
            request(boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "wrong"}),
            409,
            "the UID in the bound object reference (wrong) does not match the UID in record. "
            "The object might have been deleted and then recreated",
        ),
        (request(expirationSeconds="soon"), 400, "TokenRequest in version"),
        (GROUP | {"kind": "TokenReview"}, 400, ""),
        (b"{", 400, ""),
    ],
)
async def test_requests(admin: Client, body: Any, code: int, message: str) -> None:
    await account(admin)
    await account(admin, "default")
    await pod(admin)
    spec = {"containers": [{"name": "c", "image": "i"}]}
    await admin.create(f"{CORE}/pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "other"}, "spec": spec})
    answered, answer = await admin.call("POST", f"{ACCOUNTS}/robot/token", body)
    assert (answered, message in answer.get("message", "")) == (code, True), answer


async def test_it_dies_with_what_it_is_bound_to(api: Api, admin: Client) -> None:
    await account(admin)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    made = await admin.create(f"{CORE}/secrets", secret)
    bound = await token(admin, boundObjectRef={"apiVersion": "v1", "kind": "Secret", "name": "s"})
    free = await token(admin)
    assert (await who(api, bound))[0] == 201
    await admin.call("DELETE", f"{CORE}/secrets/s")
    assert (await who(api, bound))[0] == 401
    again = await admin.create(f"{CORE}/secrets", secret)
    found = await review(admin, bound)
    assert found["error"] == (
        f"[invalid bearer token, secret UID ({again['metadata']['uid']}) does not match service account secret ref "
        f"claim ({made['metadata']['uid']})]"
    )
    assert (await who(api, free))[0] == 201
    await admin.call("DELETE", f"{ACCOUNTS}/robot")
    assert (await review(admin, free))["error"] == '[invalid bearer token, serviceaccounts "robot" not found]'
    await account(admin)
    assert "service account UID" in (await review(admin, free))["error"]


async def test_times(api: Api, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    await account(admin)
    text = await token(admin, expirationSeconds=600)
    ends = jws.read(text).claims["exp"]
    errors = {}
    for seconds in (ends + 59, ends + 61, ends - 700):
        monkeypatch.setattr("apiserver_stub.auth.tokens.time.time", lambda seconds=seconds: seconds)
        errors[seconds - ends] = (await review(admin, text)).get("error")
    assert errors == {
        59: None,
        61: "[invalid bearer token, service account token has expired]",
        -700: "[invalid bearer token, service account token is not valid yet]",
    }


async def test_audiences(api: Api, admin: Client) -> None:
    await account(admin)
    text = await token(admin, audiences=["vault", "other"])
    assert (await who(api, text))[0] == 401
    found = await review(admin, text, audiences=["nobody", "vault"])
    assert (found["authenticated"], found["audiences"]) == (True, ["vault"])
    assert (await review(admin, text))["error"] == (
        f'[invalid bearer token, token audiences ["vault" "other"] is invalid for the target audiences ["{ISSUER}"]]'
    )
    assert (await review(admin, "root-token", audiences=["vault"])) == {"user": {}, "error": "invalid bearer token"}
    assert (await review(admin, "root-token"))["audiences"] == [ISSUER]


async def test_forged_ones(api: Api, admin: Client) -> None:
    await account(admin)
    text = await token(admin)
    head, body, signature = text.split(".")
    nobody = jws.encoded(b'{"alg":"none"}')
    for forged in (
        f"{nobody}.{body}.",
        f"{nobody}.{body}.{signature}",
        f"{head}.{body}",
        text[:-4],
        text + "x" * 20000,
    ):
        assert (await who(api, forged))[0] == 401
    assert (await review(admin, f"{head}.{body}.{signature[::-1]}")).get("authenticated") is None


async def test_a_restart_changes_nothing(api: Api) -> None:
    async with api.client() as admin:
        await account(admin)
        text = await token(admin)
    await api.stop()
    await api.start()
    assert (await who(api, text))[0] == 201


async def test_many_at_once(admin: Client) -> None:
    await account(admin)
    found = await asyncio.gather(*(token(admin) for _ in range(20)))
    assert len(set(found)) == 20


async def test_others_can_check_them(api: Api, admin: Client) -> None:
    """OpenID Connect Discovery; open to ServiceAccounts, as upstream's default bindings have it."""
    await account(admin)
    text = await token(admin)
    async with api.client("", Authorization=f"Bearer {text}") as robot:
        _, found = await robot.get("/.well-known/openid-configuration")
        assert found["issuer"] == ISSUER
        assert found["jwks_uri"] == f"{api.app.url}/openid/v1/jwks"
        code, headers, raw = await robot.full("GET", "/openid/v1/jwks")
    assert (code, headers["Content-Type"]) == (200, "application/jwk-set+json")
    [key] = jws.orjson.loads(raw)["keys"]
    assert jws.read(text).is_signed_by([jws.PublicKey.from_jwk(key)])
    async with api.client("") as nobody:
        assert (await nobody.get("/openid/v1/jwks"))[0] == 403


async def test_reviews_without_a_token(admin: Client) -> None:
    code, error = await admin.call("POST", REVIEWS, GROUP | {"kind": "TokenReview", "spec": {}})
    assert (code, error["message"]) == (400, "token is required for TokenReview in authentication")
