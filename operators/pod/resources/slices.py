"""The slices that hold all Pods, and one for each QoS class but Guaranteed, as kubelet's QoS cgroups."""

import asyncio
from typing import TYPE_CHECKING

from operators._kube import podresources
from operators._node.ports import SystemdError
from operators.pod import files
from operators.pod.part import Part
from operators.pod.resources import cgroups
from operators.pod.status import qos
from operators.pod.units.parts import Machine

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

ALL, BURSTABLE, BEST_EFFORT = "kubepods.slice", "kubepods-burstable.slice", "kubepods-besteffort.slice"
_PATIENCE = 1.0  # seconds: Pods often come and go together
_ENDED = ("Succeeded", "Failed")


def units(machine: Machine, cpus: int, burstable: int = 1) -> dict[str, str]:
    """All Pods together get what the machine has; `burstable`: cpu.weight. Swap is not for Pods (kubelet's NoSwap)."""
    whole = cgroups.Values(cgroups.weight_of(cgroups.shares_of(cpus * 1000)), memory=machine.memory or None)
    return {
        ALL: _text("Pods", [*cgroups.properties(whole), ("MemorySwapMax", "0")]),
        BURSTABLE: _text("Burstable Pods", [("CPUWeight", str(burstable))]),
        BEST_EFFORT: _text("BestEffort Pods", [("CPUWeight", "1")]),
    }


def _text(description: str, lines: list[tuple[str, str]]) -> str:
    settings = "\n".join(f"{key}={value}" for key, value in lines)
    return f"[Unit]\nDescription={description}\nBefore=slices.target\n\n[Slice]\n{settings}\n"


class Slices(Part):
    """Burstable Pods together weigh as much as they request; whenever that changes, so does their slice."""

    def __init__(self, kubelet: "Kubelet", cpus: int) -> None:
        self._kubelet = kubelet
        self._cpus = cpus
        self._weight = 0
        self._task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def forget(self, uid: str) -> None:
        self.changed()

    def changed(self) -> None:
        """A Pod has come, gone, or changed its size."""
        if "cpu" in self._kubelet.machine.controllers and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._update(), name="QoS slices")

    async def _update(self) -> None:
        await asyncio.sleep(_PATIENCE)
        kubelet, requested = self._kubelet, 0
        for pod in kubelet.objects.pods():
            is_active = (pod.get("status") or {}).get("phase") not in _ENDED
            if is_active and qos.compute(given := kubelet.resizer.given(pod)) == "Burstable":
                requested += podresources.requests(given).get("cpu", 0)
        weight = cgroups.weight_of(cgroups.shares_of(requested))
        if weight == self._weight:
            return
        text = units(kubelet.machine, self._cpus, weight)[BURSTABLE]
        await asyncio.to_thread(files.write, kubelet.paths.units / BURSTABLE, text)
        try:
            await kubelet.systemd.set_property(BURSTABLE, "CPUWeight", weight)
        except SystemdError:
            return  # with the next change
        self._weight = weight
