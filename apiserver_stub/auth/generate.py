"""Build-time tool: writes auth/data from what a real server created by itself.

    python -m apiserver_stub.auth.generate --bootstrap bootstrap.yaml [--out DIR]

One object a line, without the labels and the annotation that all of them carry.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

from apiserver_stub.auth.bootstrap_roles import DATA, LABEL, RESOURCES


def line(resource: str, obj: Mapping[str, Any]) -> bytes:
    """An object of the source in the form that bootstrap_roles reads."""
    labels = {key: value for key, value in (obj.get("labels") or {}).items() if key != LABEL}
    names = ("name", "namespace", "aggregationRule", "rules", "roleRef", "subjects")
    content = {name: obj[name] for name in names if obj.get(name)}
    return orjson.dumps({"resource": resource} | content | ({"labels": labels} if labels else {}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    found = yaml.safe_load(arguments.bootstrap.read_text())
    lines = [line(resource, obj) for key, resource in RESOURCES.items() for obj in found[key]]
    arguments.out.write_bytes(b"[\n" + b",\n".join(lines) + b"\n]\n")


if __name__ == "__main__":
    main()
