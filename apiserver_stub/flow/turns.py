"""Takes turns at long work: one piece for each of the event loop's rounds, whoever it belongs to.

Streams of long answers run beside each other; if each sent a piece in every round, a hundred of them would make
everybody else wait a hundred pieces long, and the one list of an operator would get a hundredth of the time.
"""

import asyncio
from collections import deque
from collections.abc import Hashable


class Turns:
    """Round robin between flows (any hashable), then between the streams of a flow."""

    def __init__(self) -> None:
        self._flows: dict[Hashable, deque[asyncio.Future[None]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits: then nobody sends two pieces at once."""
        return bool(self._flows)

    async def next(self, flow: Hashable) -> None:
        """Returns when it is this stream's turn for another piece: after one round at least."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # Nobody waits any more on a loop that has ended.
            self._flows.clear()
        turn = loop.create_future()
        self._flows.setdefault(flow, deque()).append(turn)
        if self._loop is None or self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._give)
        await turn

    def _give(self) -> None:
        """One turn; as long as anybody waits, again in the next round."""
        while self._flows:
            flow = next(iter(self._flows))
            waiting = self._flows.pop(flow)
            turn = waiting.popleft()
            if waiting:
                self._flows[flow] = waiting  # behind all others
            if not turn.done():  # else the client has left
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._give)
                return
        self._loop = None


TURNS = Turns()
