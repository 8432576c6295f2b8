"""Plays the part of a kubelet for Pods that never run: says that they do, and lets go of those that are deleted."""

import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.conformance.cluster import STRATEGIC, Object, Refused, Space

RUNNING = "2026-01-01T00:00:00Z"


def running(pod: Object, address: str = "10.1.0.1") -> Object:
    """The status of the Pod once all of its containers run."""
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": RUNNING}},
        }
        for container in pod["spec"]["containers"]
    ]
    conditions = [{"type": name, "status": "True"} for name in ("Ready", "ContainersReady", "Initialized")]
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": RUNNING,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "conditions": conditions,
        "containerStatuses": containers,
    }


def ended(pod: Object, code: int) -> Object:
    """The status of the Pod once all of its containers have ended with this exit code."""
    end = {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": RUNNING, "finishedAt": RUNNING}
    status = running(pod)
    for container in status["containerStatuses"]:
        container |= {"ready": False, "state": {"terminated": end, "running": None}}
    conditions = [{"type": name, "status": "False", "reason": "PodFailed"} for name in ("Ready", "ContainersReady")]
    return status | {"phase": "Failed" if code else "Succeeded", "conditions": conditions}


def is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any((condition["type"], condition["status"]) == ("Ready", "True") for condition in conditions)


class Kubelet:
    """While entered, watches the namespace's Pods in a thread."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.paused = False
        #: With which code the containers of a Pod that runs end; None: they go on.
        self.ends: Callable[[Object], int | None] = lambda pod: None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.03):
            for pod in self.space.items("pods"):
                with contextlib.suppress(Refused):
                    self._serve(pod)

    def _serve(self, pod: Object) -> None:
        name = pod["metadata"]["name"]
        status = pod["status"]
        has_ended = status.get("phase") in ("Succeeded", "Failed")
        if "deletionTimestamp" in pod["metadata"]:
            if pod["metadata"].get("finalizers") and not has_ended:
                self.space.patch("pods", name, {"status": ended(pod, 137)}, STRATEGIC, "status")
            self.space.delete("pods", name, {"gracePeriodSeconds": 0})
        elif self.paused or has_ended:
            return
        elif not is_ready(pod) or status.get("observedGeneration") != pod["metadata"].get("generation"):
            self.space.patch("pods", name, {"status": running(pod)}, STRATEGIC, "status")
        elif (code := self.ends(pod)) is not None:
            self.space.patch("pods", name, {"status": ended(pod, code)}, STRATEGIC, "status")
