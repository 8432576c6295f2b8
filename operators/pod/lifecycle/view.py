"""What a container is doing, from its unit's state and its recorded exits (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from operators.pod.lifecycle.exits import Exit

Doing = Literal["absent", "starting", "running", "backoff", "exited"]


class UnitState(Protocol):
    """The part of a unit's state that counts; see operators._node.ports.UnitState."""

    @property
    def active(self) -> str: ...
    @property
    def sub(self) -> str: ...
    @property
    def result(self) -> str: ...
    @property
    def invocation(self) -> str: ...
    @property
    def started(self) -> float: ...
    @property
    def exited(self) -> float: ...


@dataclass(frozen=True, slots=True)
class View:
    """One container as it is now.

    doing: "absent" never started; "backoff" between two runs; "exited" ended, and systemd will not start it again.
    container_id, invocation, started: of the present run (of the last one, when "exited").
    exits: the ended runs since the Pod's sandbox was made, oldest first; `forgotten`: how many there were before those.
    """

    doing: Doing = "absent"
    container_id: str = ""
    invocation: str = ""
    started: float = 0.0
    exits: tuple[Exit, ...] = ()
    forgotten: int = 0

    @property
    def runs_before(self) -> int:
        """How many runs came before the one that is reported: restartCount, within this sandbox."""
        made = self.forgotten + sum(exit_.is_created for exit_ in self.exits)
        return made if self.doing == "running" else max(0, made - 1)


def observe(role: str, state: UnitState | None, container_id: str, has_pid: bool, exits: Sequence[Exit]) -> View:
    """`has_pid`: the container's pid file is there, so the container exists."""
    ended = tuple(exits)
    if state is None or state.active in ("inactive", "failed", ""):
        return _ended(ended)
    if state.sub.startswith("auto-restart"):
        return View("backoff", exits=ended)
    if state.active == "active" and role == "init":
        # Its own record is only written when the unit is stopped: systemd knows the rest.
        done = Exit(state.invocation, "success", 0, container_id, state.started, state.exited)
        return _ended((*ended, done))
    if state.active == "active" or (role == "init" and state.active == "activating" and has_pid):
        return View("running", container_id, state.invocation, state.started, ended)
    if state.active == "deactivating":
        if any(exit_.invocation == state.invocation for exit_ in ended) or not has_pid:
            return _ended(ended)
        return View("running", container_id, state.invocation, state.started, ended)
    return View("starting", container_id, state.invocation, state.started, ended)


def _ended(exits: tuple[Exit, ...]) -> View:
    if not exits:
        return View()
    last = exits[-1]
    return View("exited", last.container_id, last.invocation, last.started, exits)
