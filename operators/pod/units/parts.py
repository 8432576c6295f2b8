"""What the text of a Pod's units is made of (plain data)."""

from dataclasses import dataclass
from pathlib import Path

from operators.pod.paths import Paths
from operators.pod.security.users import User
from operators.pod.sources import Object


@dataclass(frozen=True, slots=True)
class Bind:
    """A path of the node at a path of the container. `propagation` as in mount(8): "rprivate", "rslave", "rshared"."""

    source: str
    target: str
    read_only: bool = False
    propagation: str = "rprivate"


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
class Container:
    """One container with everything it refers to resolved.

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


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts of the node that unit texts depend on.

    controllers: cgroup v2 controllers that exist here. seccomp: the folder of Localhost profiles. is_seccomp_default:
    containers that say nothing get the runtime's profile. unsafe_sysctls: patterns of what is allowed beyond the safe
    ones. runtimes: OCI runtimes that podman knows.
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
    runtimes: frozenset[str] = frozenset({"crun"})
