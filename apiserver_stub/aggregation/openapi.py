"""OpenAPI of aggregated servers: the part of their documents that goes into this server's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from apiserver_stub import openapi_protobuf

JSON = dict[str, Any]

_REFERENCE: Final = re.compile(rb'"#/definitions/([^"]+)"')


@dataclass(frozen=True, slots=True)
class Extension:
    """Paths and definitions in v2's form, each as JSON. etag changes with them."""

    etag: str
    paths: Mapping[str, bytes]
    definitions: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class V3:
    """Where a version's v3 document is; asked of this server, which passes the question on."""

    path: str
    url: str


def extension(document: JSON, path: str) -> Extension:
    """What a v2 document says below a path. Raises ValueError for what is none."""
    paths, texts = document.get("paths"), document.get("definitions") or {}
    if not isinstance(paths, dict) or not isinstance(texts, dict):
        raise ValueError("no OpenAPI document")
    kept = {name: item for name, item in paths.items() if f"{name}/".startswith(f"{path}/") and _fits(name, item)}
    shown = {name: orjson.dumps(item) for name, item in kept.items()}
    definitions = _closure(shown.values(), {name: orjson.dumps(text) for name, text in texts.items()})
    seed = hashlib.sha256()
    for name, text in (*shown.items(), *definitions.items()):
        seed.update(name.encode() + b"\0" + text + b"\0")
    return Extension(seed.hexdigest(), shown, definitions)


def _fits(name: str, item: Any) -> bool:
    """Whether the item can be told in protobuf as well: one that can't would spoil the whole document."""
    try:
        openapi_protobuf.path(name, item)
    except (TypeError, ValueError, KeyError, AttributeError):
        return False
    return True


def _closure(paths: Iterable[bytes], known: Mapping[str, bytes]) -> dict[str, bytes]:
    """The definitions that paths refer to, and those that these refer to; unreadable ones as objects of any form."""
    found: dict[str, bytes] = {}
    waiting = [name for text in paths for name in _names(text)]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        text = known.get(name, b"")
        try:
            openapi_protobuf.definition(name, orjson.loads(text))
        except (TypeError, ValueError, KeyError, AttributeError):
            text = b'{"type":"object"}'
        found[name] = text
        waiting += _names(text)
    return found


def _names(text: bytes) -> list[str]:
    return [match.decode() for match in _REFERENCE.findall(text)]


def renamed(extension: Extension, own: Mapping[str, bytes]) -> Extension:
    """With other names for definitions that this server knows by the same name, but otherwise."""
    clashes = {
        name
        for name, text in extension.definitions.items()
        if name in own and orjson.loads(own[name]) != orjson.loads(text)
    }
    # Those of the API machinery differ in their words only.
    clashes = {name for name in clashes if not name.startswith("io.k8s.apimachinery.")}
    if not clashes:
        return extension

    def target(match: re.Match[bytes]) -> bytes:
        return b'"#/definitions/%b"' % new_name(match[1].decode()).encode()

    def new_name(name: str) -> str:
        return f"{name}_v2" if name in clashes else name

    def rename(text: bytes) -> bytes:
        return _REFERENCE.sub(target, text)

    definitions = {new_name(name): rename(text) for name, text in extension.definitions.items()}
    return Extension(extension.etag, {name: rename(text) for name, text in extension.paths.items()}, definitions)


def v3(index: JSON, path: str) -> V3 | None:
    """Where an index of v3 documents has one for a path; None where it has none."""
    key = path.removeprefix("/")
    found = (index.get("paths") or {}).get(key)
    if not isinstance(found, dict):
        return None
    url = str(found.get("serverRelativeURL") or "")
    return V3(key, url if url.startswith(f"/openapi/v3/{key}") else f"/openapi/v3/{key}")
