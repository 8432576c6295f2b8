"""Lifecycle hooks on the node: installs the program of those by HTTP, tells of those that failed."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from operators._kube.client import Kube
from operators.pod import files
from operators.pod.hooks import request, words
from operators.pod.part import Part
from operators.pod.paths import Paths
from operators.pod.probes import http1
from operators.pod.sources import Object

_MAIN = """import sys

from operators.pod.hooks.request import main

sys.exit(main(sys.argv[1:]))
"""

Tell = Callable[[Object, str, str, str, str], None]
"""(pod, container, type, reason, message) of an Event."""


class Hooks(Part):
    def __init__(self, paths: Paths, tell: Tell) -> None:
        self._paths = paths
        self._tell = tell

    async def open(self, kube: Kube) -> None:
        await asyncio.to_thread(install, self._paths)

    def write_requests(self, pod: Object, spec: Object, address: str) -> None:
        """The files of the container's hooks by HTTP (blocking). Raises OSError."""
        for hook, text in words.requests(spec, address).items():
            files.write(Path(words.request_path(pod, spec, hook, self._paths)), text, 0o600)

    def report(self, pod: Object) -> None:
        """Events about hooks that have failed since the last look. Reads tmpfs only."""
        for spec in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]):
            if not words.has_any(spec):
                continue
            name = spec["name"]
            note = self._paths.pod_run(pod["metadata"]["uid"]) / "hooks" / name
            said = files.read(note)
            if not said:
                continue
            note.unlink(missing_ok=True)
            for line in said.splitlines():
                self._explain(pod, name, line)

    def _explain(self, pod: Object, name: str, line: str) -> None:
        hook, _, detail = line.partition(" ")
        if hook == "fallback":
            text = f"request to HTTPS lifecycle hook {detail} got HTTP response, retry with HTTP succeeded"
            self._tell(pod, name, "Warning", "LifecycleHTTPFallback", text)
        elif hook == "preStop":
            # What the handler said may be secret, and stays in the journal.
            self._tell(pod, name, "Warning", "FailedPreStopHook", "PreStopHook failed")
        elif hook == "postStart":
            self._tell(pod, name, "Warning", "FailedPostStartHook", "PostStartHook failed")
            self._tell(pod, name, "Normal", "Killing", "FailedPostStartHook")


def install(paths: Paths) -> None:
    """The program as hook.sh calls it: its sources below libexec/hooks, and the Python that runs them."""
    folder = paths.libexec / "hooks"
    files.write(folder / "__main__.py", _MAIN)
    for module in (request, http1):
        assert module.__file__ is not None
        relative = Path(*module.__name__.split(".")).with_suffix(".py")
        files.write(folder / relative, Path(module.__file__).read_text(encoding="utf-8"))
    link = paths.libexec / "python"
    if not link.is_symlink() or link.readlink() != Path(sys.executable):
        fresh = link.with_name(".python.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(sys.executable)
        fresh.rename(link)
