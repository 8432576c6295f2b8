"""Whose request it is: a bearer token, else a client certificate or the peer of a Unix socket, else nobody."""

import logging
import socket
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from apiserver_stub.auth import authenticate, impersonate, strangers
from apiserver_stub.auth.accounts import Refused
from apiserver_stub.auth.authenticate import ANONYMOUS, User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.peers import Peers
from apiserver_stub.auth.tokens import Tokens
from apiserver_stub.meta import status

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Nobody:
    """What may be asked without a credential at all: everything, nothing, or some paths."""

    enabled: bool = True
    paths: frozenset[str] = frozenset()

    def may_ask(self, path: str) -> bool:
        return self.enabled and (not self.paths or path in self.paths)


class Authentication:
    """Upstream asks certificates first; here a token that is shown is never passed over for another credential."""

    def __init__(self, tokens: Tokens, authorizer: Authorizer, peers: Peers, nobody: Nobody) -> None:
        self._tokens = tokens
        self._nobody = nobody
        # Whether tokens may need something fetched before they can be checked.
        self.waits = not tokens.is_prepared
        self._authorizer = authorizer
        self._peers = peers
        # The certificate of a connection does not change: its user is worked out once.
        self._users: weakref.WeakKeyDictionary[Any, User] = weakref.WeakKeyDictionary()

    def user(self, request: web.BaseRequest) -> User:
        """Raises StatusError (400, 401, 403)."""
        user = self.credential(request)
        if user is ANONYMOUS and not self._nobody.may_ask(request.raw_path.partition("?")[0]):
            raise status.unauthorized()
        for header in request.headers:
            if header[:12].lower() == "impersonate-":
                return impersonate.impersonated(user, request.headers, self._authorizer)
        return user

    async def prepare(self, request: web.BaseRequest) -> None:
        """To be called before user, where that waits."""
        token = authenticate.bearer(request.headers.get("Authorization") or "")
        if token is not None:
            await self._tokens.prepare(token)

    def credential(self, request: web.BaseRequest) -> User:
        """Who asks, before impersonation. Raises StatusError (401)."""
        if authorization := request.headers.get("Authorization"):
            token = authenticate.bearer(authorization)
            if token is not None:
                return self._named(token)
        transport = request.transport
        if transport is None:
            return ANONYMOUS
        user = self._users.get(transport)
        if user is None:
            user = self._users[transport] = self._of_connection(transport.get_extra_info)
        return user

    def _of_connection(self, info: Any) -> User:
        if strangers.is_stranger(info("ssl_object")):
            logger.debug("a request was not authenticated: its client certificate does not hold")
            raise status.unauthorized()
        certificate: Mapping[str, Any] | None = info("peercert")
        if certificate:
            return authenticate.from_certificate(certificate) or ANONYMOUS
        connection = info("socket")
        if connection is None or connection.family != socket.AF_UNIX:
            return ANONYMOUS
        try:
            return self._peers.identify(connection)
        except OSError:
            raise status.unauthorized() from None

    def _named(self, token: str) -> User:
        try:
            return self._tokens.authenticate(token).user
        except Refused as refusal:
            logger.debug("a request was not authenticated: %s", refusal)
            raise status.unauthorized() from None
