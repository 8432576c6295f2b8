"""Where podman puts the layers it is fetching, and how much of them is there (blocking)."""

import contextlib
import os
from pathlib import Path

_PARENT = Path("/var/tmp")  # noqa: S108 - podman's, see image_copy_tmp_dir in containers.conf(5)
_PREFIX = "container_images_storage"


def folders() -> frozenset[str]:
    """One for each pull that goes on."""
    try:
        return frozenset(path.name for path in _PARENT.iterdir() if path.name.startswith(_PREFIX))
    except OSError:
        return frozenset()


def size(without: frozenset[str]) -> int:
    """Bytes in the folders that were not there before."""
    total = 0
    for name in folders() - without:
        with contextlib.suppress(OSError), os.scandir(_PARENT / name) as entries:
            total += sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    return total
