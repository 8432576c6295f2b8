"""What benchmarks share: percentiles, memory and CPU of a process, rows beside their floor."""

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of all are not above; nan without values."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1 if share else 0)]


def pss_mb(pid: int) -> float:
    """Proportional set size in MB: shared pages count by their share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no Pss for process {pid}")


def peak_mb(pid: int) -> float:
    """The most resident memory that a process ever had, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no VmHWM for process {pid}")


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def written_bytes(pid: int) -> int:
    """Bytes that a process has caused to be written to storage."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise ValueError(f"no write_bytes for process {pid}")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its floor; without a floor the ratio stays empty.

    `more_is_better` turns the ratio round, so that 2.0 always means twice as costly as the floor.
    """

    benchmark: str
    figure: str
    unit: str
    ours: float
    floor: float | None = None
    floor_is: str = ""
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        if not self.floor or not self.ours:
            return None
        return self.floor / self.ours if self.more_is_better else self.ours / self.floor


def table(rows: Iterable[Row]) -> str:
    lines = [("benchmark", "figure", "ours", "floor", "ratio", "floor is")]
    for row in rows:
        floor = "" if row.floor is None else f"{_short(row.floor)} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
        lines.append((row.benchmark, row.figure, f"{_short(row.ours)} {row.unit}", floor, ratio, row.floor_is))
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([shown[0], "-" * len(shown[0]), *shown[1:]])


def as_json(rows: Iterable[Row]) -> str:
    return json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows], indent=1)


def _short(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"
