"""Before the operator falls asleep: no CronJob is left, so nothing is to be waited for."""

from __future__ import annotations

import asyncio

from operators._kube import paths
from operators._kube.client import Api
from operators._kube.paths import Kind
from operators.crontimer import machine


async def run(api: Api) -> None:
    """Removes the timer of CronJobs that went while the operator was away. Raises ApiError, OSError."""
    if not machine.is_node():
        return
    present = await api.send("GET", paths.of_collection(Kind("batch/v1", "cronjobs")), params={"limit": "1"})
    if not present.get("items"):
        await asyncio.to_thread(machine.arm, "")
