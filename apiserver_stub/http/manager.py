"""The name under which a client's writes are recorded in managedFields."""

import dataclasses
import functools

from apiserver_stub.http import options
from apiserver_stub.http.context import Context
from apiserver_stub.registry.generic import WriteOptions

# Bytes.
_LONGEST = 128


def write_options(context: Context, kind: str) -> WriteOptions:
    """The request's CreateOptions or UpdateOptions, its user and field manager. Raises StatusError (422)."""
    return named(context, options.write_options(context.query, context.dry_runs, kind, context.user))


def named(context: Context, asked: WriteOptions) -> WriteOptions:
    """The options with a field manager: without one in the query it is the program that User-Agent names."""
    if context.trail is not None:
        asked = dataclasses.replace(asked, annotations=context.trail.annotations)
    if asked.field_manager:
        return asked
    return dataclasses.replace(asked, field_manager=_program(context.request.headers.get("User-Agent", "")))


@functools.lru_cache(256)
def _program(agent: str) -> str:
    name = ""
    size = 0
    for char in agent.partition("/")[0]:
        if not char.isprintable():
            continue
        size += len(char.encode(errors="replace"))
        if size > _LONGEST:
            break
        name += char
    return name
