"""Makes data/protobuf.json: the field numbers of the API's protobuf messages.

    python -m apiserver_stub.schema.protobuf_generate PROGRAM

PROGRAM is a Go program that was built with the API's types, such as kubectl: it carries their descriptors
(FileDescriptorProto of protobuf's descriptor.proto, gzipped). One line per message, each parsed when it is needed.
"""

import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from apiserver_stub.schema import protobuf_wire

_DATA = Path(__file__).with_name("data") / "protobuf.json"
_GZIP = re.compile(rb"\x1f\x8b\x08\x00\x00\x00\x00\x00")
_LONGEST = 4 * 1024 * 1024
_SKIPPED = re.compile(r"\.v\d+(alpha|beta)\d+\.")
# FieldDescriptorProto.Type -> code
_CODES = {1: "d", 2: "f", 3: "i", 4: "i", 5: "i", 8: "b", 9: "s", 12: "y", 13: "i"}
_MESSAGE, _REPEATED = 11, 3


def main(program: str) -> None:
    messages: dict[str, dict[str, list[str]]] = {}
    for descriptor in _descriptors(Path(program).read_bytes()):
        package = _text(descriptor, 2)
        for message in descriptor.get(4, []):
            name = f"{package}.{_text(protobuf_wire.fields(message), 1)}"
            if not _SKIPPED.search(name):
                messages[_short(name)] = _message(protobuf_wire.fields(message), name)
    lines = [orjson.dumps(name) + b":" + orjson.dumps(messages[name]) for name in sorted(messages)]
    _DATA.write_bytes(b"{\n" + b",\n".join(lines) + b"\n}\n")
    sys.stdout.write(f"{len(messages)} messages\n")


def _descriptors(program: bytes) -> Iterator[dict[int, list[Any]]]:
    for match in _GZIP.finditer(program):
        try:
            found = zlib.decompressobj(31).decompress(program[match.start() : match.start() + _LONGEST], _LONGEST)
            if found[:1] == b"\n" and b"k8s.io/" in found[:80]:
                yield protobuf_wire.fields(found)
        except (zlib.error, ValueError):
            continue


def _message(descriptor: dict[int, list[Any]], name: str) -> dict[str, list[str]]:
    maps = {}
    for nested in descriptor.get(3, []):
        entry = protobuf_wire.fields(nested)
        value = next(f for f in map(protobuf_wire.fields, entry[2]) if f[3][0] == 2)
        maps[f".{name}.{_text(entry, 1)}"] = "{" + _code(value)
    found = {}
    for raw in descriptor.get(2, []):
        field = protobuf_wire.fields(raw)
        code = maps.get(_text(field, 6)) if 6 in field else None
        if code is None:
            code = ("[" if field.get(4) == [_REPEATED] else "") + _code(field)
        found[str(field[3][0])] = [_text(field, 1), code]
    return found


def _code(field: dict[int, list[Any]]) -> str:
    kind = field[5][0]
    return "#" + _short(_text(field, 6).lstrip(".")) if kind == _MESSAGE else _CODES[kind]


def _short(name: str) -> str:
    """`k8s.io.api.core.v1.Pod` -> `core.v1.Pod`; of apimachinery the last package and the type."""
    if name.startswith("k8s.io.api."):
        return name.removeprefix("k8s.io.api.")
    parts = name.split(".")
    start = next(
        index for index, part in enumerate(parts) if part in ("meta", "resource", "runtime", "intstr", "metrics")
    )
    return ".".join(parts[start:])


def _text(fields: dict[int, list[Any]], number: int) -> str:
    value = fields[number][0]
    return bytes(value).decode()


if __name__ == "__main__":
    main(sys.argv[1])
