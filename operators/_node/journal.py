"""What a unit said in the journal during one run."""

import asyncio

import orjson


async def tail(invocation: str, lines: int = 20, identifier: str | None = None) -> list[str]:
    """The last messages of the invocation, oldest first; [] when there are none or no journal is kept."""
    process = await asyncio.create_subprocess_exec(
        "journalctl", "--quiet", "--no-pager", "--output=json", f"--lines={lines}",
        f"_SYSTEMD_INVOCATION_ID={invocation}", *([f"SYSLOG_IDENTIFIER={identifier}"] if identifier else []),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    output, _ = await process.communicate()
    return [text for text in map(_message, output.splitlines()) if text]


def _message(line: bytes) -> str:
    message = orjson.loads(line).get("MESSAGE")
    # journald writes a message that is not text as a list of bytes.
    return bytes(message).decode(errors="replace") if isinstance(message, list) else str(message or "")
