"""What a Pod keeps in memory only (environment, Secret volumes), also kept encrypted: so that it boots without us."""

import asyncio
import hashlib
import io
import logging
import os
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from operators.pod import files
from operators.pod.part import Part
from operators.pod.paths import Paths

_log = logging.getLogger("ukube.pod")
_DELAY = 2.0  # after a start, when the machine is less busy
_LARGEST = 1024 * 1024  # what systemd takes as a credential
_KEPT = ("env", "volumes")
_EMPTY_DIRS = "kubernetes.io~empty-dir"  # a tmpfs that upstream, too, empties at a reboot


class Sealer(Part):
    """Seals Pods one after the other in the background, when their contents have changed."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._wanted: dict[str, str] = {}
        self._sealed: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def want(self, uid: str, content: Iterable[object]) -> None:
        """`content`: anything whose repr changes with what the Pod keeps in memory."""
        mark = hashlib.sha256(repr(tuple(content)).encode()).hexdigest()
        if uid not in self._sealed:
            self._sealed[uid] = files.read(self._mark(uid))
        if self._sealed[uid] == mark or self._wanted.get(uid) == mark:
            return
        self._wanted[uid] = mark
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    def forget(self, uid: str) -> None:
        self._wanted.pop(uid, None)
        self._sealed.pop(uid, None)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        while self._wanted:
            await asyncio.sleep(_DELAY)
            for uid in list(self._wanted):
                mark = self._wanted.pop(uid, None)
                if mark is None:
                    continue
                try:
                    await asyncio.to_thread(seal, self._paths, uid)
                except OSError as error:
                    _log.warning("Pod %s will not boot without the operators: %s", uid, error)
                self._sealed[uid] = mark
                _put(self._mark(uid), mark.encode())

    def _mark(self, uid: str) -> Path:
        # In memory: on a disk it would tell who guesses a Secret that he guessed right.
        return self._paths.pod_run(uid) / "sealed.mark"


def seal(paths: Paths, uid: str) -> None:
    """Writes the Pod's sealed file (blocking). libexec/unseal.sh reads it. Raises OSError."""
    target = paths.pod_state(uid) / "sealed"
    if not target.parent.is_dir():
        return
    content = _pack(paths.pod_run(uid))
    if len(content) > _LARGEST:
        target.unlink(missing_ok=True)
        raise OSError("its environment and Secrets are larger than 1 MiB")
    command = ["systemd-creds", "encrypt", f"--name=ukube-pod-{uid}", "-", "-"]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.decode(errors="replace").strip())
    _put(target, done.stdout)


def _put(target: Path, content: bytes) -> None:
    """Unless the Pod's folder went meanwhile: nothing of it may come back."""
    fresh = target.with_name(f".{target.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
        fresh.rename(target)
    except FileNotFoundError:
        return
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _pack(run: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in _KEPT:
            if (run / name).exists():
                archive.add(run / name, name, filter=_keep)
    return buffer.getvalue()


def _keep(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if f"/{_EMPTY_DIRS}" in f"/{entry.name}" else entry
