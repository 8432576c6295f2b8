"""The machine as Protocols, so that what uses it can be tried without one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class UnitState:
    """What systemd last said of a unit; property names as in org.freedesktop.systemd1(5).

    active: ActiveState; sub: SubState; times in seconds since the epoch, 0.0: never.
    """

    active: str
    sub: str = ""
    result: str = ""
    main_pid: int = 0
    started: float = 0.0
    exited: float = 0.0
    exit_code: int = 0
    exit_status: int = 0
    invocation: str = ""

    @property
    def is_running(self) -> bool:
        return self.active == "active" and self.sub == "running"


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image in podman's store, from its inspection.

    layers: folders with its files, the uppermost first; () where the storage driver is not overlay.
    """

    id: str
    names: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[str, ...] = ()


class SystemdError(Exception):
    """systemd refused, or could not be asked; `name` is the D-Bus error name."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class PodmanError(Exception):
    """podman refused; `status` is the HTTP code of its API, 0 when it could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


OnChange = Callable[[str], None]
"""Called with the name of a unit whose state changed; on the event loop, must not block or raise."""


class Systemd(Protocol):
    """The service manager. Unit states are kept up to date by signals: reading them costs nothing."""

    def state(self, unit: str) -> UnitState | None:
        """None: not loaded, which is also how a collected unit that has ended looks."""

    async def start(self, unit: str) -> str:
        """Starts it and waits; the job's result: "done", "failed", "dependency", "canceled", "timeout" …"""

    async def stop(self, unit: str) -> str: ...

    async def restart(self, unit: str) -> str: ...

    async def reload(self) -> None: ...

    async def set_property(self, unit: str, name: str, value: int) -> None: ...


class Podman(Protocol):
    """podman's images."""

    async def image(self, name: str) -> ImageInfo | None: ...

    async def images(self) -> list[ImageInfo]: ...

    async def pull(self, name: str, auth: str = "", line: Callable[[str], None] = ...) -> ImageInfo: ...

    async def remove(self, name: str) -> None: ...
