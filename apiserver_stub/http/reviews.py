"""POSTs that ask something and store nothing: who a token or the asking user is, who may do what."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from apiserver_stub.auth.accounts import Refused
from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.tokens import Tokens
from apiserver_stub.http import access_reviews, admit, options, respond
from apiserver_stub.http.context import Context, decoded_object, object_body
from apiserver_stub.meta import status
from apiserver_stub.registry.generic import Registry, now

Object = dict[str, Any]
# Fills the review's status, or answers with another document.
Answer = Callable[[Context, Object], Object]


class Reviews:
    """Answers by the plural name of the review's kind."""

    def __init__(self, tokens: Tokens, authorizer: Authorizer) -> None:
        self._tokens = tokens
        self._answers: dict[str, Answer] = {
            "tokenreviews": self._token,
            "selfsubjectreviews": self._self,
            "subjectaccessreviews": lambda context, review: access_reviews.subject(authorizer, review),
            "localsubjectaccessreviews": lambda context, review: access_reviews.local(
                authorizer, review, context.target.namespace
            ),
            "selfsubjectaccessreviews": lambda context, review: access_reviews.self_access(
                authorizer, review, context.user
            ),
            "selfsubjectrulesreviews": lambda context, review: access_reviews.self_rules(
                authorizer, review, context.user
            ),
        }

    async def serve(self, context: Context, registry: Registry) -> web.Response:
        """Raises StatusError (400, 422, 501)."""
        answer = self._answers.get(registry.resource.name)
        if answer is None:
            raise status.not_implemented(f"{registry.resource.name} are not served yet")
        content = await object_body(context)
        asked = options.write_options(context.query, context.dry_runs, "CreateOptions", context.user)
        review = decoded_object(context, content, registry, asked.field_validation)
        review.pop("status", None)
        review = await admit.creation(context, registry, review, asked)
        if not self._tokens.is_prepared and answer == self._token:
            await self._tokens.prepare((review.get("spec") or {}).get("token") or "")
        head = {"kind": registry.resource.kind, "apiVersion": registry.resource.api_version}
        return await respond.document(context, head | answer(context, review), 201)

    def _token(self, context: Context, review: Object) -> Object:
        spec = review.setdefault("spec", {})
        if not spec.get("token"):
            raise status.bad_request("token is required for TokenReview in authentication")
        found: Object = {"user": {}}
        try:
            who = self._tokens.authenticate(spec["token"], spec.get("audiences") or ())
            found = {"authenticated": True, "user": user_info(who.user), "audiences": list(who.audiences)}
        except Refused as refusal:
            found["error"] = str(refusal)
        return {"metadata": review.get("metadata") or {}, "spec": spec, "status": found}

    def _self(self, context: Context, review: Object) -> Object:
        meta = (review.get("metadata") or {}) | {"creationTimestamp": now()}
        return {"metadata": meta, "status": {"userInfo": user_info(context.user)}}


def user_info(user: User) -> Object:
    """authentication.k8s.io/v1 UserInfo."""
    shown: Object = {"username": user.name}
    if user.uid:
        shown["uid"] = user.uid
    if user.groups:
        shown["groups"] = list(user.groups)
    if user.extra:
        shown["extra"] = {key: list(values) for key, values in sorted(user.extra.items())}
    return shown
