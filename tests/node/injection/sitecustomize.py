"""Ends the process at one step of what it does; Python imports this by itself where PYTHONPATH leads here.

/run/faults/at: the number of the step, counted from when that file appears; 0: none, they are only noted.
/run/faults/steps: what the steps were. A step is a change below the folders of Pods, a program begun, a call of systemd
(before and after), a write to the API (likewise). The code under test knows nothing of this.
"""

import os
import signal
import sys
import threading
from typing import Any

FOLDER = "/run/faults"
PLACES = ("/etc/systemd/system/ukube-", "/etc/systemd/system/.ukube-", "/etc/systemd/system/kubepods-",
          "/etc/systemd/system/.kubepods-", "/var/lib/ukube/pods/", "/var/lib/ukube/boot/", "/run/ukube/pods/",
          "/run/netns/", "/var/log/pods/")  # fmt: skip
CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "shutil.rmtree"}
JOBS = {"StartUnit", "StopUnit", "RestartUnit", "Reload", "SetUnitProperties"}

_lock = threading.Lock()
_count = 0
_patched = False


def step(what: str) -> None:
    global _count
    with _lock:
        try:
            with open(f"{FOLDER}/at") as file:  # noqa: PTH123 - as early as this, nothing is imported
                at = int(file.read() or "0")
        except FileNotFoundError:
            _count = 0
            return
        _count += 1
        with open(f"{FOLDER}/steps", "a") as file:  # noqa: PTH123
            file.write(f"{_count} {what}\n")
        if _count == at:
            os.remove(f"{FOLDER}/at")  # noqa: PTH107
            os.kill(os.getpid(), signal.SIGKILL)


def hook(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = args
        if isinstance(path, str) and path.startswith(PLACES) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            step(f"write {path}")
    elif event in CHANGES:
        path = os.fspath(args[0]) if isinstance(args[0], str | os.PathLike) else ""
        if path.startswith(PLACES) or (event in ("os.rename", "os.symlink") and str(args[1]).startswith(PLACES)):
            step(f"{event} {path}")
    elif event == "subprocess.Popen":
        patch()
        step(f"run {' '.join(map(str, args[1]))[:80]}")


def patch() -> None:
    """The two ways out that no audit event tells of."""
    global _patched
    systemd, session = sys.modules.get("operators._node.systemd"), sys.modules.get("operators._kube.session")
    if _patched or systemd is None or session is None:
        return
    _patched = True
    call, send = systemd.Systemd._call, session.Session.send

    async def counted_call(self: Any, member: str, *args: Any) -> Any:
        if member not in JOBS:
            return await call(self, member, *args)
        step(f"before {member} {args[-1:]}")
        result = await call(self, member, *args)
        step(f"after {member} {args[-1:]}")
        return result

    async def counted_send(self: Any, method: str, path: str, **options: Any) -> Any:
        if method == "GET" or "/pods/" not in path:
            return await send(self, method, path, **options)
        step(f"before {method} {path}")
        result = await send(self, method, path, **options)
        step(f"after {method} {path}")
        return result

    systemd.Systemd._call, session.Session.send = counted_call, counted_send


sys.addaudithook(hook)
