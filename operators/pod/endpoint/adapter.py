"""The endpoint's Backend, answered from the pod operator: the Pods it knows and the files it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from operators._kube.client import Kube
from operators._kube.volumes import claim_names
from operators.pod.endpoint import (
    backend,
    cadvisor,
    configuration,
    exposition,
    ownmetrics,
    readings,
    resourcemetrics,
    reviews,
    server,
    summary,
)

_LISTS = (
    ("containers", "containerStatuses"),
    ("initContainers", "initContainerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


class LogDirectories(Protocol):
    def log_dir(self, namespace: str, pod: str, uid: str, container: str) -> Path:
        """Where the runs of one container write their logs."""


class Kubelet(Protocol):
    """What the pod operator gives; pki holds ca.crt, kubelet.crt and kubelet.key."""

    @property
    def pki(self) -> Path: ...

    @property
    def paths(self) -> LogDirectories: ...

    @property
    def kube(self) -> Kube: ...

    @property
    def node_name(self) -> str: ...

    @property
    def static_pods(self) -> str: ...

    @property
    def has_controllers(self) -> bool: ...

    def node(self) -> Mapping[str, Any] | None: ...

    def probe_metrics(self) -> bytes: ...

    @property
    def reader(self) -> readings.Reader: ...

    @property
    def cgroups(self) -> Path: ...

    def pods(self) -> Sequence[dict[str, Any]]: ...

    def find(self, namespace: str, pod: str) -> dict[str, Any] | None: ...

    def container_id(self, uid: str, container: str) -> str | None: ...

    def container_pid(self, uid: str, container: str) -> int | None: ...

    def netns(self, pod: dict[str, Any]) -> Path | None: ...


class Handle:
    """A running endpoint."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner

    @property
    def port(self) -> int:
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        await self._runner.cleanup()


async def serve(kubelet: Kubelet, *, address: str = "0.0.0.0", port: int = 10250) -> Handle:  # noqa: S104
    """Raises OSError (port in use, certificate missing)."""
    pki = kubelet.pki
    return Handle(
        await server.serve(
            Adapter(kubelet, port),
            address=address,
            port=port,
            tls_cert=pki / "kubelet.crt",
            tls_key=pki / "kubelet.key",
            client_ca=pki / "ca.crt",
        )
    )


class Adapter:
    def __init__(self, kubelet: Kubelet, port: int) -> None:
        self._kubelet = kubelet
        self._port = port
        self.reviews: reviews.Reviews = reviews.ApiReviews(kubelet.kube, kubelet.node_name)
        self.log_root = Path("/var/log")
        self._reading = asyncio.Lock()

    async def container(self, namespace: str, pod: str, container: str) -> backend.ContainerRef:
        found = self._find(namespace, pod)
        uid = found["metadata"]["uid"]
        spec, status = _pick(found, container)
        pid = self._kubelet.container_pid(uid, container) or 0
        state, reason = ("running", "") if pid else compute_state(status)
        return backend.ContainerRef(
            namespace=namespace,
            pod=pod,
            uid=uid,
            container=container,
            state=state,  # type: ignore[arg-type]
            reason=reason,
            container_id=self._kubelet.container_id(uid, container) or "",
            pid=pid,
            log_dir=self._kubelet.paths.log_dir(namespace, pod, uid, container),
            tty=bool(spec.get("tty")),
            stdin=bool(spec.get("stdin")),
            stdin_once=bool(spec.get("stdinOnce")),
        )

    async def pod(self, namespace: str, pod: str) -> backend.PodRef:
        found = self._find(namespace, pod)
        ended = (found.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        uid = found["metadata"]["uid"]
        return backend.PodRef(namespace, pod, uid, self._kubelet.netns(found), running=not ended)

    def pods(self) -> Sequence[dict[str, Any]]:
        return self._kubelet.pods()

    def configuration(self) -> Mapping[str, Any]:
        return configuration.of_node(self._port, self._kubelet.static_pods, self._kubelet.has_controllers)

    async def summary(self, *, only_cpu_and_memory: bool) -> Mapping[str, Any]:
        reading = await self._read(disks=not only_cpu_and_memory)
        return summary.compute(self._kubelet.node_name, reading, only_cpu_and_memory=only_cpu_and_memory)

    async def _read(self, *, disks: bool = False, rates: bool = True) -> readings.Reading:
        """One at a time: each counts from where the one before it stopped."""
        async with self._reading:
            pods = self._kubelet.pods()
            return await asyncio.to_thread(self._kubelet.reader.read, pods, disks=disks, rates=rates)

    async def own_metrics(self) -> Sequence[exposition.Family]:
        version = (((self._kubelet.node() or {}).get("status") or {}).get("nodeInfo") or {}).get("kubeletVersion", "")
        about = ownmetrics.of_pods(self._kubelet.node_name, version, self._kubelet.pods())
        if any(claim_names(pod) for pod in self._kubelet.pods()):
            about += ownmetrics.of_volumes(await self._read(disks=True, rates=False))
        return [*about, *await asyncio.to_thread(ownmetrics.of_process)]

    async def resource_metrics(self) -> Sequence[exposition.Family]:
        return resourcemetrics.families(await self._read(rates=False))

    async def cadvisor_metrics(self) -> Sequence[exposition.Family]:
        return cadvisor.families(await self._read(disks=True, rates=False), self._kubelet.cgroups)

    def probe_metrics(self) -> bytes:
        return self._kubelet.probe_metrics()

    def _find(self, namespace: str, pod: str) -> dict[str, Any]:
        found = self._kubelet.find(namespace, pod)
        if found is None:
            raise backend.PodNotFound
        return found


def compute_state(status: Mapping[str, Any]) -> tuple[str, str]:
    """state and waiting reason of a container that has no process, from its containerStatus (which may lag behind)."""
    state = status.get("state") or {}
    if "waiting" in state:
        return "waiting", str((state["waiting"] or {}).get("reason", ""))
    if "terminated" in state or "running" in state:
        return "terminated", ""
    return "waiting", "ContainerCreating"


def _pick(pod: Mapping[str, Any], container: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The container's spec and status. Raises ContainerNotFound."""
    for spec_list, status_list in _LISTS:
        for spec in _named(pod["spec"].get(spec_list), container):
            status = next(_named((pod.get("status") or {}).get(status_list), container), {})
            return spec, status
    raise backend.ContainerNotFound


def _named(entries: Sequence[Mapping[str, Any]] | None, name: str) -> Iterator[Mapping[str, Any]]:
    return (entry for entry in entries or () if entry["name"] == name)
