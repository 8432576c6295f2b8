"""GET of a collection: selectors, pages with a consistent snapshot, answers spliced from encoded objects."""

import base64
import binascii
import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import orjson
from aiohttp import web

from apiserver_stub.http import options, respond, stream
from apiserver_stub.http.context import Context, check_representation
from apiserver_stub.http.match import Matcher, whole_table
from apiserver_stub.meta import status
from apiserver_stub.registry.generic import Registry
from apiserver_stub.storage.log import Compacted, Entry, Future

# Items that are made from objects, not spliced, are made so many at a time.
BATCH = 100
_TAIL = b"]}"
_TOKEN_VERSION = "meta.k8s.io/v1"  # noqa: S105
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Page:
    """What a list answers. `start`: where the next page begins, "" for the last one."""

    entries: Sequence[Entry]
    revision: int
    start: str = ""
    remaining: int | None = None


async def serve(context: Context, registry: Registry) -> web.StreamResponse:
    check_representation(context, registry, is_list=True)
    asked = options.list_options(context.query, watch=False)
    if registry.converts_remotely and asked.fields:
        await whole_table(registry, context.target.namespace)
    return await answer(context, registry, page(registry, context.target.namespace, asked))


async def answer(context: Context, registry: Registry, found: Page) -> web.StreamResponse:
    """A page in the representation that the client wants."""
    if registry.converts_remotely:
        await registry.ready(found.entries)
    meta: dict[str, object] = {"resourceVersion": str(found.revision)}
    if found.start:
        meta["continue"] = token(found.revision, found.start)
        if found.remaining is not None:
            meta["remainingItemCount"] = found.remaining
    if context.wanted.kind or registry.converts:
        return await _made(context, registry, found.entries, meta)
    head = _head(registry, meta)
    items = [entry.value for entry in found.entries]
    size = len(head) + sum(map(len, items)) + max(0, len(items) - 1) + len(_TAIL)
    if size <= respond.COMPRESS_ABOVE or not stream.fits(context):
        return await respond.raw(context, b"".join((head, b",".join(items), _TAIL)))
    return await stream.send(context, stream.joined(head, items, _TAIL, size), size)


async def _made(
    context: Context, registry: Registry, entries: Sequence[Entry], meta: dict[str, object]
) -> web.StreamResponse:
    """A list whose items have to be made from what is stored: Tables, metadata, other versions."""
    if len(entries) <= BATCH or not stream.fits(context):
        return await respond.raw(context, b"".join(_pieces(context, registry, entries, meta)))
    pieces = _pieces(context, registry, entries, meta)
    # What is wrong with the request shows before the answer begins.
    first = next(pieces)
    return await stream.send(context, itertools.chain([first], pieces))


def _pieces(context: Context, registry: Registry, entries: Sequence[Entry], meta: dict[str, object]) -> Iterator[bytes]:
    """Raises StatusError (400) at the first piece."""
    kind = context.wanted.kind
    if not kind:
        return _batches(_head(registry, meta), entries, registry.item, _TAIL)
    if kind == "Table":
        return _table(context, registry, entries, meta)
    head = {"kind": f"{kind.removesuffix('List')}List", "apiVersion": f"meta.k8s.io/{context.wanted.version}"}

    def item(entry: Entry) -> bytes:
        return orjson.dumps(respond.as_metadata(context, registry.object(entry)))

    opening = orjson.dumps({**head, "metadata": meta})[:-1]
    if not entries:
        return iter([opening, b',"items":null}'])
    return _batches(opening + b',"items":[', entries, item, _TAIL)


def _batches(head: bytes, entries: Sequence[Entry], item: Callable[[Entry], bytes], tail: bytes) -> Iterator[bytes]:
    before = head
    for start in range(0, len(entries), BATCH):
        yield before + b",".join(map(item, entries[start : start + BATCH]))
        before = b","
    yield tail if entries else head + tail


def _table(context: Context, registry: Registry, entries: Sequence[Entry], meta: dict[str, object]) -> Iterator[bytes]:
    """The columns once, then rows: those of a batch are made as a Table of their own."""
    objects = [registry.object(entry) for entry in entries[:BATCH]]
    first = respond.as_table(context, registry, objects, meta)
    rows = first.pop("rows")
    opening = orjson.dumps(first)[:-1] + b',"rows":'
    if len(entries) <= BATCH:
        yield opening + orjson.dumps(rows) + b"}"
        return
    yield opening + orjson.dumps(rows)[:-1]
    for start in range(BATCH, len(entries), BATCH):
        objects = [registry.object(entry) for entry in entries[start : start + BATCH]]
        made = respond.as_table(context, registry, objects, meta, headers=False)
        yield b"," + orjson.dumps(made["rows"])[1:-1]
    yield _TAIL


