"""Examples of sig-storage, by upstream's names of the behaviours."""

from typing import Any

from tests.conformance.cluster import Object
from tests.conformance.node.examples import Example
from tests.conformance.node.running import config_map, container, mount, secret

CONFIG_MAPS = (
    config_map("settings", **{"data-1": "value-1", "data-2": "value-2", "data-3": "value-3"}),
    {"metadata": {"name": "binary"}, "data": {"data": "value"}, "binaryData": {"dump.bin": "3srK/vAN/gA="}},
)
SECRETS = (secret("keys", **{"data-1": "value-1", "data-2": "value-2", "data-3": "value-3"}),)
SMALL = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}


def looks(script: str, source: Object, *lines: str, resources: Object | None = None, **spec: Any) -> Example:
    """A Pod with one volume, at /v."""
    main = container(script, volumeMounts=[mount("/v")], resources=resources or {})
    return Example(main, lines, {"volumes": [{"name": "volume", **source}], **spec})


def reads(file: str, mode: str, source: Object, **spec: Any) -> Example:
    """A Pod that finds one of the values in a file of that mode."""
    key = "2" if "2" in file else "1"
    return looks(f"stat -Lc %A /v/{file}; cat /v/{file}; echo", source, mode, f"value-{key}", **spec)


def twice(source: Object) -> Example:
    main = container(
        "cat /v/data-1; echo; cat /w/data-1; echo; stat -Lc %A /w/data-1",
        volumeMounts=[mount("/v"), mount("/w", "other", readOnly=True)],
    )
    spec = {"volumes": [{"name": "volume", **source}, {"name": "other", **source}]}
    return Example(main, ("value-1", "value-1"), spec)


def configured(**fields: Any) -> Object:
    return {"configMap": {"name": "settings", **fields}}


def projected(source: Object, **fields: Any) -> Object:
    return {"projected": {"sources": [source], **fields}}


def secretly(**fields: Any) -> Object:
    return {"secret": {"secretName": "keys", **fields}}


SECRET = {"secret": {"name": "keys"}}
ITEM = {"key": "data-2", "path": "path/to/data-2"}
PLAIN, OWN, GROUPS = "-rw-r--r--", "-r--------", "-r--r-----"
NON_ROOT = {"securityContext": {"runAsUser": 1000}}
IN_GROUP = {"securityContext": {"runAsUser": 1000, "fsGroup": 1001}}


def resource(path: str, of: str, **fields: str) -> Object:
    return {"path": path, "resourceFieldRef": {"containerName": "main", "resource": of, **fields}}


def about(item: Object, **fields: Any) -> Object:
    return {"downwardAPI": {"items": [item], **fields}}


NAME = {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}
CPU = resource("cpu", "requests.cpu", divisor="1m")
MEMORY, ROOM = resource("memory", "requests.memory"), resource("memory", "limits.memory")
CORES = resource("cpu", "limits.cpu")


def writes(mode: int, shown: str, user: int = 0, **source: str) -> Example:
    script = f"echo content > /v/file; chmod {mode:o} /v/file; stat -c %A /v/file; cat /v/file; stat -f -c %T /v"
    medium = ("tmpfs",) if source else ()
    return looks(script, {"emptyDir": source}, shown, "content", *medium, securityContext={"runAsUser": user})


