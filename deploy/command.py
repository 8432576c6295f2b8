"""Runs a program and turns its failure into a sentence."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.failure import Failure

TAIL_LINES = 25


def run(
    argv: Sequence[str | Path],
    *,
    doing: str,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 900,
) -> str:
    """Returns what the program wrote to stdout.

    `doing` completes "could not …" and names the job in the Failure, below which stand the last lines of its output.
    `timeout`: seconds.
    """
    words = [str(word) for word in argv]
    try:
        done = completed(words, check=False, stdin=stdin, timeout=timeout, env=env, cwd=cwd)
    except FileNotFoundError as error:
        raise Failure(f"could not {doing}: the program {words[0]} is missing") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"could not {doing}: {words[0]} did not end within {timeout:.0f} s") from error
    if done.returncode != 0:
        raise Failure(f"could not {doing}: {words[0]} ended with {done.returncode}", tail(done.stdout + done.stderr))
    return done.stdout


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines of a long output."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def completed(
    argv: Sequence[str],
    *,
    check: bool,
    stdin: str | None,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end with its output kept. `timeout`: seconds. Raises CalledProcessError if `check`."""
    return subprocess.run(
        argv,
        check=check,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        env=env,
        cwd=cwd,
    )
