"""Shows what a command is doing, live on a terminal, in plain lines elsewhere; remembers how long each step took."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


@dataclass(slots=True)
class Step:
    """One named piece of work; `say` replaces the words behind its name while it runs."""

    name: str
    seconds: float = 0.0
    words: str = ""
    _show: "Steps | None" = None

    def say(self, words: str) -> None:
        self.words = words
        if self._show is not None:
            self._show.refresh(self)


@dataclass(slots=True)
class Steps:
    """The steps of one command, in the order they ended."""

    out: TextIO = field(default_factory=lambda: sys.stderr)
    done: list[Step] = field(default_factory=list)
    _running: list[Step] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def live(self) -> bool:
        return self.out.isatty()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Times the block; a raised exception marks the step as failed and goes on its way."""
        step = Step(name, _show=self)
        began = time.monotonic()
        with self._lock:
            self._running.append(step)
        if self.live:
            self.refresh(step)
        else:
            self._write(f"  … {name}\n")
        mark = "✗"
        try:
            yield step
            mark = "✓"
        finally:
            step.seconds = time.monotonic() - began
            with self._lock:
                self._running.remove(step)
                self.done.append(step)
            note = f"  {step.words}" if step.words else ""
            self._write(f"{self._blank()}  {mark} {name}  {step.seconds:.1f} s{note}\n")

    def refresh(self, step: Step) -> None:
        """Redraws the live line; on a pipe each new word is a line of its own."""
        if not self.live:
            if step.words:
                self._write(f"    {step.name}: {step.words}\n")
            return
        with self._lock:
            line = "  … " + ", ".join(f"{one.name} {one.words}".rstrip() for one in self._running)
        self._write(f"{self._blank()}{line[: _width() - 1]}")

    def line(self, text: str) -> None:
        self._write(f"{self._blank()}{text}\n")

    def _blank(self) -> str:
        return "\r\x1b[2K" if self.live else ""

    def _write(self, text: str) -> None:
        with self._lock:
            self.out.write(text)
            self.out.flush()


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns
