"""Tokens of OpenID Connect issuers: whom each names (OpenID Connect Core 1.0, section 3.1.3.7).

Keys of an issuer are fetched when its first token comes, kept, and fetched again for a key that is not known. What is
wrong with one issuer concerns its own tokens only.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from apiserver_stub.auth import jws
from apiserver_stub.auth.accounts import Refused
from apiserver_stub.auth.authenticate import AUTHENTICATED, User
from apiserver_stub.auth.oidc_config import Claim, Issuer, Rule

# Fetches a URL with the given CA (PEM): raises OSError.
Fetch = Callable[[str, str], Awaitable[bytes]]

# Seconds: an issuer that does not answer, or sends nothing new, is not asked again before.
AGAIN = 10.0
_HASHES = {"256": "SHA256", "384": "SHA384", "512": "SHA512"}


class Provider:
    """One issuer with its keys."""

    def __init__(self, config: Issuer, fetch: Fetch) -> None:
        """Raises ValueError for an expression that is none."""
        self.config = config
        self._fetch = fetch
        self._keys: dict[str, Mapping[str, str]] = {}
        self._asked = -AGAIN
        self._lock = asyncio.Lock()
        self._programs = {
            text: _compiled(text, name, is_condition=is_condition) for text, name, is_condition in _expressions(config)
        }

    async def prepare(self, token: jws.Token) -> None:
        """Has the key of the token, if the issuer says that there is one."""
        if self._key(token) is not None:
            return
        async with self._lock:
            if self._key(token) is None and time.monotonic() - self._asked > AGAIN:
                self._asked = time.monotonic()
                try:
                    found = orjson.loads(await self._fetch(self.config.discovery_url, self.config.ca))
                    if found["issuer"] != self.config.url:
                        return
                    keys = orjson.loads(await self._fetch(found["jwks_uri"], self.config.ca))["keys"]
                    self._keys = {str(key.get("kid", "")): key for key in keys if key.get("use", "sig") == "sig"}
                except (OSError, ValueError, KeyError, TypeError, AttributeError):
                    return  # its tokens are refused, nobody else's

    def authenticate(self, token: jws.Token) -> User:
        """Raises Refused."""
        key, claims = self._key(token), token.claims
        if key is None or not _has_signed(key, token):
            raise Refused("failed to verify the signature of the token")
        given = claims.get("aud")
        audiences = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        if not any(one in audiences for one in self.config.audiences):
            raise Refused("the token is for another audience")
        now, until, since = time.time(), claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(until, int | float) or now > until or not isinstance(since, int | float) or now < since - 300:
            raise Refused("the token is expired or not valid yet")
        for rule in self.config.claim_rules:
            self._check(rule, {"claims": claims}, claims)
        user = self._user(claims)
        shown = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": dict(user.extra)}
        for rule in self.config.user_rules:
            self._check(rule, {"user": shown}, claims)
        groups = (*(group for group in user.groups if group != AUTHENTICATED), AUTHENTICATED)
        return User(user.name, groups, user.uid, user.extra)

    def _key(self, token: jws.Token) -> Mapping[str, str] | None:
        kid = str(token.header.get("kid", ""))
        return self._keys.get(kid) or (next(iter(self._keys.values())) if len(self._keys) == 1 and not kid else None)

    def _check(self, rule: Rule, variables: dict[str, Any], claims: Mapping[str, Any]) -> None:
        if rule.claim:
            if claims.get(rule.claim) != rule.required:
                raise Refused(f"claim {rule.claim} does not have the required value")
        elif self._evaluate(rule.expression, variables) is not True:
            raise Refused(rule.message or f"validation expression '{rule.expression}' failed")

    def _user(self, claims: Mapping[str, Any]) -> User:
        config = self.config
        name = self._value(config.username, claims)
        if not isinstance(name, str) or not name:
            raise Refused("the token does not say who it is about")
        if config.username.claim == "email" and claims.get("email_verified", True) is not True:
            raise Refused("the email address of the token is not verified")
        uid = self._value(config.uid, claims) if config.uid else ""
        if not isinstance(uid, str):
            raise Refused("uid of the token is no text")
        extra = {key: _texts(self._evaluate(expression, {"claims": claims})) for key, expression in config.extra}
        groups = _texts(self._value(config.groups, claims)) if config.groups else ()
        return User(name, groups, uid, {key: values for key, values in extra.items() if values})

    def _value(self, source: Claim, claims: Mapping[str, Any]) -> Any:
        if source.expression:
            return self._evaluate(source.expression, {"claims": claims})
        value = claims.get(source.claim)
        if isinstance(value, list):
            return [f"{source.prefix}{one}" if isinstance(one, str) else one for one in value]
        return f"{source.prefix}{value}" if isinstance(value, str) and value else value

    def _evaluate(self, expression: str, variables: dict[str, Any]) -> Any:
        from apiserver_stub.schema import cel

        try:
            return self._programs[expression].evaluate(variables)[0]
        except (cel.EvalError, cel.CostError) as error:
            raise Refused(f"expression '{expression}' resulted in error: {error}") from None


class Providers:
    """All issuers, by what tokens call them."""

    def __init__(self, issuers: Sequence[Issuer], fetch: Fetch) -> None:
        self._by_url = {config.url: Provider(config, fetch) for config in issuers}

    async def prepare(self, token: str) -> None:
        """Fetches what is needed to check the token."""
        found = self._find(token)
        if found is not None:
            await found[0].prepare(found[1])

    def authenticate(self, token: str) -> User | None:
        """None for what is no token of these issuers. Raises Refused."""
        found = self._find(token)
        return found[0].authenticate(found[1]) if found is not None else None

    def _find(self, text: str) -> tuple[Provider, jws.Token] | None:
        try:
            token = jws.read(text)
        except jws.Malformed:
            return None
        issuer = token.claims.get("iss")
        provider = self._by_url.get(issuer) if isinstance(issuer, str) else None
        return (provider, token) if provider is not None else None


def _expressions(config: Issuer) -> Iterator[tuple[str, str, bool]]:
    """Text, name of its variable, and whether it is a condition."""
    values = [source.expression for source in (config.username, config.groups, config.uid)]
    for text in filter(None, [*values, *(expression for _, expression in config.extra)]):
        yield text, "claims", False
    for name, rules in (("claims", config.claim_rules), ("user", config.user_rules)):
        for rule in rules:
            if rule.expression:
                yield rule.expression, name, True


def _compiled(text: str, name: str, *, is_condition: bool) -> Any:
    from apiserver_stub.schema import cel

    try:
        result = cel.types.BOOL if is_condition else None
        return cel.compile(text, {name: cel.types.parse("map(string, dyn)")}, result)
    except (cel.CompileError, cel.ResultError) as error:
        raise ValueError(f"the expression {text!r} of the authentication configuration is wrong: {error}") from None


def _texts(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    found = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else [None]
    if not all(isinstance(one, str) for one in found):
        raise Refused("a claim is neither a text nor a list of texts")
    return tuple(one for one in found if one)


def _has_signed(jwk: Mapping[str, str], token: jws.Token) -> bool:
    """RS256 in plain Python; other algorithms load cryptography when somebody uses them."""
    algorithm = token.header.get("alg")
    if not isinstance(algorithm, str) or "crit" in token.header or jwk.get("alg", algorithm) != algorithm:
        return False
    try:
        if algorithm == "RS256" and jwk["kty"] == "RSA":
            return jws.PublicKey.from_jwk({"kid": "", **jwk}).has_signed(token.message, token.signature)
        return _has_signed_otherwise(jwk, algorithm, token)
    except (KeyError, ValueError):
        return False


def _has_signed_otherwise(jwk: Mapping[str, str], algorithm: str, token: jws.Token) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

    digest = getattr(hashes, _HASHES[algorithm[2:]])()

    def number(name: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=="))

    try:
        if algorithm[:2] == "ES" and jwk["kty"] == "EC":
            curves: dict[str, type[ec.EllipticCurve]] = {
                "P-256": ec.SECP256R1,
                "P-384": ec.SECP384R1,
                "P-521": ec.SECP521R1,
            }
            half = len(token.signature) // 2
            r, s = int.from_bytes(token.signature[:half]), int.from_bytes(token.signature[half:])
            public = ec.EllipticCurvePublicNumbers(number("x"), number("y"), curves[jwk["crv"]]()).public_key()
            public.verify(utils.encode_dss_signature(r, s), token.message, ec.ECDSA(digest))
        elif algorithm[:2] in ("RS", "PS") and jwk["kty"] == "RSA":
            pad = padding.PKCS1v15() if algorithm[:2] == "RS" else padding.PSS(padding.MGF1(digest), digest.digest_size)
            rsa.RSAPublicNumbers(number("e"), number("n")).public_key().verify(
                token.signature, token.message, pad, digest
            )
        else:
            return False
    except InvalidSignature:
        return False
    return True
