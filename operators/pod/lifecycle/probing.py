"""Leads from containers to their probes, and from what probes find back to containers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from operators._kube import meta
from operators.pod import files
from operators.pod.lifecycle import steward
from operators.pod.lifecycle.view import View
from operators.pod.probes import rules
from operators.pod.probes.rules import Probe
from operators.pod.sources import Object

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet


class Probing:
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet

    def sync(self, pod: Object, views: Mapping[str, View]) -> None:
        """Every container that runs is probed as its spec says, and nothing else is."""
        record = self._kubelet.inventory.record(meta.uid_of(pod))
        old = {entry["name"]: entry for entry in (pod.get("status") or {}).get("containerStatuses") or ()}
        runs = {}
        for name, view in views.items():
            if view.doing == "running":
                before = old.get(name) or {}
                same = before.get("containerID") == f"podman://{view.container_id}"
                started = datetime.fromtimestamp(view.started, UTC)
                runs[name] = rules.Run(view.invocation, started, before.get("ready") if same else None)
        host = record.address or "127.0.0.1"
        self._kubelet.prober.sync(record.uid, rules.declared(pod, runs, host))

    def outcome(self, probe: Probe, passed: bool, output: str, changed: bool) -> None:
        """What a probe has found; see operators.pod.probes.prober.OnOutcome."""
        kubelet = self._kubelet
        record = kubelet.inventory.find(probe.pod_uid)
        pod = kubelet.objects.pod_of(record) if record is not None else None
        if record is None or record.key is None or pod is None:
            return
        if not passed:
            kubelet.news.tell(pod, probe.container, "Warning", "Unhealthy", rules.event_message(probe.kind, output))
        if changed and not passed and probe.kind in ("liveness", "startup"):
            kubelet.runner.restart(pod, record, probe.container, f"failed {probe.kind} probe, will be restarted")
        if changed:
            kubelet.enqueue(record.key)

    async def execute(self, uid: str, container: str, argv: Sequence[str], seconds: float) -> tuple[int, str]:
        """Runs an exec probe; (exit code, output). Raises TimeoutError."""
        cid = files.read(self._kubelet.paths.pod_run(uid) / f"{container}.cid").strip()
        return await steward.execute(cid, argv, seconds)
