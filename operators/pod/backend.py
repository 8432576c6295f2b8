"""Answers the kubelet endpoint from what the operator knows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from operators._kube.controller import Key
from operators.pod import files, names, observer, plan
from operators.pod.endpoint.backend import ContainerNotFound, ContainerRef, PodNotFound, PodRef
from operators.pod.inventory import Record
from operators.pod.sources import Object
from operators.pod.view import View

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

State = Literal["waiting", "running", "terminated"]
_STATES: dict[str, State] = {"running": "running", "exited": "terminated"}


class Backend:
    """See operators.pod.endpoint.backend.Backend."""

    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet

    async def container(self, namespace: str, pod: str, container: str) -> ContainerRef:
        """Raises PodNotFound, ContainerNotFound."""
        found, record = self._find(namespace, pod)
        spec = next((spec for spec, _ in plan.containers(found) if spec["name"] == container), None)
        if spec is None:
            raise ContainerNotFound(container)
        kubelet = self._kubelet
        seen = observer.look(found, record, kubelet.systemd, kubelet.paths).get(container, View())
        state = _STATES.get(seen.doing, "waiting")
        run = kubelet.paths.pod_run(record.uid)
        pid = files.read(run / f"{container}.pid").strip() if state == "running" else ""
        return ContainerRef(
            namespace=namespace,
            pod=pod,
            uid=record.uid,
            container=container,
            state=state,
            reason=_reason(found, container) if state == "waiting" else "",
            container_id=seen.container_id,
            pid=int(pid or 0),
            log_dir=kubelet.paths.log_dir(namespace, pod, record.uid, container),
            tty=bool(spec.get("tty")),
            stdin=bool(spec.get("stdin")),
        )

    async def pod(self, namespace: str, pod: str) -> PodRef:
        """Raises PodNotFound."""
        found, record = self._find(namespace, pod)
        kubelet = self._kubelet
        is_host = bool(found["spec"].get("hostNetwork"))
        views = observer.look(found, record, kubelet.systemd, kubelet.paths)
        return PodRef(
            namespace=namespace,
            pod=pod,
            uid=record.uid,
            netns=None if is_host else kubelet.paths.netns / names.netns(record.uid),
            running=bool(observer.runs(views)),
        )

    def pods(self) -> Sequence[dict[str, Any]]:
        return [dict(pod) for pod in self._kubelet.pods()]

    def _find(self, namespace: str, pod: str) -> tuple[Object, Record]:
        found = next((p for p in self._kubelet.pods() if Key(namespace, pod) == _key(p)), None)
        if found is None:
            raise PodNotFound(f"{pod}_{namespace}")
        uid = found["metadata"]["uid"]
        return found, self._kubelet.inventory.find(uid) or Record(uid, _key(found))


def _key(pod: Object) -> Key:
    return Key(pod["metadata"]["namespace"], pod["metadata"]["name"])


def _reason(pod: Object, container: str) -> str:
    """As last reported."""
    old = pod.get("status") or {}
    for entry in (*(old.get("initContainerStatuses") or ()), *(old.get("containerStatuses") or ())):
        if entry["name"] == container:
            return str((entry.get("state") or {}).get("waiting", {}).get("reason") or "")
    return ""
