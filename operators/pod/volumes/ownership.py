"""fsGroup: hands a volume that others may have written to the Pod's group (blocking).

See the Kubernetes page "Configure a Security Context for a Pod", "Configure volume permission and ownership change
policy".
"""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

Progress = Callable[[str], None]

_FIRST, _EVERY = 30.0, 60.0  # seconds
_FILE, _FOLDER = 0o660, 0o770 | stat.S_ISGID
_ADVICE = (
    "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"
    "#configure-volume-permission-and-ownership-change-policy-for-pods"
)


def apply(root: Path, group: int, policy: str, tell: Progress, shown: str = "") -> int:
    """How many files and folders were looked at; 0 when the root is right already and the policy leaves it at that.

    policy: "OnRootMismatch" or "Always". tell: gets messages while it takes long; shown: the volume's name in them.
    Links are not followed. Raises OSError.
    """
    if policy == "OnRootMismatch" and is_right(root.stat(), group):
        return 0
    clock = _Clock(tell, shown or root.name)
    # The root comes last: if this is interrupted, its owner still shows that the work is not done.
    for _, folders, files, handle in os.fwalk(root, topdown=False, follow_symlinks=False):
        for name in (*files, *folders):
            _hand_over(name, handle, group)
            clock.count()
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _hand_over(".", handle, group)
    finally:
        os.close(handle)
    return clock.files + 1


def is_right(found: os.stat_result, group: int) -> bool:
    """Whether a root folder belongs to the group, which may write to it and to which all that is made there belongs."""
    wanted = _FOLDER if stat.S_ISDIR(found.st_mode) else _FILE
    return found.st_gid == group and found.st_mode & wanted == wanted


def _hand_over(name: str, folder: int, group: int) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        os.chown(name, -1, group, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            return
        mode = stat.S_IMODE(found.st_mode) | (_FOLDER if stat.S_ISDIR(found.st_mode) else _FILE)
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return  # another Pod works in there
    try:
        if not stat.S_ISLNK(os.fstat(handle).st_mode):
            os.chmod(f"/proc/self/fd/{handle}", mode)  # noqa: PTH101  (the file that was opened, not the name)
    finally:
        os.close(handle)


class _Clock:
    """Says something when the work takes long."""

    def __init__(self, tell: Progress, volume: str) -> None:
        self._tell = tell
        self._volume = volume
        self._next = time.monotonic() + _FIRST
        self._is_first = True
        self.files = 0

    def count(self) -> None:
        self.files += 1
        if self.files % 256 or time.monotonic() < self._next:
            return
        if self._is_first:
            text = f"is taking longer than expected, consider using OnRootMismatch - {_ADVICE}"
            self._tell(f"Setting volume ownership for {self._volume} {text}")
        else:
            self._tell(f"Setting volume ownership for {self._volume}, processed {self.files} files.")
        self._is_first = False
        self._next = time.monotonic() + _EVERY
