"""The table of fields as a page: python -m operators.pod.support.page > docs/reference/pod-support.md."""

import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

STATES = {
    "done": "yes",
    "api": "elsewhere",
    "refused": "**refused**",
    "reported": "**left out**, with an Event",
    "void": "no meaning here",
}
_HEAD = """\
# What a Pod can say

Every field of a Pod's spec in Kubernetes v1.36, by the type it stands in, and what this node does with it. "Refused":
the Pod is rejected, or waits, with a reason; nothing is left out silently. "Elsewhere": the API server or another
operator acts on it. Made from `operators/pod/support/fields.yaml`; a test compares that table with the OpenAPI schema.
"""

Table = Mapping[str, Mapping[str, tuple[str, str]]]


def table() -> Table:
    """(state, how) by type and field. States: see STATES."""
    text = (Path(__file__).parent / "fields.yaml").read_text()
    return {
        type_: {name: _split(entry) for name, entry in fields.items()} for type_, fields in yaml.safe_load(text).items()
    }


def _split(entry: str) -> tuple[str, str]:
    state, _, how = entry.partition(": ")
    return state, how


def render(fields: Table) -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    for type_, entries in fields.items():
        rows = [f"| `{name}` | {STATES[state]} | {how} |" for name, (state, how) in sorted(entries.items())]
        parts.append("\n".join([f"## {type_}\n", "| field | | how |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render(table()))
