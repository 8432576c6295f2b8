"""A control group's figures from its files; from its processes where the machine lacks a controller. Blocks."""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from operators.pod.resources.figures import Cpu, Group, Io, Memory, Stall

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def read(path: Path) -> Group:
    """A control group by its folder; all zero where there is none."""
    if not path.is_dir():
        return Group(time.time())
    at = time.time()
    pids = list(_pids(path))
    memory = _memory(path) if (path / "memory.current").exists() else _memory_of(pids)
    current = text(path / "pids.current")
    return Group(
        at,
        cpu(pairs(path / "cpu.stat")),
        memory,
        processes=len(pids),
        processes_limit=_limit(path / "pids.max"),
        threads=int(current) if current else _threads(pids),
        io=tuple(io(path)),
        stalls=stalls({name: path / f"{name}.pressure" for name in ("cpu", "memory", "io")}),
        started=_made(path),
    )


def cpu(stat: Mapping[str, int]) -> Cpu:
    return Cpu(
        usage=stat.get("usage_usec", 0) * 1000,
        user=stat.get("user_usec", 0) * 1000,
        system=stat.get("system_usec", 0) * 1000,
        periods=stat.get("nr_periods", 0),
        throttled_periods=stat.get("nr_throttled", 0),
        throttled=stat.get("throttled_usec", 0) * 1000,
    )


def _memory(path: Path) -> Memory:
    stat, events = pairs(path / "memory.stat"), pairs(path / "memory.events")
    usage = int(text(path / "memory.current") or 0)
    return Memory(
        usage=usage,
        working_set=max(0, usage - stat.get("inactive_file", 0)),
        rss=stat.get("anon", 0),
        cache=stat.get("file", 0),
        mapped=stat.get("file_mapped", 0),
        swap=int(text(path / "memory.swap.current") or 0),
        limit=_limit(path / "memory.max"),
        swap_limit=_limit(path / "memory.swap.max"),
        peak=int(text(path / "memory.peak") or 0),
        failures=events.get("max", 0),
        oom_kills=events.get("oom_kill", 0),
        page_faults=stat.get("pgfault", 0),
        major_page_faults=stat.get("pgmajfault", 0),
    )


def io(path: Path) -> Iterator[Io]:
    for line in text(path / "io.stat").splitlines():
        device, *rest = line.split()
        n = dict(pair.split("=", 1) for pair in rest if "=" in pair)
        if "rbytes" in n:
            yield Io(device, int(n["rbytes"]), int(n["wbytes"]), int(n.get("rios", 0)), int(n.get("wios", 0)))


def stalls(files: Mapping[str, Path]) -> dict[str, Stall]:
    found = {}
    for name, path in files.items():
        for kind, a, b, c, total in _STALL.findall(text(path)):
            found[f"{name} {kind}"] = Stall(float(a), float(b), float(c), int(total) * 1000)
    return found


_STALL = re.compile(r"^(some|full) avg10=([\d.]+) avg60=([\d.]+) avg300=([\d.]+) total=(\d+)", re.M)


# Processes, where a controller is missing


def _pids(path: Path) -> Iterator[int]:
    for folder, _, _ in os.walk(path):
        for word in text(Path(folder) / "cgroup.procs").split():
            if word != "0":
                yield int(word)


def _memory_of(pids: Iterable[int]) -> Memory:
    rss, faults, major = 0, 0, 0
    for pid in pids:
        rss += _resident(pid)
        after = text(_PROC / str(pid) / "stat").rpartition(")")[2].split()
        if len(after) > 10:
            faults, major = faults + int(after[7]) + int(after[9]), major + int(after[9])
    return Memory(usage=rss, working_set=rss, rss=rss, page_faults=faults, major_page_faults=major)


def _resident(pid: int) -> int:
    """Shared pages in parts, where the kernel says it."""
    found = re.search(r"^Pss:\s+(\d+) kB", text(_PROC / str(pid) / "smaps_rollup"), re.M)
    if found:
        return int(found[1]) * 1024
    statm = text(_PROC / str(pid) / "statm").split()
    return int(statm[1]) * _PAGE if len(statm) > 1 else 0


def _threads(pids: Iterable[int]) -> int:
    total = 0
    for pid in pids:
        after = text(_PROC / str(pid) / "stat").rpartition(")")[2].split()
        total += int(after[17]) if len(after) > 17 else 0
    return total


# Files


def text(path: Path) -> str:
    """ "" where there is none, or the process is gone."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def pairs(path: Path) -> dict[str, int]:
    lines = (line.split() for line in text(path).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdecimal()}


def _limit(path: Path) -> int:
    found = text(path)
    return int(found) if found.isdecimal() else 0


def _made(path: Path) -> float:
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0
