"""Valid bodies of every kind: those that a real server accepted, from the recorded exchanges."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SCENARIOS = Path(__file__).parents[1] / "golden/scenarios"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VARIABLE = re.compile(r"\$\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Sample:
    """A POST that was answered with 201: to a collection, or to a subresource."""

    path: str
    body: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.body.get("metadata", {}).get("name") or "fuzz")


def samples() -> list[Sample]:
    found = {}
    for file in sorted(SCENARIOS.glob("*.yaml")):
        for step in yaml.load(file.read_text(), _LOADER)["steps"]:
            sample = _sample(step)
            if sample is not None:
                found[json.dumps(sample.body, sort_keys=True) + sample.path] = sample
    return list(found.values())


def _sample(step: dict[str, Any]) -> Sample | None:
    body, expected = step.get("body"), step.get("expect") or {}
    if step.get("method") != "POST" or not isinstance(body, dict) or expected.get("status") != 201:
        return None
    plain = _VARIABLE.sub(_plain, json.dumps({"path": step["path"], "body": body}))
    return Sample(**json.loads(plain))


def _plain(match: re.Match[str]) -> str:
    """What stands for a variable of the recording."""
    return {"NS": "default", "P": "fuzz"}.get(match[1], "fuzz")
