"""A lifecycle hook as the words that libexec/hook.sh takes, and the request of one by HTTP (pure).

See the Kubernetes page "Container Lifecycle Hooks".
"""

import json
from typing import Any, Literal

from operators.pod.paths import Paths
from operators.pod.probes import rules
from operators.pod.sources import Object

Hook = Literal["postStart", "preStop"]
HOOKS: tuple[Hook, ...] = ("postStart", "preStop")


def words(pod: Object, spec: Object, hook: Hook, paths: Paths, runtime: str = "") -> list[str]:
    """What hook.sh is to do; [] without such a hook. A handler that nobody can run fails when it is run, as upstream.
    `runtime`: the program that runs the container, "" for the usual one."""
    handler = _handler(spec, hook)
    if not handler:
        return []
    if command := (handler.get("exec") or {}).get("command"):
        return [f"exec:{runtime}", *command]
    if "sleep" in handler:
        return ["sleep:", str(int((handler["sleep"] or {}).get("seconds") or 0))]
    if handler.get("httpGet"):
        return ["http:", request_path(pod, spec, hook, paths)]
    return ["none:"]


def request_path(pod: Object, spec: Object, hook: Hook, paths: Paths) -> str:
    """Where hook.sh finds the request. It is a file because its headers may be secret, and on the disk because the hook
    is run after a boot too."""
    return str(paths.pod_state(pod["metadata"]["uid"]) / "hooks" / f"{spec['name']}.{hook}")


def requests(spec: Object, address: str) -> dict[Hook, str]:
    """The requests of the container's hooks by HTTP, as operators.pod.hooks.request reads them. `address`: where a
    request goes that names no host."""
    found: dict[Hook, str] = {}
    for hook in HOOKS:
        if action := _handler(spec, hook).get("httpGet"):
            port, fault = rules.resolve_port(action.get("port", 0), spec)
            found[hook] = json.dumps(
                {
                    "scheme": str(action.get("scheme") or "HTTP").lower(),
                    "host": action.get("host") or address,
                    "port": port,
                    "path": action.get("path") or "",
                    "headers": [[h["name"], h.get("value") or ""] for h in action.get("httpHeaders") or ()],
                    "fault": fault,
                }
            )
    return found


def has_any(spec: Object) -> bool:
    return any(_handler(spec, hook) for hook in HOOKS)


def _handler(spec: Object, hook: Hook) -> dict[str, Any]:
    return dict((spec.get("lifecycle") or {}).get(hook) or {})
