"""What a Pod's status is computed from, beside the Pod itself (plain data)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from operators.pod.lifecycle.ending import Ending
from operators.pod.lifecycle.view import View
from operators.pod.sources import Object


@dataclass(frozen=True, slots=True)
class Report:
    """One container, as far as the node knows it.

    waiting: (reason, message) of what keeps it from starting. restarts_before: restartCount at the time its present
    sandbox was made. is_ready, is_started: what its probes say, True where it has none. user: as in the status.
    stop_signal: "SIGTERM" and its like; "" while it is not known. volume_images: what its image volumes
    show, by volume. resources: what it runs with; None: not known.
    """

    view: View = field(default_factory=View)
    waiting: tuple[str, str] | None = None
    image: str = ""
    image_id: str = ""
    restarts_before: int = 0
    is_ready: bool = True
    is_started: bool = True
    resources: Object | None = None
    user: Object | None = None
    stop_signal: str = ""
    volume_images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the node adds. has_sandbox: the Pod's namespaces stand. is_over: nothing runs, or will be started again.

    ending: why the node ends the Pod, if it does. resize: conditions of a resize, without times.
    """

    pod_ip: str = ""
    host_ips: tuple[str, ...] = ()
    has_sandbox: bool = False
    is_over: bool = False
    reports: Mapping[str, Report] = field(default_factory=dict)
    resize: Sequence[Object] = ()
    ending: Ending | None = None
