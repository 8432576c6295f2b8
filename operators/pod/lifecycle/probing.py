"""Leads from containers to their probes, and from what probes find back to containers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from operators._kube import meta
from operators.pod import files
from operators.pod.lifecycle import plan, policy
from operators.pod.lifecycle.view import View
from operators.pod.probes import rules
from operators.pod.probes.attempt import OnOutcome, Wires
from operators.pod.probes.command import Command
from operators.pod.probes.rules import Outcome, Probe
from operators.pod.sources import Object

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet


class Probing:
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet

    def sync(self, pod: Object, views: Mapping[str, View]) -> None:
        """Every container that runs is probed as its spec says, and nothing else is."""
        record = self._kubelet.inventory.record(meta.uid_of(pod))
        old, runs = _reported(pod), {}
        for name, view in views.items():
            if view.doing == "running":
                before = old.get(name) or {}
                same = before if before.get("containerID") == f"podman://{view.container_id}" else {}
                started = datetime.fromtimestamp(view.started, UTC)
                runs[name] = rules.Run(view.invocation, started, same.get("ready"), same.get("started"))
        if runs or self._kubelet.prober.knows(record.uid):
            host = record.address or self._kubelet.objects.host_ips()[0]
            self._kubelet.prober.sync(record.uid, rules.declared(pod, runs, host))

    def outcome(self, probe: Probe, outcome: Outcome, changed: bool) -> None:
        """What a probe has found; see operators.pod.probes.prober.OnOutcome."""
        kubelet = self._kubelet
        record = kubelet.inventory.find(probe.pod_uid)
        pod = kubelet.objects.pod_of(record) if record is not None else None
        if record is None or record.key is None or pod is None:
            return
        if outcome.event is not None:
            reason, text = outcome.event
            kubelet.news.tell(pod, probe.container, "Warning", reason, rules.event_message(probe.kind, text))
        if changed and not outcome.passed and probe.kind in ("liveness", "startup") and not meta.is_deleting(pod):
            again = _restarts(pod, probe.container)
            why = rules.killing_reason(probe.kind, restarts=again)
            kubelet.runner.restart(pod, record, probe.container, why, grace=probe.grace, again=again)
        if changed:
            kubelet.enqueue(record.key)

    def command(self, wires: Wires, probe: Probe, on_outcome: OnOutcome) -> Command:
        """An attempt of an exec probe."""
        cid = files.read(self._kubelet.paths.pod_run(probe.pod_uid) / f"{probe.container}.cid").strip()
        record = self._kubelet.inventory.find(probe.pod_uid)
        runtime = record.isolation.runtime if record is not None else ""
        return Command(wires, probe, on_outcome, cid, runtime or "crun")


def _reported(pod: Object) -> dict[str, Object]:
    old = pod.get("status") or {}
    entries = [*(old.get("initContainerStatuses") or ()), *(old.get("containerStatuses") or ())]
    return {entry["name"]: entry for entry in entries}


def _restarts(pod: Object, name: str) -> bool:
    found = next(((spec, role) for spec, role in plan.containers(pod) if spec["name"] == name), None)
    return found is None or policy.of(pod, *found) != "Never"
