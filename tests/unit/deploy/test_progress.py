"""Progress on a pipe and on a terminal."""

import io

import pytest

from deploy.progress import Steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_lines() -> None:
    out = io.StringIO()
    steps = Steps(out)
    with steps.step("Boot") as step:
        step.say("1/3 ready")
    assert "\x1b" not in out.getvalue() and "\r" not in out.getvalue()
    assert out.getvalue().splitlines()[1] == "    Boot: 1/3 ready"
    assert "✓ Boot" in out.getvalue()


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    out = Terminal()
    with Steps(out).step("Boot") as step:
        step.say("1/3 ready")
    assert out.getvalue().count("\n") == 1


def test_a_failed_step_is_marked_and_timed() -> None:
    out = io.StringIO()
    steps = Steps(out)
    with pytest.raises(ValueError), steps.step("Boot"):
        raise ValueError
    assert "✗ Boot" in out.getvalue()
    assert [step.name for step in steps.done] == ["Boot"]
