"""Errors of the API: metav1.Status in the words Kubernetes clients know (apimachinery, api/errors)."""

from collections.abc import Iterable
from typing import Any, Protocol


class GroupResource(Protocol):
    """What names a resource in a message; schema.kinds.Resource fits."""

    @property
    def group(self) -> str: ...
    @property
    def name(self) -> str: ...


class Cause(Protocol):
    """One invalid field; meta.field.FieldError fits. `message` is `body` with the field's path before it."""

    @property
    def field(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def body(self) -> str: ...


# A resource, or its (group, plural name).
AnyResource = GroupResource | tuple[str, str]


class StatusError(Exception):
    """Ends a request with `body` (a metav1.Status) and HTTP status `code`."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
        }
        if reason:
            self.body["reason"] = reason
        if details is not None:
            self.body["details"] = details
        self.body["code"] = code
        self.headers: dict[str, str] = {}
        # For Warning headers.
        self.warnings: list[str] = []
        if details and details.get("retryAfterSeconds"):
            self.headers["Retry-After"] = str(details["retryAfterSeconds"])

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        return str(self.body["message"])


def success(resource: AnyResource, name: str, uid: str | None = None) -> dict[str, Any]:
    """The Status that answers a delete whose object is gone."""
    details = _details(resource, name)
    if uid:
        details["uid"] = uid
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def not_found(resource: AnyResource, name: str) -> StatusError:
    return StatusError(404, "NotFound", f'{qualified(resource)} "{name}" not found', _details(resource, name))


def no_such_resource() -> StatusError:
    """The path names no resource that is served (the request never reached one)."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: AnyResource, name: str) -> StatusError:
    message = f'{qualified(resource)} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, _details(resource, name))


def generate_name_conflict(resource: AnyResource, name: str) -> StatusError:
    """All attempts to find a free name for metadata.generateName failed."""
    why = "the server was not able to generate a unique name for the object"
    message = f'{qualified(resource)} "{name}" already exists, {why}'
    return StatusError(409, "AlreadyExists", message, _details(resource, name) | {"retryAfterSeconds": 1})


def conflict(resource: AnyResource, name: str, message: str) -> StatusError:
    text = f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {message}'
    return StatusError(409, "Conflict", text, _details(resource, name))


def modified(resource: AnyResource, name: str) -> StatusError:
    """The resourceVersion that was sent is no longer the object's."""
    return conflict(
        resource,
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
    )


def invalid(group: str, kind: str, name: str, errors: Iterable[Cause]) -> StatusError:
    """422 with one cause per field error; `kind` as in the object."""
    listed = list(errors)
    messages = list(dict.fromkeys(error.message for error in listed))
    text = messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]"
    qualified_kind = f"{kind}.{group}" if group else kind
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [{"reason": error.reason, "message": error.body, "field": error.field} for error in listed]
    return StatusError(422, "Invalid", f'{qualified_kind} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def unknown(message: str) -> StatusError:
    """Where Kubernetes answers 500 without a reason to what is in truth the client's mistake."""
    return StatusError(500, "", message)


def forbidden(
    resource: AnyResource, name: str, message: str, causes: list[dict[str, str]] | None = None
) -> StatusError:
    """403 about an object ("" for a whole collection)."""
    named = f' "{name}"' if name else ""
    details = _details(resource, name)
    if causes:
        details["causes"] = causes
    return StatusError(403, "Forbidden", f"{qualified(resource)}{named} is forbidden: {message}", details)


def forbidden_path(user: str, verb: str, path: str, why: str = "") -> StatusError:
    return StatusError(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"{why}', {})


def unauthorized() -> StatusError:
    return StatusError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> StatusError:
    return StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def method_not_supported(resource: AnyResource, verb: str) -> StatusError:
    """405 that names the verb and the resource, as custom resources do."""
    message = f'{verb} is not supported on resources of kind "{qualified(resource)}"'
    return StatusError(405, "MethodNotAllowed", message, _details(resource, ""))


def not_acceptable(accepted: Iterable[str]) -> StatusError:
    text = f"406: Not Acceptable\n\nAvailable representations: {', '.join(accepted)}"
    return StatusError(406, "NotAcceptable", text, {})


def wrong_representation(message: str) -> StatusError:
    """406 for a Table or PartialObjectMetadata that does not fit what was asked for."""
    return StatusError(406, "NotAcceptable", message)


def unsupported_media_type(accepted: Iterable[str]) -> StatusError:
    text = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return StatusError(415, "UnsupportedMediaType", text)


def unsupported_patch_type() -> StatusError:
    return StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def expired(message: str) -> StatusError:
    """410: the revision or continue token asked for has been compacted."""
    return StatusError(410, "Expired", message)


def too_large(message: str) -> StatusError:
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: {message}")


def object_too_large(size: int) -> StatusError:
    """The object is too large for etcd: beyond 2 MiB its client refuses to send it, from 1.5 MiB on the server."""
    if size <= 2 * 1024 * 1024:
        return unknown("etcdserver: request is too large")
    detail = f"trying to send message larger than max ({size} vs. {2 * 1024 * 1024})"
    return unknown(f"rpc error: code = ResourceExhausted desc = {detail}")


def timeout(message: str, causes: list[dict[str, str]] | None = None) -> StatusError:
    details: dict[str, Any] = {"causes": causes} if causes else {}
    return StatusError(504, "Timeout", f"Timeout: {message}", details)


def future_version(asked: int, current: int) -> StatusError:
    """A read asked for a resourceVersion that does not exist yet."""
    error = timeout(
        f"Too large resource version: {asked}, current: {current}",
        [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
    )
    error.headers["Retry-After"] = "1"
    return error


def too_many_requests(message: str, causes: list[dict[str, str]] | None = None, retry_after: int = 0) -> StatusError:
    details: dict[str, Any] = {"causes": causes} if causes else {}
    if retry_after:
        details["retryAfterSeconds"] = retry_after
    return StatusError(429, "TooManyRequests", message, details)


def unavailable(message: str) -> StatusError:
    return StatusError(503, "ServiceUnavailable", message)


def not_implemented(message: str) -> StatusError:
    return StatusError(501, "NotImplemented", message)


def internal(message: str) -> StatusError:
    details = {"causes": [{"message": message}]}
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", details)


def qualified(resource: AnyResource) -> str:
    """`pods`, `deployments.apps`."""
    group, name = _group_and_name(resource)
    return f"{name}.{group}" if group else name


def _group_and_name(resource: AnyResource) -> tuple[str, str]:
    if isinstance(resource, tuple):
        return resource
    return resource.group, resource.name


def _details(resource: AnyResource, name: str) -> dict[str, Any]:
    group, plural = _group_and_name(resource)
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    details["kind"] = plural
    return details
