"""Whether podman's images are what they were when last asked for: a look at its index, which costs nothing."""

from pathlib import Path

INDEX = Path("/var/lib/containers/storage/overlay-images/images.json")

Stamp = tuple[int, int, int] | None


def take(index: Path = INDEX) -> Stamp:
    """Another one after every change; None: it cannot be told."""
    try:
        found = index.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
