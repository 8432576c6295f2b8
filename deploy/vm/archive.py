"""cpio archives as the kernel unpacks them at boot (pure). See the kernel's "initramfs buffer format"."""

from collections.abc import Iterable
from dataclasses import dataclass

FOLDER = 0o040755
PROGRAM = 0o100755
FILE = 0o100644


@dataclass(frozen=True, slots=True)
class Entry:
    """`mode`: type and permissions, as in stat(2)."""

    name: str
    mode: int
    data: bytes = b""


def pack(entries: Iterable[Entry]) -> bytes:
    """The archive in the "newc" format, entries in their order."""
    return b"".join(_one(index, entry) for index, entry in enumerate([*entries, Entry("TRAILER!!!", 0)], 1))


def _one(inode: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    fields = (inode, entry.mode, 0, 0, 1, 0, len(entry.data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return _padded(head) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
