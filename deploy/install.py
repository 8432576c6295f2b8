"""What an installation of MicroKube consists of: code, units, users, settings. Hosts and sandbox nodes get the same."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy import paths

CODE = ("apiserver_stub", "operators", "crds")
UNITS = ("ukube-apiserver.service", "ukube-operators.service")
SOCKET = "ukube-apiserver.socket"
UNIT_FOLDER = "/etc/systemd/system"

FILES = {
    "/etc/sysusers.d/ukube.conf": 'u ukube - "MicroKube API server" /var/lib/ukube -\n',
    "/etc/tmpfiles.d/ukube.conf": "d /etc/ukube 0755 root root -\nd /var/lib/ukube 0755 root root -\n",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """code: path below /opt/ukube/src -> file of the checkout. files: absolute path -> text. links: path -> target."""

    code: Mapping[str, Path]
    files: Mapping[str, str]
    links: Mapping[str, str]

    def digest(self) -> str:
        """Changes whenever anything that would be written changes."""
        total = hashlib.sha256(repr((sorted(self.files.items()), sorted(self.links.items()))).encode())
        for name, source in sorted(self.code.items()):
            total.update(f"{name}\0{source.stat().st_mode & 0o111}\0".encode())
            total.update(source.read_bytes())
        return total.hexdigest()

    def write(self, root: Path) -> None:
        """Puts everything below `root`; code that is no longer part of the project goes."""
        source = root / paths.PREFIX.relative_to("/") / "src"
        shutil.rmtree(source, ignore_errors=True)
        for name, file in self.code.items():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
        write_files(root, self.files)
        for where, to in self.links.items():
            link(root, where, to)


def plan() -> Plan:
    """Everything the checkout has to install."""
    code = {
        str(file.relative_to(paths.CHECKOUT)): file
        for top in CODE
        for file in sorted((paths.CHECKOUT / top).rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    own = (*UNITS, SOCKET)
    units = {f"{UNIT_FOLDER}/{unit}": (paths.CHECKOUT / "deploy/systemd" / unit).read_text() for unit in own}
    wants = {f"{UNIT_FOLDER}/multi-user.target.wants/{unit}": f"{UNIT_FOLDER}/{unit}" for unit in UNITS}
    sockets = {
        f"{UNIT_FOLDER}/sockets.target.wants/podman.socket": "/usr/lib/systemd/system/podman.socket",
        f"{UNIT_FOLDER}/sockets.target.wants/{SOCKET}": f"{UNIT_FOLDER}/{SOCKET}",
    }
    return Plan(code, {**FILES, **units}, {**wants, **sockets})


def write_files(root: Path, files: Mapping[str, str]) -> None:
    for where, text in files.items():
        target = root / where.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o644)


def link(root: Path, where: str, to: str) -> None:
    """Makes or replaces a symbolic link."""
    path = root / where.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        if path.is_symlink() and str(path.readlink()) == to:
            return
        path.unlink()
    path.symlink_to(to)
