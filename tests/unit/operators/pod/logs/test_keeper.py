"""Which folders are looked after, with the kernel's own inotify."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from operators._kube.meta import Key
from operators.pod.inventory import Inventory, Unit
from operators.pod.logs import keeper, limits
from operators.pod.paths import Paths


async def until(check: Any) -> None:
    async with asyncio.timeout(5):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(run=tmp_path / "run", logs=tmp_path / "logs", state=tmp_path / "state", units=tmp_path / "units")


async def test_logs_of_new_and_old_containers_are_rotated_and_quiet_ones_left_alone(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_SIZE", 100)
    monkeypatch.setattr(keeper, "_SHORTEST", 0.01)
    monkeypatch.setattr(keeper, "_LONGEST", 0.02)
    reopened: list[str] = []
    inventory = Inventory(paths)
    record = inventory.record("u", Key("ns", "p"))
    for name in ("old", "new"):
        record.units[name] = Unit(f"{name}.service", "container", "", "")
        (paths.pod_run("u")).mkdir(parents=True, exist_ok=True)
        (paths.pod_run("u") / f"{name}.cid").write_text(f"id-{name}\n")
    old, new = (paths.log_dir("ns", "p", "u", name) for name in ("old", "new"))
    old.mkdir(parents=True)
    (old / "a.log").write_bytes(b"x" * 200)

    def bundle(cid: str) -> Path | None:
        reopened.append(cid)
        return None

    watching = keeper.LogKeeper(paths, inventory, bundle)
    monkeypatch.setattr(keeper, "_Folder", _folder)
    await watching.open(None)  # type: ignore[arg-type]
    try:
        await until(lambda: "id-old" in reopened)
        new.mkdir(parents=True)
        (new / "b.log").write_bytes(b"y")
        await asyncio.sleep(0.1)
        assert "id-new" not in reopened
        count = reopened.count("id-old")
        await asyncio.sleep(0.2)
        assert reopened.count("id-old") == count  # nobody writes
        (new / "b.log").write_bytes(b"y" * 200)
        await until(lambda: "id-new" in reopened)
    finally:
        await watching.close()


_Folder = keeper._Folder


def _folder(path: Path, at: float) -> Any:
    return _Folder(path, at=at, pace=0.01)
