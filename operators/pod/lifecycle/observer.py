"""Looks at a Pod's containers: unit states from memory, small files in tmpfs."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from operators._node import journal
from operators._node.ports import UnitState
from operators.pod import files, names
from operators.pod.inventory import Record
from operators.pod.lifecycle import exits, plan, view
from operators.pod.lifecycle.exits import Exit
from operators.pod.lifecycle.view import View
from operators.pod.paths import Paths
from operators.pod.sources import Object
from operators.pod.status import containers

_ERROR, _LOOKS = "Error: ", 6
_LONGEST_START = 120.0  # the units' TimeoutStartSec
_TAIL_LINES, _TAIL_BYTES, _MESSAGE_BYTES = 80, 2048, 4096


class States(Protocol):
    """Where unit states come from."""

    def state(self, unit: str) -> UnitState | None: ...


def look(pod: Object, record: Record, systemd: States, paths: Paths) -> dict[str, View]:
    """Each container as it is now. Reads tmpfs only, so it may run on the event loop."""
    run, found = paths.pod_run(record.uid), {}
    for spec, role in plan.everything(pod):
        name = spec["name"]
        known = record.units.get(name)
        state = systemd.state(known.name) if known is not None else None
        text = files.read(run / "exits" / name)
        ended = exits.parse(text)
        if not ended:
            ended = exits.parse(files.read(paths.pod_state(record.uid) / "done" / name))
        if not ended and state is None and (since := files.lost_since(paths, record.uid, name)) is not None:
            ended = [exits.lost(_reported_id(pod, name), since, _boot_time())]
        seen = view.observe(role, state, container_id(run, name), (run / f"{name}.pid").exists(), ended)
        found[name] = replace(seen, forgotten=exits.forgotten(text))
    return found


def container_id(run: Path, name: str) -> str:
    """podman's ID of the present run; podman removes its own file of it as soon as the container has ended."""
    return (files.read(run / f"{name}.cid") or files.read(run / f"{name}.id")).strip()


async def explain(pod: Object, views: dict[str, View], known: dict[str, str], paths: Paths) -> None:
    """Adds messages to the last two exits of each container, as far as there is something to say."""
    specs = {spec["name"]: (spec, role) for spec, role in plan.everything(pod)}
    for name, seen in views.items():
        told = []
        for exit_ in seen.exits[-2:]:
            if exit_.invocation not in known:
                index = seen.exits.index(exit_)
                since = seen.exits[index - 1].finished if index else exit_.finished - _LONGEST_START
                known[exit_.invocation] = await _message(pod, *specs[name], exit_, since, paths)
            told.append(replace(exit_, message=known[exit_.invocation]))
        if told:
            views[name] = replace(seen, exits=(*seen.exits[:-2], *told))
    current = {exit_.invocation for seen in views.values() for exit_ in seen.exits[-2:]}
    for invocation in [invocation for invocation in known if invocation not in current]:
        del known[invocation]


async def _message(pod: Object, spec: Object, role: str, exit_: Exit, since: float, paths: Paths) -> str:
    meta = pod["metadata"]
    if exit_.started == 0.0:
        return start_error(await _complaints(names.unit(meta["namespace"], meta["name"], spec["name"]), since, exit_))
    said = files.read(paths.pod_run(meta["uid"]) / "messages" / exit_.invocation)
    if not said and exit_.code == 0 and role == "init":
        # An init container that has succeeded: its unit is still up, so what it left has not been moved away.
        said = _end_of(paths.pod_state(meta["uid"]) / "termination" / spec["name"])
    if said or exit_.code == 0 or spec.get("terminationMessagePolicy") != "FallbackToLogsOnError":
        return said
    folder = paths.log_dir(meta["namespace"], meta["name"], meta["uid"], spec["name"])
    return await asyncio.to_thread(_log_tail, folder / f"{exit_.invocation}.log")


async def _complaints(unit: str, since: float, exit_: Exit) -> list[str]:
    """What the run said in the journal, which may have it a moment later than systemd knows of the end."""
    lines: list[str] = []
    for _ in range(_LOOKS):
        lines = await journal.tail(unit, since, exit_.finished + 1)
        if any(line.startswith(_ERROR) for line in lines):
            break
        await asyncio.sleep(0.1)
    return lines


def start_error(lines: list[str]) -> str:
    """What podman said when it could not start a container."""
    errors = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    return errors[-1] if errors else (lines[-1] if lines else "the container could not be started")


def _log_tail(path: Path) -> str:
    """The end of a log without CRI's prefixes."""
    try:
        with path.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - 64 * 1024))
            lines = log.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
    except OSError:
        return ""
    return plain(lines)


def plain(lines: Sequence[str]) -> str:
    """The end of what a container said, from lines of CRI's log format: time, stream, P(art) or F(ull), text."""
    text = ""
    for line in lines:
        _, _, tag, said = (*line.split(" ", 3), "", "", "")[:4]
        text += said + ("" if tag == "P" else "\n")
    return text.encode()[-_TAIL_BYTES:].decode(errors="ignore")


def _end_of(path: Path) -> str:
    """The last bytes of a termination log, as many as upstream reports."""
    try:
        with path.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - _MESSAGE_BYTES))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def _reported_id(pod: Object, name: str) -> str:
    return str(containers.reported(pod).get(name, {}).get("containerID") or "").removeprefix("podman://")


def _boot_time() -> float:
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def runs(views: Mapping[str, View]) -> list[str]:
    """The containers that run."""
    return [name for name, seen in views.items() if seen.doing == "running"]
