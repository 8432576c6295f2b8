"""What a sandbox node keeps on the host: its folder, its configuration, and a note of who runs it."""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy import paths
from deploy.failure import Failure
from deploy.sandbox import kernel

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of the node `name`. Raises Failure for a name that is no DNS label of at most 42 characters."""

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise Failure(
                f"{self.name!r} cannot name a sandbox node: use up to 42 of a-z, 0-9 and '-', no '-' at the ends"
            )

    @property
    def path(self) -> Path:
        return paths.SANDBOXES / self.name

    @property
    def disk(self) -> Path:
        """upper/ work/ containers/ pods/ survive a reboot; root/ is where the overlay is mounted, inside only."""
        return self.path / "disk"

    @property
    def config(self) -> Path:
        return self.path / "node.json"

    @property
    def running(self) -> Path:
        return self.path / "running.json"

    @property
    def lock(self) -> Path:
        """Held by the keeper as long as the node runs."""
        return self.path / "lock"

    @property
    def console(self) -> Path:
        return self.path / "console.log"

    @property
    def keeper_log(self) -> Path:
        return self.path / "keeper.log"


@dataclass(frozen=True, slots=True)
class Config:
    """port: where on 127.0.0.1 the host reaches the node's API. lower: overlay layers, uppermost first, with colons."""

    port: int
    lower: str

    @classmethod
    def read(cls, folder: Folder) -> "Config":
        return cls(**json.loads(folder.config.read_text()))

    def write(self, folder: Folder) -> None:
        replace(folder.config, json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Running:
    """Who the node's PID 1 is, seen from the host. `started` (clock ticks since boot) unmasks a reused pid."""

    init: int
    started: int
    keeper: int
    boots: int

    @classmethod
    def read(cls, folder: Folder) -> "Running | None":
        """None if the node is not running, whatever a stale file says."""
        try:
            found = cls(**json.loads(folder.running.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return found if kernel.start_time(found.init) == found.started else None

    def write(self, folder: Folder) -> None:
        replace(folder.running, json.dumps(asdict(self)))


def replace(path: Path, text: str) -> None:
    """Writes a file so that a reader sees the old or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)
