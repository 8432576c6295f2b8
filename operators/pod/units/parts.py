"""What the text of a Pod's units is made of (plain data)."""

from dataclasses import dataclass
from pathlib import Path

from operators.pod.paths import Paths
from operators.pod.security.users import User
from operators.pod.sources import Object


@dataclass(frozen=True, slots=True)
class Bind:
    """A path of the node at a path of the container; where `image` is an ID, a path of that image.

    propagation as in mount(8): "rprivate", "rslave", "rshared". relabel: containers may have it under SELinux.
    options: more of the mount's ("noexec", "nosuid", "nodev").
    """

    source: str
    target: str
    read_only: bool = False
    propagation: str = "rprivate"
    image: str = ""
    relabel: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the node in a container. access: of "r", "w" and "m"."""

    source: str
    target: str
    access: str


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of an image on the node.

    `reference`: for status.imageID; `env`: names its own environment sets; `layers`: see ImageInfo.
    """

    id: str
    reference: str
    user: str = ""
    stop_signal: str = "TERM"
    env: frozenset[str] = frozenset()
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Isolation:
    """What a Pod's sandbox was made with. users: the first of its user IDs on the node, 0: the node's own users.

    runtime: podman's name of the OCI runtime; "": the usual one.
    """

    users: int = 0
    runtime: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One container with everything it refers to resolved.

    has_pins: some of its mounts are made before each start.
    command, args: with $(VAR) expanded; None: the image's own. user: None: podman must find out.
    env_words: words of `podman run` that some variables need. pid_namespace: another container's, for `--pid=`.
    """

    spec: Object
    role: str  # "container" | "init" | "sidecar"
    image: Image
    command: list[str] | None = None
    args: list[str] | None = None
    binds: tuple[Bind, ...] = ()
    user: User | None = None
    env_words: tuple[str, ...] = ()
    pid_namespace: str = ""
    devices: tuple[Device, ...] = ()
    has_pins: bool = False
    isolation: Isolation = Isolation()


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts of the node that unit texts depend on.

    controllers: cgroup v2 controllers that exist here. seccomp: the folder of Localhost profiles. is_seccomp_default:
    containers that say nothing get the runtime's profile. unsafe_sysctls: patterns of what is allowed beyond the safe
    ones. has_default_mounts: podman has a mounts.conf. memory: in bytes.
    """

    paths: Paths
    bridge: str = "ukube0"
    gateway: str = "10.244.0.1"
    prefix: int = 22
    controllers: frozenset[str] = frozenset()
    podman: str = "/usr/bin/podman"
    seccomp: Path = Path("/var/lib/kubelet/seccomp")
    is_seccomp_default: bool = True
    has_apparmor: bool = False
    unsafe_sysctls: tuple[str, ...] = ()
    has_default_mounts: bool = False
    memory: int = 0
    can_lower_oom_scores: bool = False
