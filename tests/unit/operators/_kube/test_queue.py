"""Coalescing, concurrency, back-off; time is faked by looptime."""

import asyncio
import itertools

import pytest

from operators._kube.queue import Failure, Queue

pytestmark = pytest.mark.looptime(start=0)


class Work:
    """Records (time, key); `outcomes`: what a key's next calls do, None for success."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.calls: list[tuple[float, str]] = []
        self.seconds = seconds
        self.outcomes: dict[str, list[object]] = {}
        self.running: set[str] = set()
        self.most = 0

    async def __call__(self, key: str) -> float | None:
        assert key not in self.running, "two at once for one key"
        self.running.add(key)
        self.most = max(self.most, len(self.running))
        self.calls.append((round(asyncio.get_running_loop().time(), 3), key))
        try:
            await asyncio.sleep(self.seconds)
            outcome = self.outcomes[key].pop(0) if self.outcomes.get(key) else None
            if isinstance(outcome, Exception):
                raise outcome
            return outcome  # type: ignore[return-value]
        finally:
            self.running.discard(key)


def queue_of(work: Work, concurrency: int = 16) -> Queue[str]:
    queue = Queue(work, concurrency=concurrency, jitter=lambda: 0.0)
    queue.open()
    return queue


async def test_nothing_starts_before_it_is_open():
    work = Work()
    queue = Queue(work)
    queue.add("a")
    await asyncio.sleep(1)
    assert work.calls == []
    assert queue.depth == 1
    queue.open()
    await asyncio.sleep(0.1)
    assert [key for _, key in work.calls] == ["a"]


async def test_a_key_waits_once_however_often_it_is_added():
    work = Work()
    queue = Queue(work)
    for _ in range(100):
        queue.add("a")
    queue.open()
    await asyncio.sleep(1)
    assert len(work.calls) == 1
    assert queue.adds == 100


async def test_news_during_the_work_cause_one_more_round():
    work = Work(seconds=1)
    queue = queue_of(work)
    queue.add("a")
    await asyncio.sleep(0.5)
    for _ in range(10):
        queue.add("a")
    await asyncio.sleep(5)
    assert work.calls == [(0, "a"), (1, "a")]


async def test_keys_run_side_by_side_up_to_the_limit():
    work = Work(seconds=1)
    queue = queue_of(work, concurrency=3)
    for key in "abcdefg":
        queue.add(key)
    await asyncio.sleep(10)
    assert work.most == 3
    assert [time for time, _ in work.calls] == [0, 0, 0, 1, 1, 1, 2]


async def test_back_off_doubles_up_to_thirty_seconds():
    work = Work()
    work.outcomes["a"] = [Failure()] * 14
    queue = queue_of(work)
    queue.add("a")
    await asyncio.sleep(300)
    times = [time for time, _ in work.calls]
    delays = [round(later - earlier, 3) for earlier, later in itertools.pairwise(times)]
    assert delays == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30, 30]
    assert queue.retries == queue.errors == 14


async def test_success_resets_the_back_off():
    work = Work()
    work.outcomes["a"] = [Failure(), Failure(), None, Failure()]
    queue = queue_of(work)
    queue.add("a")
    await asyncio.sleep(1)
    queue.add("a")
    await asyncio.sleep(10)
    assert [time for time, _ in work.calls] == [0, 0.05, 0.15, 1, 1.05]


async def test_news_do_not_wait_for_the_back_off_but_do_not_end_it():
    work = Work()
    work.outcomes["a"] = [Failure()] * 9
    queue = queue_of(work)
    queue.add("a")
    await asyncio.sleep(3)
    assert [time for time, _ in work.calls][-1] == 1.55
    queue.add("a")
    await asyncio.sleep(2)
    assert [time for time, _ in work.calls][-1] == 3
    await asyncio.sleep(2)
    assert [time for time, _ in work.calls][-1] == 6.2


async def test_requeue_after_is_dropped_for_earlier_news():
    work = Work()
    work.outcomes["a"] = [10.0]
    queue = queue_of(work)
    queue.add("a")
    await asyncio.sleep(5)
    queue.add("a")
    await asyncio.sleep(30)
    assert work.calls == [(0, "a"), (5, "a")]


async def test_closing_holds_back_what_comes():
    work = Work()
    queue = queue_of(work)
    queue.close()
    queue.add("a")
    await asyncio.sleep(5)
    assert work.calls == []
    queue.open()
    await asyncio.sleep(1)
    assert work.calls == [(5, "a")]


async def test_stop_lets_short_work_end_and_cancels_long_work():
    short, long = Work(seconds=0.5), Work(seconds=60)
    queues = [queue_of(short), queue_of(long)]
    for queue in queues:
        queue.add("a")
        queue.add("b")
        queue.add_after("c", 0.7)
    await asyncio.sleep(0.1)
    await asyncio.gather(*(queue.stop(grace=1) for queue in queues))
    assert asyncio.get_running_loop().time() <= 1.2
    assert not short.running
    assert not long.running
    assert len(short.calls) == 2


async def test_a_failing_key_stays_until_it_succeeds_and_holds_up_nobody():
    work = Work()
    work.outcomes["bad"] = [Failure()] * 1000
    queue = queue_of(work, concurrency=1)
    queue.add("bad")
    queue.add("good")
    await asyncio.sleep(0.2)
    assert (0, "good") in work.calls