VOLUMES = {
    "ConfigMap binary data should be reflected in volume": looks(
        "cat /v/data; echo; od -An -tx1 /v/dump.bin",
        {"configMap": {"name": "binary"}},
        "value",
        " de ca ca fe f0 0d fe 00",
    ),
    "ConfigMap should be consumable from pods in volume": reads("data-1", PLAIN, configured()),
    "ConfigMap should be consumable from pods in volume with mappings": reads(
        "path/to/data-2", PLAIN, configured(items=[ITEM])
    ),
    "ConfigMap should be consumable in multiple volumes in the same pod": twice(configured()),
    "Downward API volume should provide container's cpu request": looks(
        "cat /v/cpu", about(CPU), "250", resources=SMALL
    ),
    "Downward API volume should provide container's memory limit": looks(
        "cat /v/memory", about(ROOM), "67108864", resources=SMALL
    ),
    "Downward API volume should provide node allocatable (memory) as default memory limit "
    "if the limit is not set": looks("cat /v/memory", about(ROOM), "{memory}"),
    "Downward API volume should provide podname only": looks("cat /v/name", about(NAME), "{name}"),
    "Downward API volume should set DefaultMode on files": looks(
        "stat -Lc %A /v/name", about(NAME, defaultMode=0o400), OWN
    ),
    "EmptyDir volumes should support (non-root,0644,default)": writes(0o644, PLAIN, 1001),
    "EmptyDir volumes should support (non-root,0666,default)": writes(0o666, "-rw-rw-rw-", 1001),
    "EmptyDir volumes should support (non-root,0777,tmpfs)": writes(0o777, "-rwxrwxrwx", 1001, medium="Memory"),
    "EmptyDir volumes should support (root,0644,default)": writes(0o644, PLAIN),
    "EmptyDir volumes should support (root,0644,tmpfs)": writes(0o644, PLAIN, medium="Memory"),
    "EmptyDir volumes should support (root,0666,default)": writes(0o666, "-rw-rw-rw-"),
    "EmptyDir volumes should support (root,0777,default)": writes(0o777, "-rwxrwxrwx"),
    "EmptyDir volumes volume on default medium should have the correct mode": looks(
        "stat -c %A /v", {"emptyDir": {}}, "drwxrwxrwx"
    ),
    "EmptyDir volumes volume on tmpfs should have the correct mode": looks(
        "stat -c %A /v; stat -f -c %T /v", {"emptyDir": {"medium": "Memory"}}, "drwxrwxrwx", "tmpfs"
    ),
    "Projected combined should project all components that make up the projection API": looks(
        "cat /v/one/data-1 /v/two/data-2; echo; cat /v/three/name",
        {
            "projected": {
                "sources": [
                    {"configMap": {"name": "settings", "items": [{"key": "data-1", "path": "one/data-1"}]}},
                    {"secret": {"name": "keys", "items": [{"key": "data-2", "path": "two/data-2"}]}},
                    about({**NAME, "path": "three/name"}),
                ]
            }
        },
        "value-1value-2",
        "{name}",
    ),
    "Projected configMap should be consumable from pods in volume": reads("data-1", PLAIN, projected(configured())),
    "Projected configMap should be consumable from pods in volume as non-root": reads(
        "data-1", PLAIN, projected(configured()), **NON_ROOT
    ),
    "Projected configMap should be consumable from pods in volume with defaultMode set": reads(
        "data-1", OWN, projected(configured(), defaultMode=0o400)
    ),
    "Projected configMap should be consumable from pods in volume with mappings and Item mode set": reads(
        "path/to/data-2", OWN, projected(configured(items=[{**ITEM, "mode": 0o400}]))
    ),
    "Projected configMap should be consumable from pods in volume with mappings as non-root": reads(
        "path/to/data-2", PLAIN, projected(configured(items=[ITEM])), **NON_ROOT
    ),
    "Projected downwardAPI should provide container's cpu request": looks(
        "cat /v/cpu", projected(about(CPU)), "250", resources=SMALL
    ),
    "Projected downwardAPI should provide container's memory limit": looks(
        "cat /v/memory", projected(about(ROOM)), "67108864", resources=SMALL
    ),
    "Projected downwardAPI should provide container's memory request": looks(
        "cat /v/memory", projected(about(MEMORY)), "33554432", resources=SMALL
    ),
    "Projected downwardAPI should provide node allocatable (cpu) as default cpu limit if the limit is not set": looks(
        "cat /v/cpu", projected(about(CORES)), "{cpu}"
    ),
    "Projected downwardAPI should provide node allocatable (memory) as default memory limit "
    "if the limit is not set": looks("cat /v/memory", projected(about(ROOM)), "{memory}"),
    "Projected downwardAPI should set mode on item file": looks(
        "stat -Lc %A /v/name", projected(about({**NAME, "mode": 0o400})), OWN
    ),
    "Projected secret should be consumable from pods in volume": reads("data-1", PLAIN, projected(SECRET)),
    "Projected secret should be consumable from pods in volume with defaultMode set": reads(
        "data-1", OWN, projected(SECRET, defaultMode=0o400)
    ),
    "Projected secret should be consumable in multiple volumes in a pod": twice(projected(SECRET)),
    "Secrets should be consumable from pods in volume": reads("data-1", PLAIN, secretly()),
    "Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set": reads(
        "data-1", GROUPS, secretly(defaultMode=0o440), **IN_GROUP
    ),
    "Secrets should be consumable from pods in volume with defaultMode set": reads(
        "data-1", OWN, secretly(defaultMode=0o400)
    ),
    "Secrets should be consumable from pods in volume with mappings": reads(
        "path/to/data-2", PLAIN, secretly(items=[ITEM])
    ),
    "Secrets should be consumable from pods in volume with mappings and Item Mode set": reads(
        "path/to/data-2", OWN, secretly(items=[{**ITEM, "mode": 0o400}])
    ),
    "Secrets should be consumable in multiple volumes in a pod": twice(secretly()),
}


def in_part(source: Object, path: str, sub_path: str, line: str) -> Example:
    main = container(f"cat {path}; echo", volumeMounts=[mount(path, subPath=sub_path)])
    return Example(main, (line,), {"volumes": [{"name": "volume", **source}]})


PARTS = {
    "Subpath Atomic writer volumes should support subpaths with configmap pod": in_part(
        configured(), "/w/data", "data-1", "value-1"
    ),
    "Subpath Atomic writer volumes should support subpaths with configmap pod with mountPath of existing file": in_part(
        configured(), "/etc/passwd", "data-1", "value-1"
    ),
    "Subpath Atomic writer volumes should support subpaths with downward pod": in_part(
        about({**NAME, "path": "sub/name"}), "/w/name", "sub/name", "{name}"
    ),
}

STORAGE = {**VOLUMES, **PARTS}
