"""Tokens of OpenID Connect issuers, with issuers that are made up."""

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from apiserver_stub.auth import oidc, oidc_config
from apiserver_stub.auth.accounts import Refused
from apiserver_stub.auth.jws import encoded

Object = dict[str, Any]
URL = "https://issuer.example"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def number(value: int, size: int) -> str:
    return encoded(value.to_bytes(size))


def keys() -> list[Object]:
    public, point = RSA.public_key().public_numbers(), EC.public_key().public_numbers()
    return [
        {"kid": "r", "kty": "RSA", "alg": "RS256", "use": "sig", "n": number(public.n, 256), "e": number(public.e, 3)},
        {"kid": "e", "kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)},
    ]


def token(header: Object | None = None, **claims: Any) -> str:
    head = {"alg": "RS256", "kid": "r"} | (header or {})
    body = {"iss": URL, "aud": "k8s", "sub": "jane", "exp": int(time.time()) + 60} | claims
    text = f"{encoded(orjson.dumps(head))}.{encoded(orjson.dumps(body))}"
    if head["alg"] == "ES256":
        r, s = utils.decode_dss_signature(EC.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32) + s.to_bytes(32)
    else:
        signature = RSA.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{encoded(signature)}"


def document(**changes: Any) -> Object:
    jwt: Object = {
        "issuer": {"url": URL, "audiences": ["k8s"]},
        "claimMappings": {"username": {"claim": "sub", "prefix": "oidc:"}},
    }
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [jwt | changes],
    }


