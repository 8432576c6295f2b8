"""Build-time tool: writes schema/data from kubernetes-validate's definitions and facts read off a real server.

    python -m apiserver_stub.schema.generate --validate-dir DIR/v1.36.0-local --discovery discovery.json \
        --columns columns.yaml --field-selectors fieldselectors.yaml [--out DIR]

The data files hold one definition per line, so that a reader can index them without parsing everything.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

from apiserver_stub.schema import enums

DEFINITIONS = "definitions.json"
FULL_DEFINITIONS = "definitions.full.json.gz"
KINDS = "kinds.json"
COLUMNS = "columns.json"
FIELD_SELECTORS = "fieldselectors.json"

_DATA = Path(__file__).with_name("data")
_REF = "#/$defs/"
# Definitions that Go decodes with a method of its own, and what we call the result.
_SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
}
# Keys of the compact form, see schema/openapi.py.
_EXTENSIONS = {
    "x-kubernetes-patch-merge-key": "mk",
    "x-kubernetes-list-type": "lt",
    "x-kubernetes-list-map-keys": "lk",
    "x-kubernetes-map-type": "mt",
}


def plain_type(schema: Mapping[str, Any]) -> str:
    """The JSON type of a schema without the "null" alternative that kubernetes-validate adds."""
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else [t for t in types if t != "null"]
    return names[0] if names else ""


def compact(schema: Mapping[str, Any]) -> Any:
    """One property in compact form: a word for a scalar, "#name" for a reference, else a dict."""
    if "$ref" in schema:
        base: Any = reference(schema["$ref"].removeprefix(_REF))
    else:
        base = _compact_inline(schema)
    extra = {short: schema[key] for key, short in _EXTENSIONS.items() if key in schema}
    if "x-kubernetes-patch-strategy" in schema:
        extra["ps"] = schema["x-kubernetes-patch-strategy"].split(",")
    if not extra:
        return base
    return {**(base if isinstance(base, dict) else {"t": base}), **extra}


def reference(name: str) -> str:
    return _SPECIAL.get(name, f"#{name}")


def _compact_inline(schema: Mapping[str, Any]) -> Any:
    kind = plain_type(schema)
    if kind == "array":
        return {"t": "array", "i": compact(schema["items"])}
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return {"t": "map", "v": compact(schema["additionalProperties"])}
    if kind == "integer":
        return schema.get("format", "int64")
    if kind == "string" and schema.get("format") == "byte":
        return "byte"
    return {"string": "string", "boolean": "boolean", "number": "double"}.get(kind, "any")


def compact_definition(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A definition in compact form: {"f": {field: property}, "r": [required…]}, or {"t": "any"}."""
    if "properties" not in schema:
        return {"f": {}} if plain_type(schema) == "object" and not _free_form(schema) else {"t": "any"}
    out: dict[str, Any] = {"f": {name: compact(value) for name, value in schema["properties"].items()}}
    if schema.get("required"):
        out["r"] = schema["required"]
    if schema.get("x-kubernetes-map-type"):
        out["mt"] = schema["x-kubernetes-map-type"]
    return out


def _free_form(schema: Mapping[str, Any]) -> bool:
    """Whether a definition without properties stands for any JSON, not for an empty struct."""
    text: str = schema.get("description", "")
    return text.startswith(("RawExtension", "FieldsV1", "JSON", "Patch"))


