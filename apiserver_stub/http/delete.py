"""DELETE of an object and of a collection."""

import asyncio

import orjson
from aiohttp import web

from apiserver_stub.http import delete_options, negotiate, options, respond
from apiserver_stub.http.context import Context, body
from apiserver_stub.http.list import answer, page
from apiserver_stub.http.match import whole_table
from apiserver_stub.meta import status
from apiserver_stub.registry import delete
from apiserver_stub.registry.delete import DeleteOptions
from apiserver_stub.registry.generic import Registry
from apiserver_stub.schema import decode
from apiserver_stub.storage.log import Entry

# Deletions of a collection that may share a commit.
TOGETHER = 32
_PROTOBUF = b"k8s\x00"
_JOB_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
    "set propagationPolicy=Orphan to suppress this warning"
)


async def serve(context: Context, registry: Registry) -> web.Response:
    asked = await _options(context, registry)
    deleted = await delete.delete(registry, context.target.namespace, context.target.name, asked)
    context.warn(asked.warnings)
    # 202: the client asked for dependents to go first, and they have not yet.
    code = 202 if not deleted.gone and asked.orphan_dependents is False else 200
    if deleted.gone and not registry.strategy.returns_deleted:
        obj = registry.object(deleted.entry)
        return await respond.document(
            context, status.success(registry.resource, context.target.name, obj["metadata"]["uid"])
        )
    return await respond.entry(context, registry, deleted.entry, code)


async def serve_collection(context: Context, registry: Registry) -> web.StreamResponse:
    asked = await _options(context, registry)
    asked.collection = True
    selection = options.list_options(context.query, watch=False)
    if registry.converts_remotely and selection.fields:
        await whole_table(registry, context.target.namespace)
    found = page(registry, context.target.namespace, selection)

    async def one(entry: Entry) -> None:
        try:
            await delete.delete(registry, entry.key.namespace, entry.key.name, asked)
        except status.StatusError as error:
            if error.code != 404:  # somebody else was faster
                raise

    for start in range(0, len(found.entries), TOGETHER):
        await asyncio.gather(*map(one, found.entries[start : start + TOGETHER]))
    context.warn(asked.warnings)
    return await answer(context, registry, found)


def _from_yaml(content: bytes) -> bytes:
    """Raises StatusError (400)."""
    try:
        return orjson.dumps(decode.read_yaml(content)[0])
    except decode.Unreadable as problem:
        raise status.bad_request(str(problem)) from None


async def _options(context: Context, registry: Registry) -> DeleteOptions:
    content = await body(context.request)
    if content and negotiate.body_media(context.request.headers.get("Content-Type", "")) == negotiate.YAML:
        content = _from_yaml(content)
    if content.startswith(_PROTOBUF):
        from apiserver_stub.schema import protobuf

        content = protobuf.to_json(content, None)
    asked = delete_options.parse(context.query, context.dry_runs, content)
    asked.user = context.user
    if context.trail is not None:
        asked.annotations = context.trail.annotations
    if registry.resource.group_resource == "jobs.batch" and not asked.policy:
        context.warn([_JOB_WARNING])
    return asked
