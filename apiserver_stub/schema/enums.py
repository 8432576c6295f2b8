"""Closed sets of words in the published OpenAPI definitions, as kube-apiserver shows them; used at build time."""

from pathlib import Path
from typing import Any

import yaml

_DATA = Path(__file__).with_name("data") / "enums.yaml"
_HEADING = "\n\nPossible enum values:"

JSON = dict[str, Any]


def add(definitions: dict[str, Any]) -> None:
    """Completes OpenAPI v2 definitions in place: `enum`, and a list of the words at the end of the description."""
    for kind in yaml.safe_load(_DATA.read_text()).values():
        # YAML has words of its own for some of these.
        words = {str(word): text for word, text in kind["words"].items()}
        for place in kind["fields"]:
            definition, _, field = place.rpartition(".")
            properties = definitions[f"io.k8s.api.{definition}"]["properties"]
            _complete(properties[field.removesuffix("[]")], words, of_items=field.endswith("[]"))


def _complete(schema: JSON, words: dict[str, str], *, of_items: bool) -> None:
    if of_items:
        schema["items"]["enum"] = sorted(words)
        return
    schema["enum"] = sorted(words)
    listed = "".join(f'\n - `"{word}"`{" " if words[word] else ""}{words[word]}' for word in sorted(words))
    schema["description"] = schema["description"].partition(_HEADING)[0] + _HEADING + listed
