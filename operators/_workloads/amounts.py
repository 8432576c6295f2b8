"""Numbers that may be given as a share (pure). See "IntOrString" in the Kubernetes API reference."""

from __future__ import annotations


def whole(value: int | str, total: int, *, round_up: bool) -> int:
    """A count of Pods: "25%" of `total` is rounded up or down, a number is itself. Raises ValueError for other text."""
    if isinstance(value, int):
        return value
    percent = int(value.removesuffix("%"))
    return -(-percent * total // 100) if round_up else percent * total // 100