class World:
    """What can be fetched; asked: the URLs."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.pages: dict[str, Any] = {
            f"{URL}/.well-known/openid-configuration": {"issuer": URL, "jwks_uri": f"{URL}/keys"},
            f"{URL}/keys": {"keys": keys()},
        }

    async def fetch(self, url: str, ca: str) -> bytes:
        self.asked.append(url)
        if url not in self.pages:
            raise OSError("nobody answers")
        return orjson.dumps(self.pages[url])


async def user(text: str, world: World | None = None, **changes: Any) -> Any:
    providers = oidc.Providers(oidc_config.parse(document(**changes)).issuers, (world or World()).fetch)
    await providers.prepare(text)
    return providers.authenticate(text)


def mappings(**given: Any) -> Object:
    return {"username": {"claim": "sub", "prefix": ""}} | given


@pytest.mark.parametrize("header", [{}, {"alg": "ES256", "kid": "e"}])
async def test_who_a_token_names(header: Object) -> None:
    found = await user(token(header))
    assert (found.name, found.groups, found.uid, found.extra) == ("oidc:jane", ("system:authenticated",), "", {})


async def test_claims_become_groups_uid_and_extra() -> None:
    wanted = mappings(
        groups={"claim": "roles", "prefix": "r:"},
        uid={"expression": "claims.id"},
        extra=[{"key": "example.com/team", "valueExpression": "claims.team"}],
        username={"expression": "claims.sub + '@x'"},
    )
    found = await user(token(roles=["a", "b"], id="7", team="t"), claimMappings=wanted)
    assert (found.name, found.groups, found.uid) == ("jane@x", ("r:a", "r:b", "system:authenticated"), "7")
    assert found.extra == {"example.com/team": ("t",)}


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (lambda: token(aud="other"), {}),
        (lambda: token(aud=["a", "b"]), {}),
        (lambda: token(exp=1), {}),
        (lambda: token(exp=None), {}),
        (lambda: token(nbf=time.time() + 3600), {}),
        (lambda: token(sub=""), {}),
        (lambda: token(sub=7), {}),
        (lambda: token({"kid": "gone"}), {}),
        (lambda: token({"alg": "none"}), {}),
        (lambda: token({"alg": "RS512"}), {}),
        (lambda: token({"alg": "HS256"}), {}),
        (lambda: token({"crit": ["x"]}), {}),
        (lambda: token({"alg": "ES256", "kid": "r"}), {}),
        (lambda: f"{token()[:-6]}AAAAAA", {}),
        (lambda: token(), {"claimValidationRules": [{"claim": "hd", "requiredValue": "example.com"}]}),
        (lambda: token(), {"claimValidationRules": [{"expression": "claims.sub != 'jane'", "message": "no"}]}),
        (lambda: token(), {"claimValidationRules": [{"expression": "claims.gone == 1"}]}),
        (lambda: token(), {"userValidationRules": [{"expression": "!user.username.startsWith('oidc:')"}]}),
        (lambda: token(g=[1]), {"claimMappings": mappings(groups={"claim": "g", "prefix": ""})}),
        (
            lambda: token(email="a@b", email_verified=False),
            {"claimMappings": {"username": {"claim": "email", "prefix": ""}}},
        ),
    ],
)
async def test_refusals(text: Callable[[], str], changes: Object) -> None:
    with pytest.raises(Refused):
        await user(text(), **changes)


async def test_rules_that_hold() -> None:
    rules = [{"claim": "sub", "requiredValue": "jane"}, {"expression": "claims.exp - claims.exp == 0"}]
    checks = [{"expression": "'system:masters' in user.groups == false"}]
    assert (await user(token(), claimValidationRules=rules, userValidationRules=checks)).name == "oidc:jane"


async def test_tokens_of_others_are_none_of_ours_and_cost_nothing() -> None:
    world = World()
    for text in (token(iss="https://another.example"), "a.b.c", "x", token(iss=["x"])):
        assert await user(text, world) is None
    assert world.asked == []


async def test_keys_are_fetched_once_and_a_dead_issuer_is_not_asked_all_the_time() -> None:
    for world, expected in ((World(), 2), (World(), 1)):
        if expected == 1:
            world.pages.clear()
        providers = oidc.Providers(oidc_config.parse(document()).issuers, world.fetch)
        for _ in range(5):
            await providers.prepare(token())
            await providers.prepare(token({"kid": "another"}))
        assert len(world.asked) == expected


async def test_an_issuer_must_be_who_it_says() -> None:
    world = World()
    world.pages[f"{URL}/.well-known/openid-configuration"]["issuer"] = "https://evil.example"
    with pytest.raises(Refused):
        await user(token(), world)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": {"url": "http://x", "audiences": ["a"]}}, "must be an https URL"),
        ({"issuer": {"url": URL}}, "audiences"),
        ({"issuer": {"url": URL, "audiences": ["a", "b"]}}, "audienceMatchPolicy"),
        ({"issuer": {"url": URL, "audiences": ["a"], "discoveryURL": URL}}, "different from URL"),
        ({"issuer": {"url": URL, "audiences": ["a"], "typo": 1}}, "unknown field"),
        ({"claimMappings": {}}, "username"),
        ({"claimMappings": {"username": {"claim": "sub"}}}, "prefix: required"),
        ({"claimMappings": {"username": {"claim": "sub", "expression": "1"}}}, "can't both be set"),
        ({"claimMappings": mappings(extra=[{"key": "x.k8s.io/y", "valueExpression": "'a'"}])}, "Kubernetes' own"),
        ({"claimValidationRules": [{}]}, "is required"),
    ],
)
def test_configurations_that_are_wrong(changes: Object, said: str) -> None:
    with pytest.raises(oidc_config.Invalid, match=said):
        oidc_config.parse(document(**changes))


def test_an_expression_that_is_none_stops_the_start() -> None:
    issuers = oidc_config.parse(document(claimMappings={"username": {"expression": "claims.("}})).issuers
    with pytest.raises(ValueError, match="is wrong"):
        oidc.Providers(issuers, World().fetch)


def test_anonymous() -> None:
    head = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
    found = oidc_config.parse(head | {"anonymous": {"enabled": True, "conditions": [{"path": "/livez"}]}})
    assert (found.anonymous, found.anonymous_paths) == (True, {"/livez"})
    assert oidc_config.parse(head | {"anonymous": {"enabled": False}}).anonymous is False
    assert oidc_config.parse(head).anonymous is True
    with pytest.raises(oidc_config.Invalid):
        oidc_config.parse(head | {"anonymous": {"enabled": False, "conditions": [{"path": "/livez"}]}})
