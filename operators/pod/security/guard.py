"""Looks at what a container asks of the node's security before it is made: its user, its profiles."""

import asyncio
import json
import os
from pathlib import Path

from operators.pod.part import Part
from operators.pod.security import accounts, contexts, profiles, users
from operators.pod.security.users import User
from operators.pod.sources import Object, Uncreatable
from operators.pod.units.parts import Image, Machine

_LOADED = Path("/sys/kernel/security/apparmor/profiles")


class Guard(Part):
    """Remembers who each container runs as, for its status."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._users: dict[tuple[str, str], User] = {}

    async def check(self, pod: Object, spec: Object, image: Image) -> User | None:
        """Whom the container runs as; None: podman must find out. Raises Missing, Uncreatable."""
        users.check_non_root(pod, spec, image.user)
        user = await asyncio.to_thread(self._look, pod, spec, image)
        if user is not None:
            self._users[(pod["metadata"]["uid"], spec["name"])] = user
        return user

    def user(self, pod: Object, container: str) -> Object | None:
        """status.containerStatuses[].user: what was found at the start, else what was reported before."""
        if found := self._users.get((pod["metadata"]["uid"], container)):
            return found.status()
        old = pod.get("status") or {}
        entries = [
            entry
            for field in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
            for entry in old.get(field) or ()
        ]
        return next((entry.get("user") for entry in entries if entry["name"] == container), None)

    def forget(self, uid: str) -> None:
        self._users = {key: value for key, value in self._users.items() if key[0] != uid}

    def _look(self, pod: Object, spec: Object, image: Image) -> User | None:
        if not contexts.is_privileged(spec):
            check_seccomp(profiles.seccomp_file(profiles.seccomp(pod, spec), self._machine.seccomp))
            if self._machine.has_apparmor:
                check_apparmor(profiles.apparmor(pod, spec))
        if not image.layers:
            return None
        try:
            found = accounts.read(image.layers)
        except (accounts.Unreadable, OSError):
            return None
        return users.resolve(pod, spec, image.user, found)


def check_seccomp(file: Path | None) -> None:
    """Whether the file is there and is JSON; the runtime looks at the rest. Raises Uncreatable."""
    if file is None:
        return
    try:
        json.loads(file.read_bytes())
    except OSError as error:
        cause = f"open {file}: {os.strerror(error.errno or 0).lower()}"
        raise Uncreatable(f'cannot load seccomp profile "{file}": {cause}') from error
    except ValueError as error:
        raise Uncreatable(f'cannot load seccomp profile "{file}": decoding seccomp profile failed: {error}') from error


def check_apparmor(profile: profiles.Profile) -> None:
    """Whether the kernel has the profile. Raises Uncreatable."""
    if profile.kind != "Localhost":
        return
    try:
        lines = _LOADED.read_text().splitlines()
    except OSError:
        return  # not for us to read: podman will say
    if not any(line.rpartition(" (")[0] == profile.name for line in lines):
        raise Uncreatable(f"apparmor profile not found {profile.name}")
