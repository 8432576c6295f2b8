"""A container's environment as files for podman: never in its arguments, which everybody may read (pure)."""

import json
import re
from collections.abc import Collection, Mapping

_NAME = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]*")
_LONGEST_LINE = 60_000  # podman's reader gives up at 64 KiB


def render(variables: Mapping[str, str]) -> tuple[str, str]:
    """(an --env-file, a containers.conf with what such a file cannot hold, or ""). Raises ValueError for NUL."""
    if any("\0" in value for value in variables.values()):
        raise ValueError("a NUL character cannot be part of an environment variable")
    lines = [f"{name}={value}\n" for name, value in variables.items() if fits(name, value)]
    others = [f"{name}={value}" for name, value in variables.items() if not fits(name, value)]
    if not others:
        return "".join(lines), ""
    # A TOML basic string has the same escapes as JSON's, but for DEL.
    quoted = ",\n  ".join(json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f") for text in others)
    return "".join(lines), f"[containers]\nenv = [\n  {quoted}\n]\n"


def fits(name: str, value: str) -> bool:
    """Whether --env-file can hold it: one line, which podman does not take for anything else."""
    is_line = "\n" not in value and not value.endswith("\r") and len(value.encode("utf-8", "replace")) < _LONGEST_LINE
    return is_line and _NAME.fullmatch(name) is not None


def unsettable(variables: Mapping[str, str], image_names: Collection[str]) -> list[str]:
    """Names that only the containers.conf can hold, where the image's own value would win over it."""
    return sorted(name for name, value in variables.items() if name in image_names and not fits(name, value))
