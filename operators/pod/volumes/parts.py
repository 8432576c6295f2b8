"""What volumes and their mounts are made of (plain data)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["files", "directory", "tmpfs", "hugetlbfs", "host", "image", "claim", "block", "absent"]


@dataclass(frozen=True, slots=True)
class Roots:
    """Where a Pod's volumes live: `disk` survives a reboot, `memory` is a tmpfs (Secrets, medium Memory)."""

    disk: str
    memory: str


@dataclass(frozen=True, slots=True)
class File:
    """One file of a volume made from objects: its bytes and permission bits.

    user: its owner, where that is not root. is_renewed: whether it changes by itself (a token).
    """

    data: bytes = field(repr=False)
    mode: int
    user: int | None = None
    is_renewed: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """What an image volume shows. policy: as imagePullPolicy."""

    reference: str
    policy: str


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume of a Pod.

    kind: "files" (made from API objects, swapped as a whole), "directory" (emptyDir on the disk), "tmpfs" and
    "hugetlbfs" (emptyDir in memory), "host" (a path of the node), "image", and what a claim leads to: "claim" (a
    directory) or "block" (a device). "absent": it cannot be made, and `error` says why; what was made at `path` before
    that is used on. path: where it is on the node; "" for an image.
    files: paths below the volume → contents. options: of its mount, in mount(8)'s notation; of the binds into
    containers, for a claim. size_limit: bytes. host_type: a HostPathType. group: the Pod's fsGroup, where it applies;
    policy: its fsGroupChangePolicy. read_only: nobody may write, whatever the mounts say. is_own: made for this Pod, so
    its security label may be changed.
    """

    name: str
    kind: Kind
    path: str = ""
    files: Mapping[str, File] = field(default_factory=dict)
    options: str = ""
    size_limit: int | None = None
    host_type: str = ""
    group: int | None = None
    policy: str = ""
    read_only: bool = False
    is_own: bool = True
    image: Image | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume in a container. sub_path: below it, as the container's environment expands it.

    recursive: the mount's recursiveReadOnly, "" unless it is read-only.
    """

    volume: Volume
    target: str
    read_only: bool
    propagation: str = "rprivate"
    sub_path: str = ""
    recursive: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A volume that could not be made. message: for the Event FailedMount. is_needed: containers must wait for it."""

    volume: str
    message: str
    is_needed: bool = True
