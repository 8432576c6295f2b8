"""Bearer tokens: whom each one names. Those of the token file, and those that this server issues."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apiserver_stub.auth import accounts, jws
from apiserver_stub.auth.accounts import ISSUER, Refused
from apiserver_stub.auth.authenticate import TokenFile, User
from apiserver_stub.auth.jws import PublicKey
from apiserver_stub.auth.signer import Signer

if TYPE_CHECKING:
    from apiserver_stub.auth.oidc import Providers

# Tokens whose signature has been checked are remembered, this many.
_REMEMBERED = 1024


@dataclass(slots=True)
class _Checked:
    """A token with a good signature. revisions: of the objects for which it was last found to hold."""

    claims: dict[str, Any]
    user: User
    revisions: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Authenticated:
    """audiences: those asked for that the token is meant for."""

    user: User
    audiences: Sequence[str]


class Issuer:
    """Issues and checks the tokens of ServiceAccounts. keys: JSON Web Keys, the signer's first."""

    audiences: Sequence[str] = (ISSUER,)

    def __init__(self, keys: Sequence[Mapping[str, str]], signer: Signer, entries: accounts.Entries) -> None:
        self.keys = keys
        self._public = [PublicKey.from_jwk(key) for key in keys]
        self._signer = signer
        self._entries = entries
        self._checked: dict[bytes, _Checked] = {}

    async def issue(self, claims: Mapping[str, Any]) -> str:
        """Raises signer.SigningError."""
        message = jws.unsigned(self._public[0].kid, claims)
        return f"{message.decode()}.{jws.encoded(await self._signer.sign(message))}"

    def authenticate(self, token: str, audiences: Sequence[str]) -> Authenticated | None:
        """None for what is no token of this server's. Raises Refused."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        checked = self._checked.get(digest)
        if checked is None:
            checked = self._check(token)
            if checked is None:
                return None
            if len(self._checked) >= _REMEMBERED:
                del self._checked[next(iter(self._checked))]
            self._checked[digest] = checked
        common = accounts.audiences_of(checked.claims, audiences)
        accounts.check_times(checked.claims, time.time())
        if checked.revisions is None or checked.revisions != accounts.revisions(checked.claims, self._entries):
            checked.revisions = None
            checked.revisions = accounts.check_objects(checked.claims, self._entries)
        return Authenticated(checked.user, common)

    def _check(self, token: str) -> _Checked | None:
        try:
            found = jws.read(token)
        except jws.Malformed:
            return None
        if found.claims.get("iss") != ISSUER:
            return None
        if not found.is_signed_by(self._public):
            raise Refused("failed to verify the signature of the token")
        if not accounts.is_well_formed(found.claims):
            raise Refused("service account token claims could not be validated due to unexpected validation error")
        return _Checked(found.claims, accounts.user(found.claims))

    def configuration(self, server: str) -> dict[str, Any]:
        """The OpenID provider's metadata (OpenID Connect Discovery 1.0, section 3). server: our URL."""
        return {
            "issuer": ISSUER,
            "jwks_uri": f"{server}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }


class Tokens:
    """All bearer tokens. others: OpenID Connect issuers, where there are any."""

    def __init__(self, file: TokenFile, issuer: Issuer, others: "Providers | None" = None) -> None:
        self._file = file
        self.issuer = issuer
        self._others = others

    @property
    def is_prepared(self) -> bool:
        """Whether no token ever needs prepare."""
        return self._others is None

    async def prepare(self, token: str) -> None:
        """To be called before authenticate: has the keys that the token needs."""
        if self._others is not None:
            await self._others.prepare(token)

    def authenticate(self, token: str, audiences: Sequence[str] = ()) -> Authenticated:
        """audiences: whom the token must be meant for, one of them; this server if not given. Raises Refused."""
        wanted = audiences or self.issuer.audiences
        user = self._file.find(token)
        if user is not None:
            # Tokens of the file are meant for this server.
            if common := [one for one in wanted if one in self.issuer.audiences]:
                return Authenticated(user, common)
            raise Refused("invalid bearer token")
        try:
            found = self.issuer.authenticate(token, wanted)
        except Refused as refusal:
            raise Refused(f"[invalid bearer token, {refusal}]") from None
        return found or self._of_others(token, wanted)

    def _of_others(self, token: str, wanted: Sequence[str]) -> Authenticated:
        common = [one for one in wanted if one in self.issuer.audiences]
        user = self._others.authenticate(token) if self._others is not None and common else None
        if user is None:
            raise Refused("invalid bearer token")
        return Authenticated(user, common)
