"""Gathers what a Pod's status is computed from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from operators.pod.inventory import Record
from operators.pod.lifecycle import plan
from operators.pod.lifecycle.ending import Ending
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.view import View
from operators.pod.sources import Object
from operators.pod.status.facts import Facts, Report

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet


class Reporter:
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet

    def facts(
        self,
        pod: Object,
        record: Record,
        views: Mapping[str, View],
        local: Local,
        *,
        ended: bool = False,
        why: Ending | None = None,
    ) -> Facts:
        """`ended`: nothing of the Pod runs or will run. `why`: the node has ended it."""
        count_restarts(pod, views, local)
        sandbox = self._kubelet.systemd.state(record.sandbox)
        return Facts(
            pod_ip=record.address,
            host_ips=self._kubelet.objects.host_ips(),
            has_sandbox=sandbox is not None and sandbox.active == "active" and not ended,
            resize=self._kubelet.resizer.conditions(record.uid),
            is_over=ended,
            ending=why,
            reports={
                spec["name"]: self._report(pod, spec, record, views.get(spec["name"], View()), local)
                for spec, _ in plan.everything(pod)
            },
        )

    def _report(self, pod: Object, spec: Object, record: Record, view: View, local: Local) -> Report:
        name, uid, prober = spec["name"], record.uid, self._kubelet.prober
        started = prober.verdict(uid, name, "startup") if spec.get("startupProbe") else True
        ready = prober.verdict(uid, name, "readiness") if spec.get("readinessProbe") else True
        return Report(
            view=view,
            waiting=local.waiting.get(name),
            image=spec.get("image", ""),
            image_id=self._kubelet.preparer.image_id(pod, name, record),
            user=self._kubelet.guard.user(pod, name),
            restarts_before=local.restarts_before.get(name, 0),
            stop_signal=self._kubelet.preparer.stop_signal(pod, spec, record),
            volume_images=self._kubelet.preparer.volume_images(uid, name),
            is_ready=bool(ready),
            is_started=bool(started),
            resources=self._kubelet.resizer.actual(uid, name),
        )


def count_restarts(pod: Object, views: Mapping[str, View], local: Local) -> None:
    """Once for each container: how often it had been restarted before the present sandbox."""
    for name, view in views.items():
        if name not in local.restarts_before:
            local.restarts_before[name] = plan.restarts_before(pod, name, view)
