"""The disk of a sandbox node, and the port at which the host finds it."""

import socket
import uuid
from pathlib import Path

from deploy.sandbox.files import Config, Folder


def prepare(folder: Folder, found: list[Path]) -> None:
    """Writes the folder of a node that is off: its disk on first use, and which layers it boots from now on."""
    for name in ("upper/etc", "work", "containers", "root"):
        (folder.disk / name).mkdir(parents=True, exist_ok=True)
    for path in (folder.path, folder.disk, folder.disk / "containers"):
        path.chmod(0o700)
    for path in (folder.disk / "upper", folder.disk / "upper/etc"):
        path.chmod(0o755)
    identity = folder.disk / "upper/etc/machine-id"
    if not identity.exists():
        identity.write_text(f"{uuid.uuid4().hex}\n")
        (folder.disk / "upper/etc/hostname").write_text(f"{folder.name}\n")
    port = Config.read(folder).port if folder.config.exists() else 0
    Config(port if port and _is_free(port) else _free_port(), ":".join(map(str, found))).write(folder)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