def full_definition(schema: Any) -> Any:
    """A definition as OpenAPI v2 publishes it: no null types, references to #/definitions/."""
    if isinstance(schema, list):
        return [full_definition(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: full_definition(value) for key, value in schema.items()}
    if isinstance(schema.get("type"), list):
        out["type"] = plain_type(schema)
    if isinstance(schema.get("$ref"), str):
        out["$ref"] = schema["$ref"].replace(_REF, "#/definitions/")
    return out


def full_definitions(definitions: Mapping[str, Any]) -> dict[str, Any]:
    out = {name: full_definition(schema) for name, schema in definitions.items()}
    for schema in out.values():
        # kubernetes-validate pins apiVersion and kind of a top-level kind; the published schema doesn't.
        for name in ("apiVersion", "kind"):
            schema.get("properties", {}).get(name, {}).pop("enum", None)
    for name, word in _SPECIAL.items():
        out[name].pop("oneOf", None)
        out[name]["type"] = "string"
        if word == "int-or-string":
            out[name]["format"] = word
    enums.add(out)
    return out


def kinds(discovery: Mapping[str, Any], definitions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Groups in discovery's order: {"group", "versions": [{"version", "resources": […]}]}."""
    by_gvk = {
        (gvk["group"], gvk["version"], gvk["kind"]): name
        for name, schema in definitions.items()
        for gvk in schema.get("x-kubernetes-group-version-kind", [])
    }
    out = []
    for item in [*discovery["api"]["items"], *discovery["apis"]["items"]]:
        group = item["metadata"].get("name", "")
        versions = [
            {
                "version": version["version"],
                "resources": [_resource(group, version["version"], res, by_gvk) for res in version["resources"]],
            }
            for version in item["versions"]
        ]
        out.append({"group": group, "versions": versions})
    return out


def _resource(group: str, version: str, res: Mapping[str, Any], by_gvk: Mapping[Any, str]) -> dict[str, Any]:
    kind = res["responseKind"]["kind"]
    out = {
        "name": res["resource"],
        "kind": kind,
        "list": kind + "List" if (group, version, kind + "List") in by_gvk else "",
        "singular": res["singularResource"],
        "namespaced": res["scope"] == "Namespaced",
        "verbs": res["verbs"],
        "definition": by_gvk[group, version, kind],
    }
    for key, source in (("short", "shortNames"), ("categories", "categories")):
        if res.get(source):
            out[key] = res[source]
    if res.get("subresources"):
        out["sub"] = [_subresource(group, version, sub) for sub in res["subresources"]]
    return out


def _subresource(group: str, version: str, sub: Mapping[str, Any]) -> list[Any]:
    kind = sub["responseKind"]
    # Discovery leaves group and version out where they are the parent's.
    own = (kind["group"], kind["version"]) if kind["version"] else (group, version)
    return [sub["subresource"], kind["kind"], *own, sub["verbs"]]


def lines(entries: Iterable[tuple[str, Any]]) -> bytes:
    """A JSON object with one member per line."""
    rows = [orjson.dumps(name) + b":" + orjson.dumps(value) for name, value in entries]
    return b"{\n" + b",\n".join(rows) + b"\n}\n"


def write(out: Path, name: str, content: bytes) -> None:
    """Writes `content`, compressed reproducibly when the name says so."""
    data = gzip.compress(content, 9, mtime=0) if name.endswith(".gz") else content
    (out / name).write_bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validate-dir", type=Path, required=True, help="directory that holds _definitions.json")
    parser.add_argument("--discovery", type=Path, required=True, help="aggregated discovery of /api and /apis (JSON)")
    parser.add_argument("--columns", type=Path, required=True, help="Table columns of each resource (YAML)")
    parser.add_argument("--field-selectors", type=Path, required=True, help="field selectors of each resource (YAML)")
    parser.add_argument("--out", type=Path, default=_DATA)
    args = parser.parse_args()

    definitions = orjson.loads((args.validate_dir / "_definitions.json").read_bytes())["$defs"]
    ordered = sorted(definitions.items())
    args.out.mkdir(exist_ok=True)
    write(args.out, DEFINITIONS, lines((name, compact_definition(schema)) for name, schema in ordered))
    write(args.out, FULL_DEFINITIONS, lines(sorted(full_definitions(definitions).items())))
    write(args.out, KINDS, orjson.dumps(kinds(orjson.loads(args.discovery.read_bytes()), definitions)))
    columns = yaml.safe_load(args.columns.read_text())
    rows = {key: [[c["name"], c["type"], c["format"], c["priority"]] for c in cells] for key, cells in columns.items()}
    write(args.out, COLUMNS, lines(rows.items()))
    write(args.out, FIELD_SELECTORS, lines(yaml.safe_load(args.field_selectors.read_text()).items()))


if __name__ == "__main__":
    main()
