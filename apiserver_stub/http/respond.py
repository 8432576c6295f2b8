"""Answers: objects, Tables, metadata only, Status; as JSON or YAML, compressed where it pays."""

import asyncio
import gzip
import json
from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import web

from apiserver_stub.http import table
from apiserver_stub.http.context import Context
from apiserver_stub.http.negotiate import YAML
from apiserver_stub.http.route import truthy
from apiserver_stub.meta import status
from apiserver_stub.registry.generic import Registry
from apiserver_stub.registry.internal import internal
from apiserver_stub.storage.log import Entry

Object = dict[str, Any]

# As kube-apiserver: below this many bytes compression costs more than it saves.
COMPRESS_ABOVE = 128 * 1024
# Compressing this much would hold up all other requests.
THREAD_ABOVE = 256 * 1024

JSON_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
GZIP_HEADERS = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
# In characters: of all warnings of an answer, and of each where they are too long together.
WARNINGS_LENGTH = 4096
WARNING_LENGTH = 256
_YAML = {"Content-Type": YAML, "Cache-Control": "no-cache, private"}
_BROWSERS = ("curl", "Wget", "Mozilla/5.0")


async def entry(context: Context, registry: Registry, found: Entry, code: int = 200) -> web.Response:
    """One object, in the representation that the client wants."""
    kind = context.wanted.kind
    if not kind:
        return await raw(context, registry.whole(found), code)
    obj = registry.object(found)
    if kind == "Table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return await document(context, as_table(context, registry, [obj], meta), code)
    return await document(context, as_metadata(context, obj), code)


async def document(context: Context, content: Object, code: int = 200) -> web.Response:
    """A dict as it is."""
    return await raw(context, orjson.dumps(content), code)


async def raw(context: Context, content: bytes, code: int = 200) -> web.Response:
    """Encoded JSON, in the media type that the client wants."""
    headers = JSON_HEADERS
    if context.wanted.media == YAML:
        content, headers = to_yaml(content), _YAML
    elif is_pretty(context):
        content = orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if len(content) > COMPRESS_ABOVE and "gzip" in context.request.headers.get("Accept-Encoding", ""):
        headers = headers | GZIP_HEADERS
        content = await _compressed(content)
    response = web.Response(body=content, status=code, headers=headers)
    add_warnings(response, context.warnings)
    return response


def encoded(content: Object) -> bytes:
    return orjson.dumps(content)


def failure(context: Context | None, error: status.StatusError) -> web.Response:
    """A metav1.Status; without a context (the request was not understood) as JSON."""
    content, headers = _encoded_status(error.body), JSON_HEADERS
    if context and context.wanted.media == YAML:
        content, headers = to_yaml(content), _YAML
    response = web.Response(body=content, status=error.code, headers=headers | error.headers)
    add_warnings(response, [*(context.warnings if context else ()), *error.warnings])
    return response


def _encoded_status(body: Object) -> bytes:
    """A message may quote what the client sent: lone surrogates, or more levels than orjson takes."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        text = json.dumps(body, ensure_ascii=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def add_warnings(response: web.StreamResponse, warnings: Iterable[str]) -> None:
    """`Warning` headers; as kube-apiserver, texts are cut where all of them would be too long."""
    kept = [text for text in dict.fromkeys(warnings) if text]
    if sum(map(len, kept)) > WARNINGS_LENGTH:
        kept = _shortened(kept)
    for text in kept:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        clean = "".join(char for char in quoted if char.isprintable())
        response.headers.add("Warning", f'299 - "{clean}"')


def _shortened(texts: Iterable[str]) -> list[str]:
    kept, length = [], 0
    for text in (text[:WARNING_LENGTH] for text in texts):
        length += len(text)
        if length > WARNINGS_LENGTH:
            break
        kept.append(text)
    return kept


def as_metadata(context: Context, obj: Object) -> Object:
    version = f"meta.k8s.io/{context.wanted.version}"
    return {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": internal(obj)["metadata"]}


def as_table(
    context: Context, registry: Registry, objects: Iterable[Object], meta: Object, *, headers: bool = True
) -> Object:
    """Raises StatusError (400)."""
    return table.render(
        registry.resource,
        objects,
        list_meta=meta,
        include=table.include_of(context.query.get("includeObject", "")),
        headers=headers,
        version=context.wanted.version,
        own=registry.columns,
    )


def is_pretty(context: Context) -> bool:
    if asked := context.query.get("pretty"):
        return truthy(asked)
    return context.request.headers.get("User-Agent", "").startswith(_BROWSERS)


def to_yaml(content: bytes) -> bytes:
    import yaml  # rarely asked for

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return bytes(yaml.dump(orjson.loads(content), Dumper=dumper, allow_unicode=True, encoding="utf-8", sort_keys=True))


async def _compressed(content: bytes) -> bytes:
    if len(content) < THREAD_ABOVE:
        return gzip.compress(content, 1)
    return await asyncio.get_running_loop().run_in_executor(None, gzip.compress, content, 1)
