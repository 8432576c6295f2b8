"""What a unit said in the journal during one run."""

import asyncio

import orjson


async def tail(unit: str, since: float, until: float, lines: int = 20) -> list[str]:
    """The unit's last messages between two moments (seconds since the epoch), oldest first; [] without a journal.

    By time, not by invocation: with RestartMode=direct journald files a restarted unit's messages under the ID of
    its first run.
    """
    process = await asyncio.create_subprocess_exec(
        "journalctl", "--quiet", "--no-pager", "--output=json", f"--lines={lines}",
        f"--since=@{since:.6f}", f"--until=@{until:.6f}", f"_SYSTEMD_UNIT={unit}",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    output, _ = await process.communicate()
    return [text for text in map(_message, output.splitlines()) if text]


def _message(line: bytes) -> str:
    message = orjson.loads(line).get("MESSAGE")
    # journald writes a message that is not text as a list of bytes.
    return bytes(message).decode(errors="replace") if isinstance(message, list) else str(message or "")
