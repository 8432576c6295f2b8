"""What the kubelet endpoint may ask of the pod operator; see operators.pod.endpoint.adapter.Kubelet."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operators._kube.client import Kube
from operators._kube.controller import Key
from operators._kube.volumes import claim_names
from operators.pod import files, names, sources
from operators.pod.endpoint import readings
from operators.pod.paths import Paths
from operators.pod.staticpods import statics
from operators.pod.volumes import claims

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet


class Window:
    """The Pods of this node and where their containers are. `pki`: folder of ca.crt, kubelet.crt, kubelet.key."""

    def __init__(self, kubelet: "Kubelet", pki: Path) -> None:
        self._kubelet = kubelet
        self.pki = pki
        self.reader = readings.Reader(kubelet.paths, kubelet.inventory, self._claimed)

    @property
    def paths(self) -> Paths:
        return self._kubelet.paths

    @property
    def cgroups(self) -> Path:
        return self._kubelet.paths.cgroups

    @property
    def kube(self) -> Kube:
        return self._kubelet.objects.kube

    @property
    def node_name(self) -> str:
        return self._kubelet.objects.node_name

    @property
    def static_pods(self) -> str:
        return statics.path()

    @property
    def has_controllers(self) -> bool:
        return {"cpu", "memory"} <= self._kubelet.machine.controllers

    def node(self) -> Mapping[str, Any] | None:
        return self._kubelet.objects.node()

    def probe_metrics(self) -> bytes:
        """The text of /metrics/probes."""
        from operators.pod.probes import metrics  # loads a library that only this needs

        return metrics.render(self._kubelet.prober)

    def pods(self) -> list[dict[str, Any]]:
        return self._kubelet.objects.pods()

    def find(self, namespace: str, pod: str) -> dict[str, Any] | None:
        return self._kubelet.objects.pod_at(Key(namespace, pod))

    def container_id(self, uid: str, container: str) -> str | None:
        """podman's ID while the container exists."""
        return files.read(self.paths.pod_run(uid) / f"{container}.cid").strip() or None

    def container_pid(self, uid: str, container: str) -> int | None:
        """The first process of a container that runs."""
        run = self.paths.pod_run(uid)
        pid, cid = files.read(run / f"{container}.pid").strip(), self.container_id(uid, container)
        # The files of an init container stay when it has ended, and the number may be another's by then.
        if not pid.isdecimal() or cid is None or cid not in files.read(Path(f"/proc/{pid}/cgroup")):
            return None
        return int(pid)

    def _claimed(self, pod: Mapping[str, Any]) -> Iterator[tuple[str, str, Path]]:
        """Volume, claim and folder of each claim that the Pod has mounted."""
        objects, namespace = self._kubelet.objects, pod["metadata"]["namespace"]
        for volume, (name, _) in claim_names(pod).items():
            claim = objects.claim(namespace, name)
            bound = objects.persistent_volume((claim or {}).get("spec", {}).get("volumeName", ""))
            try:
                found = claims.source_of(claim, bound, pod, objects.node_name, volume)
            except (sources.Missing, sources.Unsupported):
                continue
            if found.kind != "block":
                yield volume, name, Path(found.path)

    def netns(self, pod: dict[str, Any]) -> Path | None:
        """None: the host's network."""
        if pod["spec"].get("hostNetwork"):
            return None
        return self.paths.netns / names.netns(pod["metadata"]["uid"])
