"""OpenAPI documents of the API, v2 and v3: built when first asked for, kept only compressed."""

from __future__ import annotations

import functools
import gzip
import hashlib
import itertools
import re
import weakref
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from apiserver_stub import openapi_custom, openapi_paths, openapi_protobuf
from apiserver_stub.schema import openapi as schema
from apiserver_stub.schema.kinds import Kinds

JSON = dict[str, Any]

_DATA: Final = Path(schema.__file__).with_name("data") / "definitions.full.json.gz"
# Part of every document's hash: raise it when the form of the documents changes.
_FORM: Final = "1"
_INFO: Final = {"title": "Kubernetes", "version": "v1.36.0"}
_REFERENCE: Final = re.compile(rb'"#/definitions/([^"]+)"')
_BEARER: Final = {
    "type": "apiKey",
    "description": "Bearer Token authentication",
    "name": "authorization",
    "in": "header",
}
# Fields whose Go type is a struct, not a pointer: v3 says so by a default.
_STRUCTS: Final = ("metadata", "spec", "status")
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_ONE_OF: Final = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("string", "number"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("integer", "string"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A document as gzip; most clients take it so. `etag` is upper-case hex and changes with the content."""

    gzipped: bytes
    etag: str

    def plain(self) -> bytes:
        """The document uncompressed."""
        return gzip.decompress(self.gzipped)


class Extension(Protocol):
    """What another server adds to the v2 document: paths and definitions as JSON, with a hash of both."""

    @property
    def etag(self) -> str: ...
    @property
    def paths(self) -> Mapping[str, bytes]: ...
    @property
    def definitions(self) -> Mapping[str, bytes]: ...


def v2(kinds: Kinds, others: Sequence[Extension] = ()) -> Document:
    """/openapi/v2: all groups in one document."""
    return _cached(kinds, "v2", lambda: _v2_parts(kinds, others), _tags(others))


def v2_protobuf(kinds: Kinds, others: Sequence[Extension] = ()) -> Document:
    """/openapi/v2 for application/com.github.proto-openapi.spec.v2@v1.0+protobuf; the content is not JSON."""
    return _cached(kinds, "v2.pb", lambda: _v2_protobuf_parts(kinds, others), _tags(others))


def v3_group(kinds: Kinds, group: str, version: str) -> Document | None:
    """/openapi/v3/apis/GROUP/VERSION; None when it is not served."""
    if not any((resource.group, resource.version) == (group, version) for resource in kinds):
        return None
    return _cached(kinds, f"v3/{group}/{version}", lambda: _v3_parts(kinds, group, version))


def v3_index(kinds: Kinds, others: Mapping[str, str] | None = None) -> Document:
    """/openapi/v3: the address of each group version's document, with its hash. Builds none of them.

    others: addresses of documents of other servers, by path.
    """
    paths = {}
    for group in kinds.groups():
        for version in group.versions:
            path = f"apis/{group.name}/{version}" if group.name else f"api/{version}"
            etag = _etag(kinds, f"v3/{group.name}/{version}")
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={etag}"}
    for path, url in (others or {}).items():
        paths[path] = {"serverRelativeURL": url}
    return _cached(kinds, "v3", lambda: iter([orjson.dumps({"paths": paths})]), repr(others) if others else "")


def _tags(others: Sequence[Extension]) -> str:
    return ",".join(other.etag for other in others)


_documents: dict[str, Document] = {}
# Custom resources come and go: then there are new Kinds.
_etags: weakref.WeakKeyDictionary[Kinds, dict[str, str]] = weakref.WeakKeyDictionary()


def _cached(kinds: Kinds, name: str, parts: Any, others: str = "") -> Document:
    """others: names what comes from elsewhere."""
    etag = _etag(kinds, name)
    if others:
        etag = hashlib.sha256(f"{etag}\n{others}".encode()).hexdigest().upper()
    found = _documents.get(name)
    if found is None or found.etag != etag:
        found = _documents[name] = Document(_compress(parts()), etag)
    return found


def _compress(parts: Iterable[bytes]) -> bytes:
    """gzip of all parts, one at a time: the whole document never stands in memory."""
    packer = zlib.compressobj(6, wbits=31)
    return b"".join([*(packer.compress(part) for part in parts), packer.flush()])


def _etag(kinds: Kinds, name: str) -> str:
    """Hash of what the document is made from, so that the index need not make the documents."""
    known = _etags.setdefault(kinds, {})
    if name not in known:
        known[name] = _hash(kinds, name)
        if len(known) == 1:
            _forget(kinds)
    return known[name]


def _forget(kinds: Kinds) -> None:
    """Drops the documents of versions that are no longer served."""
    served = {f"v3/{group.name}/{version}" for group in kinds.groups() for version in group.versions}
    for name in [name for name in _documents if name.startswith("v3/") and name not in served]:
        del _documents[name]


def _hash(kinds: Kinds, name: str) -> str:
    seed = hashlib.sha256(f"{_FORM}\n{name}\n{_INFO['version']}\n".encode())
    seed.update(_definitions_digest())
    _, _, version = name.partition("/")
    for resource in kinds:
        # A document of one version changes with that version only.
        if version in ("", f"{resource.group}/{resource.version}"):
            seed.update(repr((resource.api_version, resource.name, sorted(resource.subresources))).encode())
            seed.update(resource.schema or b"")
    return seed.hexdigest().upper()


@functools.cache
def _definitions_digest() -> bytes:
    return hashlib.sha256(_DATA.read_bytes()).digest()


def _joined(opening: bytes, members: Iterable[tuple[str, bytes]], closing: bytes) -> Iterator[bytes]:
    """A JSON object as parts; members are (name, JSON text)."""
    yield opening
    separator = b""
    for name, text in members:
        yield separator + orjson.dumps(name) + b":" + text
        separator = b","
    yield closing


def _v2_parts(kinds: Kinds, others: Sequence[Extension]) -> Iterator[bytes]:
    own = ((path, orjson.dumps(item)) for resource in kinds for path, item in openapi_paths.v2(resource))
    paths = itertools.chain(own, *(other.paths.items() for other in others))
    yield from _joined(b'{"swagger":"2.0","info":' + orjson.dumps(_INFO) + b',"paths":{', paths, b"}")
    yield from _joined(b',"definitions":{', _definitions(kinds, others).items(), b"}")
    tail: JSON = {
        "parameters": openapi_paths.v2_parameters(),
        "securityDefinitions": {"BearerToken": _BEARER},
        "security": [{"BearerToken": []}],
    }
    yield b"," + orjson.dumps(tail)[1:]


def _definitions(kinds: Kinds, others: Sequence[Extension] = ()) -> dict[str, bytes]:
    """All definitions in v2's form; this server's own win."""
    found = {name: text for other in others for name, text in other.definitions.items()}
    found |= schema.full_definitions()
    for resource in kinds:
        if resource.is_custom:
            found.update(openapi_custom.definitions(resource))
    return found


def _v2_protobuf_parts(kinds: Kinds, others: Sequence[Extension]) -> Iterator[bytes]:
    yield from openapi_protobuf.head(_INFO, openapi_paths.v2_parameters())
    for resource in kinds:
        for path, item in openapi_paths.v2(resource):
            yield openapi_protobuf.path(path, item)
    for other in others:
        for path, text in other.paths.items():
            yield openapi_protobuf.path(path, orjson.loads(text))
    for name, text in _definitions(kinds, others).items():
        yield openapi_protobuf.definition(name, orjson.loads(text))


def _v3_parts(kinds: Kinds, group: str, version: str) -> Iterator[bytes]:
    served = [resource for resource in kinds if (resource.group, resource.version) == (group, version)]
    paths = ((path, orjson.dumps(item)) for resource in served for path, item in openapi_paths.v3(resource))
    yield from _joined(b'{"openapi":"3.0.0","info":' + orjson.dumps(_INFO) + b',"paths":{', paths, b"}")
    definitions = schema.full_definitions()
    own = dict(found for resource in served if resource.is_custom for found in openapi_custom.components(resource))
    wanted = _closure({name for resource in served for name in openapi_paths.roots(resource)}, definitions)
    if own:
        wanted |= _closure({f"{_META}ObjectMeta", f"{_META}ListMeta"}, definitions)
    names = sorted({*wanted, *own})
    schemas = ((name, own.get(name) or _v3_definition(name, definitions[name])) for name in names)
    yield from _joined(b',"components":{"schemas":{', schemas, b"}")
    yield b',"securitySchemes":' + orjson.dumps({"BearerToken": _BEARER}) + b"}}"


def _closure(names: set[str], definitions: dict[str, bytes]) -> set[str]:
    """The definitions and all that they refer to."""
    found: set[str] = set()
    waiting = [name for name in names if name in definitions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [match.decode() for match in _REFERENCE.findall(definitions[name])]
    return found


def _v3_definition(name: str, text: bytes) -> bytes:
    definition = _v3_schema(orjson.loads(text))
    if name in _ONE_OF:
        del definition["type"]
        definition["oneOf"] = [{"type": kind} for kind in _ONE_OF[name]]
    return orjson.dumps(definition)


def _v3_schema(found: JSON) -> JSON:
    """A schema of v2 as v3 says it: a reference with anything beside it goes into allOf."""
    out = dict(found)
    if "properties" in out:
        out["properties"] = {name: _v3_property(name, value) for name, value in out["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            inner = _v3_schema(out[key])
            out[key] = {"default": {}, "allOf": [inner]} if inner.keys() == {"$ref"} else inner
    if "$ref" in out:
        reference = {"$ref": out.pop("$ref").replace("#/definitions/", "#/components/schemas/")}
        return {**out, "allOf": [reference]} if out else reference
    return out


def _v3_property(name: str, found: JSON) -> JSON:
    out = _v3_schema(found)
    return {**out, "default": {}} if name in _STRUCTS and "allOf" in out else out
