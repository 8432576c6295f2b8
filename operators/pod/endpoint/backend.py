"""What the kubelet endpoint asks of the pod operator: which container is meant, and where its machinery lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from operators.pod.endpoint import exposition, reviews


class PodNotFound(Exception):
    """No such Pod on this node."""


class ContainerNotFound(Exception):
    """The Pod is here, its spec names no such container (neither plain, init nor ephemeral)."""


@dataclass(frozen=True, slots=True)
class ContainerRef:
    """One container of one Pod, as it is now.

    state: as in containerStatuses[].state; "waiting" also between two runs (CrashLoopBackOff).
    reason: of the waiting state, e.g. "ContainerCreating", "ErrImagePull", "CrashLoopBackOff"; "" otherwise.
    container_id: podman's full id (64 hex digits), "" while there is none.
    pid: of the container's first process in the node's pid namespace, 0 unless it runs.
    log_dir: holds one `<INVOCATION_ID>.log` per run in CRI format; need not exist yet.
    tty, stdin, stdin_once: of the container's spec.
    """

    namespace: str
    pod: str
    uid: str
    container: str
    state: Literal["waiting", "running", "terminated"]
    reason: str
    container_id: str
    pid: int
    log_dir: Path
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False

    @property
    def running(self) -> bool:
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class PodRef:
    """One Pod of this node; netns: its network namespace as a path, None for the host's (hostNetwork)."""

    namespace: str
    pod: str
    uid: str
    netns: Path | None
    running: bool


class Backend(Protocol):
    """Answers from what the pod operator knows; the calls may look at the machine, so they are async.

    reviews: who may ask for what. log_root: the folder that /logs/ shows.
    """

    @property
    def reviews(self) -> reviews.Reviews: ...

    @property
    def log_root(self) -> Path: ...

    async def container(self, namespace: str, pod: str, container: str) -> ContainerRef:
        """Raises PodNotFound, ContainerNotFound."""

    async def pod(self, namespace: str, pod: str) -> PodRef:
        """Raises PodNotFound."""

    def pods(self) -> Sequence[dict[str, Any]]:
        """The Pod objects bound to this node (for GET /pods); must not be changed."""

    def configuration(self) -> Mapping[str, Any]:
        """The node's KubeletConfiguration."""

    async def summary(self, *, only_cpu_and_memory: bool) -> Mapping[str, Any]:
        """What the node and its Pods use, as /stats/summary has it."""

    async def own_metrics(self) -> Sequence[exposition.Family]:
        """What kubelet counts about itself."""

    async def resource_metrics(self) -> Sequence[exposition.Family]: ...

    async def cadvisor_metrics(self) -> Sequence[exposition.Family]: ...

    def probe_metrics(self) -> bytes: ...
