"""Cron timer: schedules are known to systemd too, which starts the control plane when it does not run."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators.crontimer import SLEEP, machine, plan


def slim(cron: dict[str, Any]) -> dict[str, Any]:
    """What the cache keeps of a CronJob."""
    kept = {name: cron["spec"][name] for name in ("schedule", "timeZone", "suspend") if name in cron["spec"]}
    return {"apiVersion": cron.get("apiVersion"), "kind": cron.get("kind"), "metadata": cron["metadata"], "spec": kept}


controller = Controller("crontimer", user=SLEEP.user, component="cronjob-controller", keep=slim)

_API = ("batch/v1", "cronjobs")
# What systemd has been told by this process; None: nothing yet.
_told: str | None = None


@controller.reconcile(*_API, concurrency=1)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered, for all CronJobs at once: there is one timer."""
    global _told
    text = plan.timer(kube.list(*_API))
    if text != _told and machine.is_node():
        await asyncio.to_thread(machine.arm, text)
        _told = text
    return DONE
