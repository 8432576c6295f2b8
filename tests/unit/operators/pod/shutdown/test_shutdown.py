"""The order in which Pods end before the machine goes down."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from operators._kube.meta import Key
from operators.pod.inventory import Inventory
from operators.pod.paths import Paths
from operators.pod.shutdown import graceful, order, settings
from operators.pod.shutdown.order import Step
from operators.pod.shutdown.settings import Settings


def pod(uid: str, priority: int | None = None) -> dict[str, Any]:
    return {"metadata": {"uid": uid}, "spec": {} if priority is None else {"priority": priority}}


PODS = [pod("a"), pod("b", 2_000_000_000), pod("c", 1000), pod("d", 2_000_001_000)]


@pytest.mark.parametrize(
    ("pods", "period", "critical", "steps"),
    [
        (PODS, 30.0, 10.0, [Step(("a", "c"), 20.0), Step(("b", "d"), 10.0)]),
        (PODS, 10.0, 10.0, [Step(("b", "d"), 10.0)]),
        (PODS, 30.0, 0.0, [Step(("a", "c"), 30.0)]),
        (PODS[:1], 30.0, 10.0, [Step(("a",), 20.0)]),
        ([], 30.0, 10.0, []),
    ],
)
def test_steps(pods: list[dict], period: float, critical: float, steps: list[Step]) -> None:
    assert order.steps(pods, Settings(period, critical)) == steps


@pytest.mark.parametrize(
    ("period", "critical", "found"),
    [
        (None, None, Settings(30.0, 10.0)),
        ("60", "20", Settings(60.0, 20.0)),
        ("5", None, Settings(5.0, 5.0)),
        ("0", None, Settings(0.0, 0.0)),
        ("soon", "-1", Settings(30.0, 0.0)),
    ],
)
def test_settings(monkeypatch: pytest.MonkeyPatch, period: str | None, critical: str | None, found: Settings) -> None:
    for name, value in (("PERIOD", period), ("PERIOD_CRITICAL_PODS", critical)):
        if value is None:
            monkeypatch.delenv(f"UKUBE_SHUTDOWN_GRACE_{name}", raising=False)
        else:
            monkeypatch.setenv(f"UKUBE_SHUTDOWN_GRACE_{name}", value)
    assert settings.read() == found


class FakeSystemd:
    """Units that take a while to stop."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self.stopped: list[str] = []

    async def stop(self, unit: str) -> str:
        await asyncio.sleep(self.seconds[unit])
        self.stopped.append(unit)
        return "done"


class FakeLogind:
    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.did: list[str] = []

    async def open(self) -> None:
        self.did.append("open")

    async def close(self) -> None:
        self.did.append("close")

    async def longest_delay(self) -> float:
        return self.delay

    async def inhibit(self, who: str, why: str) -> bool:
        self.did.append("inhibit")
        return True

    async def reload(self) -> None:
        self.did.append("reload")

    def release(self) -> None:
        self.did.append("release")


class Scene:
    def __init__(self, folder: Path, delay: float = 30.0) -> None:
        inventory = Inventory(Paths())
        for uid in "abcd":
            inventory.put_sandbox(inventory.record(uid, Key("ns", uid)), f"{uid}.service", "", ())
        self.systemd = FakeSystemd({"a.service": 0.0, "b.service": 0.0, "c.service": 0.01, "d.service": 0.0})
        self.logind = FakeLogind(delay)
        self.resumed: list[bool] = []
        self.quieted: list[str] = []
        self.config = folder / "logind.conf"
        self.shutdown = graceful.Shutdown(
            inventory,
            self.systemd,
            lambda: PODS,
            lambda: self.resumed.append(True),
            self.quieted.append,
            self.config,  # type: ignore[arg-type]
        )
        self.shutdown._logind = self.logind  # type: ignore[assignment]


async def ended(scene: Scene) -> None:
    assert scene.shutdown._task is not None
    await scene.shutdown._task


async def test_critical_pods_end_last_and_then_the_machine_may_go(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.shutdown.open(None)  # type: ignore[arg-type]
    scene.shutdown._begins(True)
    assert scene.shutdown.is_on
    await ended(scene)
    assert scene.systemd.stopped == ["a.service", "c.service", "b.service", "d.service"]
    assert scene.logind.did == ["open", "inhibit", "release"]
    assert sorted(scene.quieted) == ["a", "b", "c", "d"]
    assert not scene.config.exists()


async def test_a_pod_that_takes_too_long_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UKUBE_SHUTDOWN_GRACE_PERIOD", "0.1")
    monkeypatch.setenv("UKUBE_SHUTDOWN_GRACE_PERIOD_CRITICAL_PODS", "0.05")
    scene = Scene(tmp_path)
    scene.systemd.seconds["c.service"] = 0.5
    await scene.shutdown.open(None)  # type: ignore[arg-type]
    scene.shutdown._begins(True)
    await ended(scene)
    assert scene.systemd.stopped == ["a.service", "b.service", "d.service"]
    assert scene.logind.did[-1] == "release"


async def test_a_shutdown_that_is_called_off_brings_the_pods_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.shutdown.open(None)  # type: ignore[arg-type]
    scene.shutdown._begins(True)
    await ended(scene)
    scene.shutdown._begins(False)
    await ended(scene)
    assert (scene.shutdown.is_on, scene.resumed) == (False, [True])
    assert scene.logind.did == ["open", "inhibit", "release", "inhibit"]


async def test_logind_is_told_to_wait_long_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graceful, "_RELOAD", 0.0)
    scene = Scene(tmp_path, delay=5.0)
    await scene.shutdown.open(None)  # type: ignore[arg-type]
    assert scene.config.read_text().endswith("[Login]\nInhibitDelayMaxSec=30\n")
    assert scene.logind.did == ["open", "reload", "inhibit"]


async def test_without_a_period_logind_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UKUBE_SHUTDOWN_GRACE_PERIOD", "0")
    scene = Scene(tmp_path)
    await scene.shutdown.open(None)  # type: ignore[arg-type]
    assert scene.logind.did == []
