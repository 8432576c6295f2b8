"""Pod: what is bound to this node runs as systemd units with podman in them, and says how it is doing."""

import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from operators._kube import identity, meta
from operators._kube.controller import Controller, Key, Kube, Result, Watch
from operators._kube.meta import Object
from operators._node import network as ranges
from operators.pod import backend, endpoint, files, kubelet, network
from operators.pod.endpoint.adapter import Handle
from operators.pod.eviction import evictor
from operators.pod.kubelet import Kubelet
from operators.pod.lifecycle import syncer
from operators.pod.paths import Paths
from operators.pod.resources.machine import can_lower_oom_scores, memory_capacity
from operators.pod.security import settings
from operators.pod.sole import Sole
from operators.pod.units.parts import Machine

controller = Controller("pod", user=identity.node_user, component="kubelet")

_POD_NETWORK = "10.244.0.0/22"
_DEFAULT_MOUNTS = (Path("/usr/share/containers/mounts.conf"), Path("/etc/containers/mounts.conf"))
_APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
_PKI = Path("/var/lib/ukube/apiserver/pki")


def _here() -> str:
    return f"spec.nodeName={identity.node_name()}"


def _me() -> str:
    return f"metadata.name={identity.node_name()}"


def _pressure(obj: Object, kube: Kube, /) -> Iterable[Key]:
    """A node that is short of something ends Pods."""
    return evictor.keys_of(obj)


def _api_server(obj: Object, kube: Kube, /) -> Iterable[Key]:
    """Pods reach the API server through the Service `kubernetes`."""
    return [syncer.SWEEP] if meta.key_of(obj) == Key("default", "kubernetes") else ()


class Running:
    """What lives from startup to cleanup."""

    kubelet: Kubelet | None = None
    endpoint: Handle | None = None
    sole: Sole | None = None


_running = Running()


@controller.on_startup
async def start(kube: Kube) -> None:
    """Takes over the node: what runs goes on running."""
    paths = Paths()
    _running.sole = _running.sole or Sole(paths.run / "pod-operator.lock")
    pods = ranges.Range.parse(os.environ.get("UKUBE_POD_NETWORK") or _POD_NETWORK)
    asked = settings.read()
    machine = Machine(
        paths,
        gateway=pods.gateway,
        prefix=pods.prefix,
        controllers=kubelet.controllers(paths),
        memory=memory_capacity(),
        can_lower_oom_scores=can_lower_oom_scores(),
        podman=shutil.which("podman") or "/usr/bin/podman",
        is_seccomp_default=asked.is_seccomp_default,
        has_apparmor=files.read(_APPARMOR).strip() == "Y",
        has_default_mounts=any(files.read(path).strip() for path in _DEFAULT_MOUNTS),
        unsafe_sysctls=asked.unsafe_sysctls,
    )
    found = Kubelet(identity.node_name(), machine, network.PodNetwork(pods, machine), controller.enqueue)
    await found.open(kube)
    _running.kubelet = found
    _running.endpoint = await _serve(found, kube)


async def _serve(found: Kubelet, kube: Kube) -> Handle | None:
    pki = Path(os.environ.get("UKUBE_PKI") or _PKI)
    try:
        return await endpoint.serve(backend.Window(found, pki), port=int(os.environ.get("UKUBE_KUBELET_PORT") or 10250))
    except OSError as error:
        # Pods run all the same; only logs, exec and port-forward are missing.
        kube.log.error("no kubelet endpoint: %s", error)
        return None


@controller.on_cleanup
async def stop(kube: Kube) -> None:
    """Leaves the node as it is."""
    if _running.endpoint is not None:
        await _running.endpoint.close()
    if _running.kubelet is not None:
        await _running.kubelet.close()
    if _running.sole is not None:
        _running.sole.release()
    _running.kubelet = _running.endpoint = _running.sole = None


@controller.reconcile(
    "v1",
    "pods",
    field_selector=_here,
    watches=[
        Watch("v1/nodes", keys=_pressure, field_selector=_me),
        Watch("v1/services", keys=_api_server),
        Watch("v1/endpoints", keys=_api_server, field_selector="metadata.name=kubernetes"),
    ],
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered: observe the units, start or end what must, then the status."""
    assert _running.kubelet is not None
    return await _running.kubelet.sync(key, kube, now)
