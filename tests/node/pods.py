"""Pods for the tests of this folder: making them, and asking how they are."""

import json
from typing import Any

IMAGE = "localhost/busybox:latest"
#: Runs until it is told to end, and then does at once.
FOREVER = "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"


def container(name: str, script: str = FOREVER, **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script], **fields}


def manifest(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"terminationGracePeriodSeconds": 2, "containers": list(containers), **spec},
    }


class Pods:
    """The Pods of one namespace on a node."""

    def __init__(self, node: Any, namespace: str) -> None:
        self.node = node
        self.namespace = namespace

    def create(self, name: str, *containers: dict[str, Any], **spec: Any) -> None:
        self.apply(manifest(name, *containers, **spec))

    def apply(self, *objects: dict[str, Any]) -> None:
        for obj in objects:
            self.node.kubectl("apply", "-n", self.namespace, "-f", "-", input=json.dumps(obj))

    def get(self, name: str) -> dict[str, Any]:
        return self.node.json("get", "pod", name, "-n", self.namespace)

    def phase(self, name: str) -> str:
        return self.get(name).get("status", {}).get("phase", "")

    def status(self, name: str, of: str, kind: str = "containerStatuses") -> dict[str, Any]:
        entries = self.get(name).get("status", {}).get(kind) or ()
        return next((entry for entry in entries if entry["name"] == of), {"state": {}, "lastState": {}})

    def waiting(self, name: str, of: str, kind: str = "containerStatuses") -> str:
        return self.status(name, of, kind)["state"].get("waiting", {}).get("reason", "")

    def ready(self, name: str) -> bool:
        conditions = self.get(name).get("status", {}).get("conditions") or ()
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    def wait_ready(self, name: str, timeout: float = 30) -> None:
        self.node.wait_for(f"{name} is ready", lambda: self.ready(name), timeout)

    def wait_phase(self, name: str, phase: str, timeout: float = 30) -> None:
        self.node.wait_for(f"{name} is {phase}", lambda: self.phase(name) == phase, timeout)

    def delete(self, name: str, *options: str) -> None:
        self.node.kubectl("delete", "pod", name, "-n", self.namespace, "--timeout=40s", *options)

    def logs(self, name: str, *options: str) -> str:
        """What it printed; "" while it has not begun."""
        return self.node.kubectl("logs", name, "-n", self.namespace, *options, check=False).stdout

    def events(self, name: str) -> set[tuple[str, str]]:
        """(reason, message)."""
        found = self.node.json("get", "events", "-n", self.namespace)["items"]
        return {(e["reason"], e["message"]) for e in found if e["involvedObject"]["name"] == name}

    def unit(self, name: str, of: str | None = None) -> str:
        return "ukube-" + "_".join(part for part in (self.namespace, name, of) if part) + ".service"

    def traces(self) -> list[str]:
        """All that the node still has of this namespace's Pods."""
        script = f"""
            find /etc/systemd/system -name '*{self.namespace}*'
            find /var/log/pods -maxdepth 1 -name '*{self.namespace}*'
            systemctl list-units --all --no-legend --plain 'ukube-{self.namespace}*' | cut -d' ' -f1
            podman ps -a --format '{{{{.Names}}}}' | grep '^{self.namespace}_'
            true"""
        return self.node.run(["sh", "-c", script]).stdout.split()


def machinery(node: Any) -> dict[str, int]:
    """How many things there are on the node that Pods come with."""
    script = """
        echo units $(ls /etc/systemd/system | wc -l)
        echo netns $(ls /run/netns 2>/dev/null | wc -l)
        echo mounts $(grep -c ukube /proc/mounts)
        echo run $(find /run/ukube/pods -mindepth 1 2>/dev/null | wc -l)
        echo state $(find /var/lib/ukube/pods -mindepth 1 2>/dev/null | wc -l)
        echo links $(ls /sys/class/net | grep -c '^uk[0-9a-f]')
        echo slices $(ls -d /sys/fs/cgroup/kubepods.slice/kubepods-*.slice/kubepods-*.slice 2>/dev/null | wc -l)
        echo containers $(podman ps -aq | wc -l)"""
    lines = node.run(["sh", "-c", script]).stdout.splitlines()
    return {name: int(count) for name, count in (line.split() for line in lines)}
