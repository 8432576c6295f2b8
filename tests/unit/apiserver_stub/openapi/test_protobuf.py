"""OpenAPI v2 as protobuf, read back field by field."""

from collections.abc import Iterator

import orjson
import pytest

from apiserver_stub import openapi, openapi_protobuf
from apiserver_stub.schema import kinds

KINDS = kinds.builtin()


def varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value): an int for varints, bytes for the rest."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag & 7 == 0:
            yield tag >> 3, value
            continue
        assert tag & 7 == 2
        yield tag >> 3, data[at : at + value]
        at += value


def all_of(data: bytes, *numbers: int) -> list[bytes]:
    """All payloads at a path of field numbers."""
    found = [data]
    for number in numbers:
        found = [value for one in found for at, value in fields(one) if at == number and isinstance(value, bytes)]
    return found


def named(data: bytes, *numbers: int) -> dict[str, bytes]:
    """A map: name (1) -> value (2) of each entry."""
    return {all_of(entry, 1)[0].decode(): all_of(entry, 2)[0] for entry in all_of(data, *numbers)}


@pytest.fixture(scope="module")
def document() -> bytes:
    return openapi.v2_protobuf(KINDS).plain()


def test_holds_what_the_json_holds(document: bytes) -> None:
    same = orjson.loads(openapi.v2(KINDS).plain())
    assert all_of(document, 1) == [b"2.0"]
    assert named(document, 8, 2).keys() == same["paths"].keys()
    assert named(document, 9, 1).keys() == same["definitions"].keys()
    assert named(document, 10, 1).keys() == same["parameters"].keys()


def test_schema(document: bytes) -> None:
    spec = named(document, 9, 1)["io.k8s.api.core.v1.PodSpec"]
    assert b"containers" in all_of(spec, 19)
    containers = named(spec, 25, 1)["containers"]
    assert all_of(containers, 22, 1) == [b"array"]
    assert all_of(containers, 23, 1, 1) == [b"#/definitions/io.k8s.api.core.v1.Container"]
    extensions = {name: orjson.loads(all_of(value, 2)[0]) for name, value in named(containers, 31).items()}
    assert extensions["x-kubernetes-patch-merge-key"] == "name"
    assert extensions["x-kubernetes-list-map-keys"] == ["name"]


def test_patch_operation(document: bytes) -> None:
    """kubectl reads the kind and the query parameters from here."""
    item = named(document, 8, 2)["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    patch = all_of(item, 8)[0]
    gvk = orjson.loads(all_of(named(patch, 13)["x-kubernetes-group-version-kind"], 2)[0])
    assert gvk == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert b"#/parameters/fieldValidation" in all_of(patch, 8, 2, 1)
    assert all_of(patch, 5) == [b"patchAppsV1NamespacedDeployment"]
    assert all_of(patch, 9, 1, 1) == [b"200", b"201", b"401"]


def test_booleans_and_long_payloads() -> None:
    encoded = openapi_protobuf.definition("x", {"description": "d" * 300, "additionalProperties": True})
    schema = all_of(encoded, 9, 1, 2)[0]
    assert all_of(schema, 4) == [b"d" * 300]
    assert list(fields(all_of(schema, 21)[0])) == [(2, 1)]
