"""systemd reads its unit files again when, and only when, removed units are still loaded."""

import asyncio

import pytest

from operators._node.ports import UnitState
from operators.pod import leftovers
from operators.pod.leftovers import Leftovers


class Systemd:
    def __init__(self, *loaded, fails=0):
        self.loaded = set(loaded)
        self.reloads = 0
        self.reset = []
        self.fails = fails

    def state(self, name):
        return UnitState("failed") if name in self.loaded else None

    async def reset_failed(self, name):
        self.reset.append(name)

    async def reload(self):
        self.reloads += 1
        if self.fails:
            self.fails -= 1
            raise OSError("no bus")
        self.loaded.clear()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(leftovers, "_QUIET", 0.02)


async def test_what_systemd_forgot_by_itself_needs_no_reload():
    systemd = Systemd("other.service")
    Leftovers(systemd).add(["a.service"])
    await asyncio.sleep(0.1)
    assert systemd.reloads == 0


async def test_many_removals_are_one_reload():
    systemd = Systemd("a.service", "b.service")
    found = Leftovers(systemd)
    for name in ("a.service", "b.service", "c.service"):
        found.add([name])
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert systemd.reloads == 1
    assert systemd.reset == ["a.service", "b.service"]


async def test_a_failed_reload_is_tried_again_with_the_next_removal():
    systemd = Systemd("a.service", fails=1)
    found = Leftovers(systemd)
    found.add(["a.service"])
    await asyncio.sleep(0.1)
    assert systemd.loaded == {"a.service"}
    found.add(["b.service"])
    await asyncio.sleep(0.1)
    assert systemd.loaded == set()
    await found.close()
