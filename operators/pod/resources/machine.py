"""The whole machine's figures. Blocks."""

import os
import re
import time
from pathlib import Path

from operators.pod.resources import groups
from operators.pod.resources.figures import Cpu, Group, Memory

_PROC = Path("/proc")
_CAP_SYS_RESOURCE = 24
_TICK = os.sysconf("SC_CLK_TCK")


def read(cgroups: Path) -> Group:
    """The whole machine."""
    at, stat = time.time(), groups.pairs(cgroups / "cpu.stat")
    cpu = groups.cpu(stat) if stat.get("usage_usec") else _cpu_of_machine()
    tasks = re.search(r" \d+/(\d+) ", groups.text(_PROC / "loadavg"))
    return Group(
        at,
        cpu,
        _memory_of_machine(cgroups),
        processes=sum(1 for entry in os.scandir(_PROC) if entry.name.isdecimal()),
        processes_limit=int(groups.text(_PROC / "sys/kernel/pid_max") or 0),
        threads=int(tasks[1]) if tasks else 0,
        io=tuple(groups.io(cgroups)),
        stalls=groups.stalls({name: _PROC / "pressure" / name for name in ("cpu", "memory", "io")}),
        started=_boot_time(),
    )


def memory_capacity() -> int:
    """In bytes."""
    found = re.search(r"^MemTotal:\s+(\d+) kB", groups.text(_PROC / "meminfo"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def can_lower_oom_scores() -> bool:
    """Whether what systemd starts may: a machine in a container often may not."""
    found = re.search(r"^CapEff:\s+([0-9a-f]+)", groups.text(_PROC / "1/status"), re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> _CAP_SYS_RESOURCE & 1)


def _memory_of_machine(root: Path) -> Memory:
    info = {
        name: int(kb) * 1024 for name, kb in re.findall(r"^([\w()]+):\s+(\d+) kB", groups.text(_PROC / "meminfo"), re.M)
    }
    usage = info.get("MemTotal", 0) - info.get("MemFree", 0)
    stat, vm = groups.pairs(root / "memory.stat"), groups.pairs(_PROC / "vmstat")
    return Memory(
        usage=usage,
        working_set=max(0, usage - stat.get("inactive_file", info.get("Inactive(file)", 0))),
        rss=stat.get("anon", info.get("AnonPages", 0)),
        cache=stat.get("file", info.get("Cached", 0)),
        mapped=stat.get("file_mapped", info.get("Mapped", 0)),
        swap=info.get("SwapTotal", 0) - info.get("SwapFree", 0),
        limit=info.get("MemTotal", 0),
        swap_limit=info.get("SwapTotal", 0),
        page_faults=vm.get("pgfault", 0),
        major_page_faults=vm.get("pgmajfault", 0),
    )


def _cpu_of_machine() -> Cpu:
    first = groups.text(_PROC / "stat").partition("\n")[0].split()[1:]
    ticks = [int(number) * 1_000_000_000 // _TICK for number in first[:8]] + [0] * 8
    user, system = ticks[0] + ticks[1], ticks[2] + ticks[5] + ticks[6]
    return Cpu(usage=user + system + ticks[7], user=user, system=system)


def _boot_time() -> float:
    found = re.search(r"^btime (\d+)", groups.text(_PROC / "stat"), re.M)
    return float(found[1]) if found else 0.0
