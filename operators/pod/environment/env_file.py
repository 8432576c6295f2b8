"""A container's environment as files for podman: never in its arguments, which everybody may read (pure)."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]*")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_LINE = 60_000  # podman's reader gives up at 64 KiB
_CARRIER = "_UKUBE_VALUE_"


@dataclass(frozen=True, slots=True)
class Rendered:
    """plain: for --env-file. conf: a containers.conf with what that cannot hold, or "". words: of `podman run`."""

    plain: str
    conf: str = ""
    words: tuple[str, ...] = ()


def render(variables: Mapping[str, str], image_names: Collection[str] = ()) -> Rendered:
    """`image_names`: variables that the image sets. Raises ValueError for what no environment can hold.

    An image's own value wins over the containers.conf's. A variable of many lines that the image sets too is put there
    under another name and copied from it, which podman does with the image's own variables: --env-merge.
    """
    _check(variables)
    plain = [f"{name}={value}\n" for name, value in variables.items() if fits(name, value)]
    others: list[str] = []
    words: list[str] = []
    for name, value in variables.items():
        if fits(name, value):
            continue
        if name not in image_names:
            others.append(f"{name}={value}")
            continue
        if not _PLAIN.fullmatch(name):
            raise ValueError(f"variable {name} has more than one line and is also set by the image")
        carrier = f"{_CARRIER}{len(words) // 2}"
        others.append(f"{carrier}={value}")
        words += [f"--env-merge={name}=${{{carrier}}}", f"--unsetenv={carrier}"]
    if not others:
        return Rendered("".join(plain))
    # A TOML basic string has the same escapes as JSON's, but for DEL.
    quoted = ",\n  ".join(json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f") for text in others)
    return Rendered("".join(plain), f"[containers]\nenv = [\n  {quoted}\n]\n", tuple(words))


def fits(name: str, value: str) -> bool:
    """Whether --env-file can hold it: one line, which podman does not take for anything else."""
    is_line = "\n" not in value and not value.endswith("\r") and len(value.encode()) < _LONGEST_LINE
    return is_line and _NAME.fullmatch(name) is not None


def _check(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if "\0" in value:
            raise ValueError(f"variable {name}: a NUL character cannot be part of an environment variable")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"variable {name}: the value contains invalid UTF-8") from error
