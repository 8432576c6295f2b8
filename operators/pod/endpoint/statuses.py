"""The Status objects that end an exec or attach, in the words of upstream's kubelet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

SUCCESS: dict[str, Any] = {"metadata": {}, "status": "Success"}


def exit_code(command: Sequence[str], code: int) -> dict[str, Any]:
    """What kubectl turns into `command terminated with exit code N` and an exit code of its own."""
    if code == 0:
        return SUCCESS
    ran = f"error executing command [{' '.join(command)}], exit code {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {ran}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def internal(message: str) -> dict[str, Any]:
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }
