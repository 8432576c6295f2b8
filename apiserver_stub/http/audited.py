"""What the audit log is told of requests as they come in."""

from aiohttp import web

from apiserver_stub.audit.auditor import Auditor
from apiserver_stub.auth import rbac
from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.http import respond
from apiserver_stub.http.authentication import Authentication
from apiserver_stub.http.context import Context
from apiserver_stub.http.listener import Request
from apiserver_stub.meta import status


class Audit:
    """Begins the trails of requests."""

    def __init__(self, auditor: Auditor, authentication: Authentication, authorizer: Authorizer) -> None:
        self._auditor = auditor
        self._authentication = authentication
        self._authorizer = authorizer

    def begin(self, context: Context, request: Request) -> None:
        """A request whose user is known."""
        asking = self._authentication.credential(request)
        self._begin(context, request, asking, context.user if _is_other(context.user, asking) else asking)

    def decide(self, context: Context, wanted: rbac.Attributes) -> None:
        """Notes what authorization says of it."""
        if context.trail is not None:
            decision = self._authorizer.decide(context.user, wanted)
            context.trail.decided(decision.allowed, decision.reason)

    def turned_away(self, context: Context, request: Request, error: status.StatusError) -> None:
        """Nobody was recognized (401), or one who must not be whom he wants to be."""
        if error.code == web.HTTPUnauthorized.status_code:
            response = respond.failure(context, error)
            audit_id = request.marks["Audit-Id"]
            self._auditor.refused(request, audit_id, context.verb, context.target, response)
            return
        asking = self._authentication.credential(request)
        self._begin(context, request, asking, asking)

    def _begin(self, context: Context, request: Request, asking: User, effective: User) -> None:
        audit_id = request.marks["Audit-Id"]
        trail = self._auditor.begin(request, audit_id, asking, effective, context.verb, context.target)
        context.trail = request.trail = trail


def _is_other(user: User, asking: User) -> bool:
    return user is not asking and (user.name, user.groups, user.uid) != (asking.name, asking.groups, asking.uid)
