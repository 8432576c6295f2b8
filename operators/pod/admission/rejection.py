"""What an admission check looks at, and what it says (plain data)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from operators.pod.sources import Object


@dataclass(frozen=True, slots=True)
class Rejection:
    """status.reason and the message of a Pod that cannot run here."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Scene:
    """The node as a new Pod finds it.

    taken_ports: (protocol in lower case, port). node: the Node object. others: the Pods here that have not ended,
    without the new one. has_apparmor, unsafe_sysctls: see Machine.
    """

    names_are_safe: bool = True
    taken_ports: Collection[tuple[str, int]] = ()
    node: Object = field(default_factory=dict)
    others: Sequence[Object] = ()
    has_apparmor: bool = False
    unsafe_sysctls: Sequence[str] = ()


Check = Callable[[Object, Scene], Rejection | None]
