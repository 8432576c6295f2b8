"""The parameters of a StorageClass of this provisioner (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from operators._kube import nodevolumes

_MODE = re.compile(r"0?[0-7]{3,4}")


class Unusable(Exception):
    """A volume cannot be made as asked; `str()` says why, and what to change."""


class Waiting(Unusable):
    """What a volume is to begin with is not there yet."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """`root`: below which a directory is made for each volume. `mode`: its permission bits."""

    root: str = nodevolumes.ROOT
    mode: int = 0o777


def parse(given: Mapping[str, str]) -> Parameters:
    """Raises Unusable."""
    if unknown := sorted(set(given) - {"path", "mode"}):
        raise Unusable(f'unknown parameter "{unknown[0]}" of the StorageClass: there are "path" and "mode"')
    root, mode = given.get("path", nodevolumes.ROOT), given.get("mode", "0777")
    if why := nodevolumes.objection(root):
        raise Unusable(f'parameter "path" {why}')
    if not _MODE.fullmatch(mode):
        raise Unusable(f'parameter "mode" must be permission bits such as "0770", not "{mode}"')
    return Parameters(root, int(mode, 8))