def _head(registry: Registry, meta: dict[str, object]) -> bytes:
    resource = registry.resource
    return b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":[' % (
        resource.list_kind.encode(),
        resource.api_version.encode(),
        orjson.dumps(registry.list_meta(meta)),
    )


def page(registry: Registry, namespace: str, asked: options.ListOptions) -> Page:
    """Raises StatusError (400, 410, 504)."""
    matcher = Matcher(registry, namespace, asked.labels, asked.fields)
    start = ""
    if asked.token:
        if asked.revision:
            raise status.bad_request("specifying resource version is not allowed when using continue")
        revision, start = parse_token(asked.token)
        asked = replace(asked, revision=revision if revision > 0 else 0, match="Exact" if revision > 0 else "")
    exact = _exact_revision(registry, asked)
    try:
        entries = registry.log.list(registry.table, namespace, exact)
    except Future:
        raise status.future_version(exact, registry.log.revision) from None
    except Compacted:
        raise _expired(registry, asked, start) from None
    revision = exact or registry.log.revision
    if start:
        begin = f"{namespace}/{start}" if namespace else start
        entries = entries[bisect.bisect_left(entries, begin, key=lambda entry: entry.key.path) :]
    if not matcher.is_everything:
        return _selected(entries, matcher, revision, asked.limit, namespace)
    if asked.limit <= 0 or len(entries) <= asked.limit:
        return Page(entries, revision)
    last = entries[asked.limit - 1]
    return Page(entries[: asked.limit], revision, _behind(last, namespace), len(entries) - asked.limit)


def _selected(entries: Sequence[Entry], matcher: Matcher, revision: int, limit: int, namespace: str) -> Page:
    """A page of what matches. As upstream, there is a next page when anything is left, matching or not."""
    found = []
    for index, entry in enumerate(entries):
        if matcher.matches(entry):
            found.append(entry)
            if limit > 0 and len(found) == limit and index + 1 < len(entries):
                return Page(found, revision, _behind(entry, namespace))
    return Page(found, revision)


def _behind(entry: Entry, namespace: str) -> str:
    """The smallest key behind an entry."""
    return (entry.key.name if namespace else entry.key.path) + "\0"


def _exact_revision(registry: Registry, asked: options.ListOptions) -> int:
    """The revision to read at, 0 for the newest."""
    revision = asked.revision or 0
    if revision > registry.log.revision:
        raise status.future_version(revision, registry.log.revision)
    if asked.match == "Exact" or (asked.limit > 0 and not asked.match):
        return revision
    return 0


def token(revision: int, start: str) -> str:
    text = orjson.dumps({"v": _TOKEN_VERSION, "rv": revision, "start": start})
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def parse_token(text: str) -> tuple[int, str]:
    """Revision (-1: the newest) and start of a continue token. Raises StatusError (400)."""
    try:
        decoded = _unbase64(text)
    except ValueError as error:
        raise _bad_token(str(error)) from None
    try:
        given = orjson.loads(decoded)
    except orjson.JSONDecodeError as error:
        raise _bad_token(options.go_json_fault(decoded, error)) from None
    if not isinstance(given, dict):
        raise _bad_token("json: cannot unmarshal into Go value of type storage.continueToken")
    version, revision, start = given.get("v"), given.get("rv"), given.get("start")
    if version != _TOKEN_VERSION:
        raise _bad_token(f"server does not recognize this encoded version {version}")
    if not isinstance(revision, int) or revision == 0 or abs(revision) >= 2**63:
        raise _bad_token("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    if not isinstance(start, str) or not start:
        raise _bad_token("encoded start key empty (version meta.k8s.io/v1)")
    if ".." in start.split("/") or start.startswith("/"):
        raise _bad_token(start)
    return revision, start


def _unbase64(text: str) -> bytes:
    """Raises ValueError with the byte at which the text is wrong, as Go's base64.RawURLEncoding says it."""
    for index, char in enumerate(text):
        if not (char.isascii() and (char.isalnum() or char in "-_")):
            raise ValueError(f"illegal base64 data at input byte {index}")
    if len(text) % 4 == 1:
        raise ValueError(f"illegal base64 data at input byte {len(text) - 1}")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError(f"illegal base64 data at input byte {len(text)}") from None


def _bad_token(detail: str) -> status.StatusError:
    return status.bad_request(f"invalid continue token: continue key is not valid: {detail}")


def _expired(registry: Registry, asked: options.ListOptions, start: str) -> status.StatusError:
    if not start:
        return status.expired("The resourceVersion for the provided list is too old.")
    error = status.expired(_TOO_OLD)
    error.body["metadata"] = {"continue": token(-1, start)}
    return error
