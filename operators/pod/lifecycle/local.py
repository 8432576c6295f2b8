"""What the operator remembers of a Pod while it runs; all of it can be found out again."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Local:
    """By container, unless said otherwise.

    waiting: why it cannot start. announced: the run whose start was told as an Event. ended_by_us: stopped in order
    to be started again. not_before: loop time before which it is not started again. kicks: the run whose end was
    answered by an immediate restart. environment: hash of what was written for it. basis: what that was made of, of
    the whole Pod. messages: by invocation, what was found out about an ended run. told: Events that are not to be
    repeated.
    """

    waiting: dict[str, tuple[str, str]] = field(default_factory=dict)
    restarts_before: dict[str, int] = field(default_factory=dict)
    starts: dict[str, asyncio.Task[str]] = field(default_factory=dict)
    restarts: dict[str, asyncio.Task[str]] = field(default_factory=dict)
    kicks: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    basis: object = None
    failures: int = 0
    stop: asyncio.Task[None] | None = None
    stops: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    grace: float | None = None
    announced: dict[str, str] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)
    ended_by_us: set[str] = field(default_factory=set)
    not_before: dict[str, float] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    rejected: bool = False

    def drop_starts(self) -> None:
        """Nothing more is started: what systemd has begun already, a stop takes back."""
        for task in self.pending():
            task.cancel()

    def pending(self) -> list[asyncio.Task[str]]:
        """What systemd has been asked to start or restart, and has not answered."""
        return [task for task in (*self.starts.values(), *self.restarts.values()) if not task.done()]

    def busy(self) -> list[asyncio.Task[str]]:
        return [task for task in self.starts.values() if not task.done()]
