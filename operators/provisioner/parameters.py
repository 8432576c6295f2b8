"""The parameters of a StorageClass of this provisioner (pure)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

#: What StorageClasses call this provisioner.
PROVISIONER = "microkube.io/node"
#: Below which volumes lie where the class says nothing else.
ROOT = "/var/lib/ukube/volumes"
_MODE = re.compile(r"0?[0-7]{3,4}")
# Nothing that the machine itself lives of.
_FORBIDDEN = ("/", "/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sbin", "/sys", "/usr")


class Unusable(Exception):
    """A volume cannot be made as asked; `str()` says why, and what to change."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """`root`: below which a directory is made for each volume. `mode`: its permission bits."""

    root: str = ROOT
    mode: int = 0o777


def parse(given: Mapping[str, str]) -> Parameters:
    """Raises Unusable."""
    if unknown := sorted(set(given) - {"path", "mode"}):
        raise Unusable(f'unknown parameter "{unknown[0]}" of the StorageClass: there are "path" and "mode"')
    root, mode = given.get("path", ROOT), given.get("mode", "0777")
    # POSIX gives two slashes at the beginning a meaning of their own, so that normpath() leaves them.
    if not root.startswith("/") or root.startswith("//") or posixpath.normpath(root) != root or "\0" in root:
        raise Unusable(f'parameter "path" must be an absolute path without "." and "..", not "{root}"')
    if any(root == place or root.startswith(f"{place}/") for place in _FORBIDDEN[1:]) or root == "/":
        raise Unusable(f'parameter "path" must not be in a directory of the system, as "{root}" is')
    if not _MODE.fullmatch(mode):
        raise Unusable(f'parameter "mode" must be permission bits such as "0770", not "{mode}"')
    return Parameters(root, int(mode, 8))
