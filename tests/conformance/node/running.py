"""Pods whose containers run: making them, and asking how they are and what they printed."""

import base64
from collections.abc import Callable
from typing import Any

from tests.conformance.cluster import Object, Space, eventually

IMAGE = "localhost/busybox:latest"
PATIENCE_SECONDS = 60.0
#: Runs until it is told to end, and then does at once.
FOREVER = "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"


def container(script: str = FOREVER, name: str = "main", **fields: Any) -> Object:
    return {"name": name, "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script], **fields}


def pod(name: str, *containers: Object, metadata: Object | None = None, **spec: Any) -> Object:
    rest = {"terminationGracePeriodSeconds": 1, "restartPolicy": "Never", "automountServiceAccountToken": False}
    return {"metadata": {"name": name} | (metadata or {}), "spec": {**rest, "containers": [*containers], **spec}}


def mount(path: str, name: str = "volume", **fields: Any) -> Object:
    return {"name": name, "mountPath": path, **fields}


def config_map(name: str, **data: str) -> Object:
    return {"metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> Object:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": {"name": name}, "data": encoded}


class Running:
    """The Pods of one namespace."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.cluster = space.cluster

    def start(self, *pods: Object) -> None:
        for body in pods:
            self.space.create("pods", body)

    def get(self, name: str) -> Object:
        return self.space.get("pods", name)

    def container(self, name: str, of: str = "main", kind: str = "containerStatuses") -> Object:
        """The status of a container; {} while there is none."""
        return next((entry for entry in self.get(name)["status"].get(kind, ()) if entry["name"] == of), {})

    def phase(self, name: str) -> str:
        return str(self.get(name)["status"].get("phase", ""))

    def is_ready(self, name: str) -> bool:
        conditions = self.get(name)["status"].get("conditions", ())
        return any((entry["type"], entry["status"]) == ("Ready", "True") for entry in conditions)

    def wait(self, look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
        return eventually(look, what, seconds)

    def ready(self, *names: str) -> None:
        for name in names:
            self.wait(lambda name=name: self.is_ready(name), f"{name} is ready: {self.get(name)['status']}")  # type: ignore[misc]

    def ended(self, name: str) -> Object:
        """The Pod once it has Succeeded or Failed."""
        self.wait(lambda: self.phase(name) in ("Succeeded", "Failed"), f"{name} has ended: {self.get(name)['status']}")
        return self.get(name)

    def gone(self, name: str) -> None:
        self.wait(lambda: not self.cluster.exists(self.space.path("pods", name)), f"{name} is gone")

    def log(self, name: str, of: str = "main", **query: Any) -> str:
        path = self.space.path("pods", name, "log")
        text: bytes = self.cluster.answer("GET", path, container=of, **query).data
        return text.decode()

    def last(self, name: str, of: str = "main") -> str:
        """The last line that it printed."""
        return self.log(name, of, tailLines=1).rstrip("\n")

    def reasons(self, name: str) -> set[str]:
        """Of the Events about the Pod."""
        events = self.space.items("events", fieldSelector=f"involvedObject.name={name}")
        return {event["reason"] for event in events}
