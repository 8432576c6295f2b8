"""What is not to start any more does not start."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

from operators._kube.meta import Key
from operators.pod import files
from operators.pod.inventory import Inventory, Unit
from operators.pod.lifecycle.ender import Ender
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.preparing import Preparer
from operators.pod.lifecycle.runner import Runner
from operators.pod.paths import Paths


class Systemd:
    """Asked to start a unit, it begins a moment later, as one whose connection is busy."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.started: list[str] = []

    async def start(self, unit: str) -> str:
        await self.free.wait()
        self.started.append(unit)
        return "done"

    restart = start


async def test_a_start_that_has_been_dropped_is_not_made_up_for_later() -> None:
    systemd = Systemd()
    runner, local = Runner(SimpleNamespace(systemd=systemd)), Local()  # type: ignore[arg-type]
    local.starts["app"] = asyncio.create_task(runner._start_unit("a.service"))
    local.restarts["side"] = asyncio.create_task(runner._restart_unit("b.service"))
    for _ in range(3):
        await asyncio.sleep(0)
    local.drop_starts()
    await asyncio.wait([local.starts["app"], local.restarts["side"]])
    systemd.free.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert systemd.started == []


def test_a_unit_that_is_taken_back_leaves_no_file(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "units", tmp_path / "state", tmp_path / "run", tmp_path / "logs", tmp_path / "netns")
    record = Inventory(paths).record("u-1", Key("shop", "web"))
    files.write_units(paths, {"ukube-shop_web_app.service": "[Unit]\n"})
    record.units["app"] = Unit("ukube-shop_web_app.service", "app", "image", "hash")
    preparer = Preparer(SimpleNamespace(paths=paths))  # type: ignore[arg-type]
    preparer._withdraw(record, "app")
    preparer._withdraw(record, "app")
    assert record.units == {}
    assert list(paths.units.iterdir()) == list(paths.boot.iterdir()) == []


async def test_a_pod_whose_start_was_only_asked_for_is_stopped_before_it_is_removed() -> None:
    systemd = SimpleNamespace(state=lambda unit: None)
    ender, local = Ender(SimpleNamespace(systemd=systemd)), Local()  # type: ignore[arg-type]
    record = Inventory(Paths()).record("u-1", Key("shop", "web"))
    record.sandbox = "ukube-shop_web.service"
    assert not ender._is_unfinished(record, local)
    local.starts["app"] = asyncio.create_task(asyncio.sleep(60, "done"))
    assert ender._is_unfinished(record, local)
    local.drop_starts()
    await asyncio.wait([local.starts["app"]])
    assert not ender._is_unfinished(record, local)
