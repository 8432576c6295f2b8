"""What a container's mounts need before each start, and a Pod's volumes after a reboot, as lists for libexec (pure)."""

from collections.abc import Iterable
from pathlib import Path

from operators.pod.volumes.parts import Mount, Volume

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/~:=,+@")


def volumes(planned: Iterable[Volume]) -> str:
    """Lines for volumes.sh: kind, options or mode, path. Only what a reboot takes."""
    lines: list[tuple[str, ...]] = []
    for volume in planned:
        if volume.kind in ("tmpfs", "hugetlbfs"):
            lines.append((volume.kind, volume.options, escape(volume.path)))
        elif volume.kind == "host" and volume.host_type == "DirectoryOrCreate":
            lines.append(("directory", "0755", escape(volume.path)))
        # Not one of no type: it may be the socket of a service that has not started yet.
        elif volume.kind == "host" and volume.host_type == "FileOrCreate":
            lines.append(("file", "0644", escape(volume.path)))
    return _text(lines)


def mounts(planned: Iterable[Mount]) -> str:
    """Lines for mounts.sh: number of the pin, flags, volume's name, its path, path below it."""
    lines = []
    for index, mount in enumerate(planned):
        if needs_pin(mount):
            flags = [mount.recursive] if mount.recursive else []
            flags += ["shared"] if mount.propagation == "rshared" else []
            source, below = escape(mount.volume.path), escape(f"./{mount.sub_path}")
            lines.append((str(index), ",".join(flags) or "-", mount.volume.name, source, below))
    return _text(lines)


def needs_pin(mount: Mount) -> bool:
    """Whether the container does not simply see the volume's own root."""
    return mount.volume.kind not in ("image", "block") and bool(mount.sub_path or mount.recursive)


def pin(run: Path, container: str, index: int) -> str:
    return f"{run}/pins/{container}/{index}"


def escape(text: str) -> str:
    """For printf's %b: one word without blanks, whatever the text."""
    return "".join(
        chr(byte) if chr(byte) in _PLAIN else f"\\0{byte:03o}" for byte in text.encode("utf-8", "surrogateescape")
    )


def _text(lines: Iterable[tuple[str, ...]]) -> str:
    return "".join(" ".join(line) + "\n" for line in lines)
