"""What custom resources must keep besides values: unique items of sets and maps, well-formed embedded resources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema import diagnose, openapi
from apiserver_stub.schema.structural_shape import Shape

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def unique(shape: Shape, value: Any, path: str = "") -> list[FieldError]:
    """Faults of lists of type set and map: what stands in them twice."""
    if not shape.with_lists:
        return []
    out: list[FieldError] = []
    if isinstance(value, dict):
        for name, inner in value.items():
            if shape.values is not None:
                out += unique(shape.values, inner, f"{path}[{name}]")
            if name in shape.fields:
                out += unique(shape.fields[name], inner, field.path(path, name))
    elif isinstance(value, list):
        if shape.list_type == "set":
            out += [field.duplicate(f"{path}[{index}]", value[index]) for index in _repeated(value)]
        elif shape.list_type == "map":
            out += _unique_keys(shape.keys, value, path)
        if shape.items is not None:
            for index, item in enumerate(value):
                out += unique(shape.items, item, f"{path}[{index}]")
    return out


def _repeated(values: Sequence[Any]) -> Iterable[int]:
    """Where a value stands for the second time."""
    seen: dict[bytes, int] = {}
    for index, value in enumerate(values):
        key = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        times = seen[key] = seen.get(key, 0) + 1
        if times == 2:
            yield index


def _unique_keys(keys: Sequence[str], value: Sequence[Any], path: str) -> list[FieldError]:
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            detail = "must be an object for an array of list-type map"
            return [field.invalid(f"{path}[{index}]", item, detail)]
    own = [{key: item[key] for key in keys if key in item} if item else {} for item in value]
    return [field.duplicate(f"{path}[{index}]", own[index]) for index in _repeated(own)]


def embedded(shape: Shape, value: Any, path: str = "", *, root: bool = True) -> list[FieldError]:
    """Faults in the type and metadata of embedded resources; the object itself is looked at elsewhere."""
    if not shape.with_embedded:
        return []
    out: list[FieldError] = []
    if isinstance(value, dict):
        if shape.embedded and not root:
            out += _resource(value, path)
        for name, inner in value.items():
            if name in shape.fields:
                out += embedded(shape.fields[name], inner, field.path(path, name), root=False)
            elif shape.values is not None:
                out += embedded(shape.values, inner, f"{path}[{name}]", root=False)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            out += embedded(shape.items, item, f"{path}[{index}]", root=False)
    return out


def _resource(value: dict[str, Any], path: str) -> list[FieldError]:
    # The registry stands above this module; its rules of metadata are for embedded resources too.
    from apiserver_stub.registry import formats

    out = []
    for name in ("apiVersion", "kind"):
        here = field.path(path, name)
        text = value.get(name)
        if name not in value or text == "":
            out.append(field.required(here))
        elif not isinstance(text, str):
            out.append(field.invalid(here, text, "must be a string"))
        elif name == "apiVersion" and text.count("/") > 1:
            out.append(field.invalid(here, text, f"unexpected GroupVersion string: {text}"))
        elif name == "kind" and (faults := formats.label_1035(text.lower())):
            detail = f"may have mixed case, but should otherwise match: {','.join(faults)}"
            out.append(field.invalid(here, text, detail))
    if "metadata" in value:
        out += _metadata(value["metadata"], field.path(path, "metadata"))
    return out


def _metadata(meta: Any, path: str) -> list[FieldError]:
    from apiserver_stub.registry import formats, metadata

    if meta is None:
        return []
    if not isinstance(meta, dict):
        kinds = {bool: "bool", str: "string", int: "number", float: "number", list: "array"}
        detail = f"json: cannot unmarshal {kinds[type(meta)]} into Go value of type v1.ObjectMeta"
        return [field.invalid(path, meta, detail)]
    try:
        diagnose.Decoder().decode(meta, openapi.definitions().node(_META))
    except diagnose.DecodeError as problem:
        return [field.invalid(path, meta, str(problem))]
    out = []
    for name in ("generateName", "name"):
        if meta.get(name):
            out += formats.faults(f"{path}.{name}", meta[name], formats.path_segment(meta[name]))
    if meta.get("namespace"):
        out += formats.faults(f"{path}.namespace", meta["namespace"], formats.label(meta["namespace"]))
    for fault in metadata.common(meta, any_finalizer=True):
        out.append(FieldError(fault.reason, path + fault.field.removeprefix("metadata"), fault.value, fault.detail))
    return out
