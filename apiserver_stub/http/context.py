"""One request on its way through the server, and the reading of its body."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from multidict import MultiDict, MultiDictProxy, MultiMapping

from apiserver_stub.auth.authenticate import User
from apiserver_stub.flow.fairness import Seat
from apiserver_stub.http import negotiate, route
from apiserver_stub.meta import status
from apiserver_stub.registry.generic import Registry
from apiserver_stub.schema import decode, openapi

if TYPE_CHECKING:
    from apiserver_stub.audit.trail import Trail

# kube-apiserver's limit for the body of a request, in bytes.
BODY_LIMIT = 3 * 1024 * 1024

NO_QUERY: MultiDictProxy[str] = MultiDictProxy(MultiDict())


@dataclass(slots=True)
class Context:
    """`wanted` is what the client wants to read; `warnings` become Warning headers."""

    request: web.BaseRequest
    target: route.Target
    verb: str
    query: MultiMapping[str]
    user: User
    wanted: negotiate.Wanted = negotiate.PLAIN
    warnings: list[str] = field(default_factory=list)
    # Whether the user may do the same with another verb; raises StatusError (403). For writes that turn out to create.
    check_verb: Callable[["Context", str], None] | None = None

    # The request's seat, see flow/; what the audit log is to know of it, None for nothing.
    seat: Seat | None = None
    trail: "Trail | None" = None

    def begun(self) -> None:
        """A request that lasts, such as a watch, has done the work of its beginning: others may go on."""
        if self.seat is not None:
            self.seat.leave()

    def check_create(self) -> None:
        """Raises StatusError (403) where the user may write, but not create."""
        if self.check_verb is not None:
            self.check_verb(self, "create")

    @property
    def dry_runs(self) -> list[str]:
        return self.query.getall("dryRun", [])

    def warn(self, texts: list[str]) -> None:
        self.warnings += [text for text in texts if text not in self.warnings]


async def body(request: web.BaseRequest) -> bytes:
    """The whole body. Raises StatusError (413)."""
    if (request.content_length or 0) > BODY_LIMIT:
        raise status.too_large(f"limit is {BODY_LIMIT}")
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer has been sent
    chunks = []
    size = 0
    while chunk := await request.content.readany():
        size += len(chunk)
        if size > BODY_LIMIT:
            raise status.too_large(f"limit is {BODY_LIMIT}")
        chunks.append(chunk)
    content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    if (trail := getattr(request, "trail", None)) is not None:
        trail.sent(content, request.headers.get("Content-Type", "") or negotiate.JSON)
    return content


async def object_body(context: Context) -> tuple[bytes, str]:
    """The body and its media type. Raises StatusError (413, 415)."""
    media = negotiate.body_media(context.request.headers.get("Content-Type", ""))
    return await body(context.request), media


def decoded(
    context: Context, content: tuple[bytes, str], kind: decode.AnyKind, field_validation: decode.FieldValidation
) -> dict[str, Any]:
    """An object of a kind that has no registry; its warnings go to the context. Raises StatusError (400)."""
    raw, media = _as_json(context, content, openapi.node_for(kind))
    obj, warnings = decode.decode(raw, media, kind, field_validation)
    context.warn(warnings)
    return obj


def decoded_object(
    context: Context, content: tuple[bytes, str], registry: Registry, field_validation: decode.FieldValidation
) -> dict[str, Any]:
    """An object of the registry's kind; its warnings go to the context. Raises StatusError (400)."""
    raw, media = _as_json(context, content, registry.node)
    obj, warnings = registry.decode(raw, media, field_validation)
    context.warn(warnings)
    return obj


def _as_json(context: Context, content: tuple[bytes, str], node: openapi.Node) -> tuple[bytes, str]:
    raw, media = content
    if media != negotiate.PROTOBUF:
        return content
    from apiserver_stub.schema import protobuf  # only typed Go clients need it

    raw = protobuf.to_json(raw, node)
    if context.trail is not None:
        context.trail.sent(raw, negotiate.JSON)
    return raw, negotiate.JSON


def check_representation(context: Context, registry: Registry, *, is_list: bool) -> None:
    """Raises StatusError (406) where a PartialObjectMetadata was asked of a list or the other way round."""
    kind, resource = context.wanted.kind, registry.resource
    group = resource.group.split(".")[0] or "core"
    if is_list and kind == "PartialObjectMetadata":
        raise status.wrong_representation(
            f"you requested {kind}, but the requested object is a list (*{group}.{resource.list_kind})"
        )
    if not is_list and kind == "PartialObjectMetadataList":
        raise status.wrong_representation(
            f"you requested {kind}, but the requested object is not a list (*{group}.{resource.kind})"
        )
