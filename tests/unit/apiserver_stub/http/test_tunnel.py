"""The two ends of a tunnel, when one of them is gone."""

import asyncio
from typing import Any

from apiserver_stub.http.tunnel import Pipe


class Transport(asyncio.Transport):
    """As asyncio's TLS transports: told to go on when it is closed, it fails."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.gone = False

    def is_closing(self) -> bool:
        return self.gone

    def close(self) -> None:
        self.gone = True

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        if self.gone:
            raise AttributeError("'NoneType' object has no attribute '_resume_reading'")
        self.calls.append("resume")

    def write(self, data: Any) -> None:
        self.calls.append("write")


async def test_an_end_that_is_gone_is_not_told_to_read_on() -> None:
    here, there = Pipe(), Pipe()
    near, far = Transport(), Transport()
    here.connection_made(near)
    there.connection_made(far)
    here.join(there)
    here.pause_writing()
    here.resume_writing()
    assert far.calls == ["pause", "resume"]
    far.close()
    here.connection_lost(None)
    assert far.calls == ["pause", "resume"]
