"""What the tests of volumes have in common: objects, volumes of every kind, waiting."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from tests.node.pods import IMAGE, Pods


def config_map(name: str, **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> dict:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


def sh(pods: Pods, pod: str, script: str, check: bool = True) -> str:
    """What a command prints in the Pod's first container."""
    return pods.node.kubectl("exec", pod, "-n", pods.namespace, "--", "sh", "-c", script, check=check).stdout


def replace(pods: Pods, obj: dict, verb: str = "replace") -> None:
    """For what is too large for apply's annotation."""
    pods.node.kubectl(verb, "-n", pods.namespace, "-f", "-", input=json.dumps(obj))


def within(seconds: float, check: Callable[[], Any]) -> float:
    """How long it took until `check` held."""
    begun = time.monotonic()
    while not check():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begun


def mount(name: str, path: str, **fields) -> dict:
    return {"name": name, "mountPath": path, **fields}


def projected(*sources: dict, **fields) -> dict:
    return {"projected": {"sources": list(sources), **fields}}


EVERY_KIND = [
    {"name": "disk", "emptyDir": {}},
    {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
    {"name": "settings", "configMap": {"name": "settings"}},
    {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o400}},
    {"name": "about", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    {"name": "host", "hostPath": {"path": "/srv/volumes-test", "type": "DirectoryOrCreate"}},
    {"name": "image", "image": {"reference": IMAGE, "pullPolicy": "IfNotPresent"}},
    {
        "name": "all",
        **projected(
            {"configMap": {"name": "settings", "items": [{"key": "a", "path": "x/a"}]}},
            {"secret": {"name": "keys"}},
            {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 600}},
        ),
    },
]
EVERYWHERE = [mount(volume["name"], f"/v/{volume['name']}") for volume in EVERY_KIND]
IN_PART = [
    mount("disk", "/s/disk", subPath="a/b"),
    mount("memory", "/s/memory", subPathExpr="$(HOME)-x"),
    mount("settings", "/s/settings", subPath="a"),
    mount("image", "/s/image", subPath="bin"),
    mount("host", "/s/host", readOnly=True, recursiveReadOnly="Enabled"),
]
ENV = [{"name": "HOME", "value": "h"}]
