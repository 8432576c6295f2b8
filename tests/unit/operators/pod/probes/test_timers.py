"""One timer for many."""

import pytest

from operators.pod.probes.timers import STEP, Timers


class Loop:
    """Time that stands still until it is told to go on."""

    def __init__(self):
        self.now = 1000.0
        self.armed = None
        self.wakes = 0

    def time(self):
        return self.now

    def call_at(self, when, call):
        loop = self

        class Handle:
            def cancel(self):
                if loop.armed is not None and loop.armed[1] is call:
                    loop.armed = None

        self.armed = (when, call)
        return Handle()

    def until(self, when):
        while self.armed is not None and self.armed[0] <= when:
            self.now, call = self.armed
            self.armed = None
            self.wakes += 1
            call()
        self.now = when


@pytest.fixture
def loop(monkeypatch):
    found = Loop()
    monkeypatch.setattr("asyncio.get_running_loop", lambda: found)
    return found


def test_nothing_is_early_and_nothing_more_than_a_step_late(loop):
    timers, called = Timers(), {}
    for n in range(200):
        when = 1000 + n * 0.013
        timers.at(when, lambda n=n, when=when: called.update({n: loop.now - when}))
    loop.until(1010)
    assert len(called) == 200
    assert min(called.values()) >= 0
    assert max(called.values()) <= STEP + 0.001
    assert loop.wakes <= 200 * 0.013 / STEP + 2
    assert loop.armed is None


def test_an_earlier_one_comes_first_and_what_is_cancelled_never(loop):
    timers, called = Timers(), []
    timers.at(1005, lambda: called.append("late"))
    timers.at(1001, lambda: called.append("early"))
    entry = timers.at(1002, lambda: called.append("never"))
    timers.at(1003, lambda: timers.at(1003.5, lambda: called.append("nested")))
    entry.cancel()
    loop.until(1010)
    assert called == ["early", "nested", "late"]
    assert loop.wakes == 4


def test_what_is_all_cancelled_wakes_nobody(loop):
    timers = Timers()
    timers.at(1001, lambda: None).cancel()
    timers.at(1000.5, lambda: None)
    loop.until(1000.9)
    assert loop.armed is None
