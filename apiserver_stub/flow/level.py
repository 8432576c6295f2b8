"""One priority level: its seats, and the queues of those who wait for one.

See the Kubernetes page "API Priority and Fairness", "Priority level" and "Queuing".
"""

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Object = Mapping[str, Any]

# A request takes at most so many seats, as in kube-apiserver, and at most this part of its level's (there: 0.15). Of
# lists that cost milliseconds each, two in a turn are enough.
_MOST_SEATS = 10
_MOST_PART = 0.5


@dataclass(eq=False, slots=True)
class Waiter:
    """A request in a queue. `turn` becomes True when it may run, False when it waited too long."""

    turn: asyncio.Future[bool]
    width: int
    queue: int

    def expire(self) -> None:
        if not self.turn.done():
            self.turn.set_result(False)


@dataclass(slots=True)
class _Queue:
    """`cost`: seats that were given to it so far, or would have been, had it always had somebody waiting."""

    cost: float
    waiters: deque[Waiter] = field(default_factory=deque)


class Level:
    """`seats` in use and `limit` of them; `waiting` requests. Nobody waits at an exempt level."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.uid = ""
        self.is_exempt = False
        self.limit = 0
        self.deck = 0
        self.hand_size = 0
        self.seats = 0
        self.waiting = 0
        self._length = 0
        self._queues: dict[int, _Queue] = {}
        self._cost = 0.0

    def configure(self, obj: Object, total: int, shares: int) -> None:
        """Takes over a PriorityLevelConfiguration. total: seats of the server; shares: of all levels together."""
        self.uid = obj["metadata"].get("uid", "")
        self.is_exempt = obj["spec"]["type"] == "Exempt"
        self.limit = math.ceil(total * shares_of(obj) / shares) if shares else 0
        response = (obj["spec"].get("limited") or {}).get("limitResponse") or {}
        queuing = response.get("queuing") or {}
        # 0 queues: whoever finds no seat is sent away.
        self.deck = queuing.get("queues", 0)
        self.hand_size, self._length = queuing.get("handSize", 0), queuing.get("queueLengthLimit", 0)

    def width(self, wanted: int) -> int:
        """Seats that a request gets which would like so many."""
        return max(1, min(wanted, _MOST_SEATS, math.ceil(self.limit * _MOST_PART)))

    def take(self, width: int) -> bool:
        """Seats at once, unless somebody waits for them."""
        if self.waiting or self.seats + width > self.limit:
            return False
        self.seats += width
        return True

    def join(self, hand: tuple[int, ...], waiter: Waiter) -> bool:
        """Puts a request into the shortest queue of its hand; False when even that is full."""
        if not hand:
            return False
        number = min(hand, key=self._waiting_in)
        if self._waiting_in(number) >= self._length:
            return False
        queue = self._queues.get(number)
        if queue is None:
            queue = self._queues[number] = _Queue(self._cost)
        if not queue.waiters:
            # Nobody saves up seats while he asks for nothing.
            queue.cost = max(queue.cost, self._cost)
        waiter.queue = number
        queue.waiters.append(waiter)
        self.waiting += 1
        return True

    def abandon(self, waiter: Waiter) -> None:
        """A request that leaves its queue without having got a seat."""
        queue = self._queues[waiter.queue]
        queue.waiters.remove(waiter)
        self._forget(waiter.queue, queue)
        self.waiting -= 1

    def leave(self, width: int) -> None:
        self.seats -= width

    def dispatch(self) -> None:
        """Gives free seats to those who wait; the queue that had the fewest seats so far comes first."""
        while self.waiting:
            number, queue = min(self._filled(), key=lambda one: one[1].cost)
            waiter = queue.waiters[0]
            # Expired or cancelled ones take themselves out of the queue when they next run.
            if not waiter.turn.done() and self.seats + waiter.width > self.limit:
                return
            queue.waiters.popleft()
            self.waiting -= 1
            waiter.queue = -1
            if not waiter.turn.done():
                self.seats += waiter.width
                self._cost = queue.cost
                queue.cost += waiter.width
                waiter.turn.set_result(True)
            self._forget(number, queue)

    def _filled(self) -> list[tuple[int, _Queue]]:
        return [(number, queue) for number, queue in self._queues.items() if queue.waiters]

    def _waiting_in(self, number: int) -> int:
        queue = self._queues.get(number)
        return len(queue.waiters) if queue else 0

    def _forget(self, number: int, queue: _Queue) -> None:
        """Empty queues are only kept while what they had still counts."""
        if not queue.waiters and queue.cost <= self._cost:
            del self._queues[number]
        if not self.waiting and len(self._queues) > self.deck // 2:
            self._queues = {one: found for one, found in self._queues.items() if found.waiters}


def shares_of(obj: Object) -> int:
    """nominalConcurrencyShares of a PriorityLevelConfiguration."""
    spec = obj["spec"]
    level = spec.get("exempt" if spec["type"] == "Exempt" else "limited") or {}
    default = 0 if spec["type"] == "Exempt" else 30
    found = level.get("nominalConcurrencyShares")
    return default if found is None else int(found)
