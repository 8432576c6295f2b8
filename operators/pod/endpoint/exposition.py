"""Prometheus' text format, in the words of upstream's own metrics (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(frozen=True, slots=True)
class Sample:
    """at: milliseconds since 1970; None: now."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    at: int | None = None
    suffix: str = ""  # of a histogram: "_bucket", "_sum", "_count"


@dataclass(frozen=True, slots=True)
class Family:
    name: str
    help: str
    type: Literal["counter", "gauge", "histogram"]
    samples: tuple[Sample, ...]


def render(families: Iterable[Family]) -> str:
    """Families in the order of their names; those without samples are left out."""
    lines: list[str] = []
    for family in sorted(families, key=lambda family: family.name):
        if family.samples:
            lines.append(f"# HELP {family.name} {family.help}")
            lines.append(f"# TYPE {family.name} {family.type}")
            lines += [_line(family.name, sample) for sample in family.samples]
    return "\n".join([*lines, ""]) if lines else ""


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in sorted(sample.labels.items()))
    text = f"{name}{sample.suffix}{{{labels}}}" if labels else name + sample.suffix
    value = float(sample.value)
    shown = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return f"{text} {shown}" if sample.at is None else f"{text} {shown} {sample.at}"
