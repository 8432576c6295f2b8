"""Small services around containers: telling of their starts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from operators.pod.lifecycle import plan
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.view import View
from operators.pod.resources import words as resources
from operators.pod.sources import Object
from operators.pod.status import backoff, containers

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet


def announce(kubelet: "Kubelet", pod: Object, views: Mapping[str, View], local: Local) -> None:
    """Events about what happened to the containers since the last look."""
    uid = pod["metadata"]["uid"]
    _leave_out(kubelet, pod, local)
    kubelet.hooks.report(pod)
    reported = _reported(pod)
    for spec, _ in plan.everything(pod):
        name = spec["name"]
        seen = views.get(name, View())
        # An exited one may have been too quick to be seen while it ran.
        if seen.doing in ("running", "exited") and seen.started and local.announced.get(name) != seen.invocation:
            is_known = name not in local.announced and reported.get(name) == seen.container_id
            local.announced[name] = seen.invocation
            if not is_known:
                _started(
                    kubelet, pod, spec, pulled=len(seen.exits) == 0 and kubelet.images.was_pulled(uid, spec["image"])
                )
        puts_off = seen.doing == "backoff" and backoff.streak(seen.exits) > 1
        if puts_off and ("backoff", seen.exits[-1].invocation) not in local.told:
            local.told.add(("backoff", seen.exits[-1].invocation))
            meta = pod["metadata"]
            text = f"Back-off restarting failed container {name} in pod {meta['name']}_{meta['namespace']}({uid})"
            kubelet.news.tell(pod, name, "Warning", "BackOff", text)
        if seen.exits and seen.exits[-1].started == 0.0 and ("error", seen.exits[-1].invocation) not in local.told:
            local.told.add(("error", seen.exits[-1].invocation))
            kubelet.news.tell(pod, name, "Warning", "Failed", f"Error: {seen.exits[-1].message}")


def _leave_out(kubelet: "Kubelet", pod: Object, local: Local) -> None:
    """Says once what of the Pod's spec this node does not do."""
    if ("left", "out") in local.told:
        return
    local.told.add(("left", "out"))
    if ignored := resources.limits_ignored(pod, kubelet.machine):
        text = f"the node has no cgroup controller for {', '.join(ignored)}: these limits are not enforced"
        kubelet.news.tell(pod, None, "Warning", "LimitsIgnored", text)


def _started(kubelet: "Kubelet", pod: Object, spec: Object, *, pulled: bool) -> None:
    if not pulled:
        text = f'Container image "{spec["image"]}" already present on machine and can be accessed by the pod'
        kubelet.news.tell(pod, spec["name"], "Normal", "Pulled", text)
    kubelet.news.tell(pod, spec["name"], "Normal", "Created", "Container created")
    kubelet.news.tell(pod, spec["name"], "Normal", "Started", "Container started")


def _reported(pod: Object) -> dict[str, str]:
    # One that waits has its ID already while its postStart hook runs.
    entries = {name: e for name, e in containers.reported(pod).items() if "waiting" not in (e.get("state") or {})}
    return {name: str(entry.get("containerID") or "").removeprefix("podman://") for name, entry in entries.items()}
