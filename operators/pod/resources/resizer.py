"""Gives Pods of this node what they ask for, and puts a new size into effect while they run."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from operators._kube import meta, podresources
from operators.pod import files, names
from operators.pod.inventory import Record
from operators.pod.lifecycle.local import Local
from operators.pod.lifecycle.view import View
from operators.pod.part import Part
from operators.pod.resources import allocation, cgroups, groups, resize, usage
from operators.pod.resources.resize import State
from operators.pod.sources import Object
from operators.pod.status import qos
from operators.pod.units import unit

if TYPE_CHECKING:
    from operators.pod.kubelet import Kubelet

_AGAIN = 10.0  # seconds until a memory limit is tried again that was below what is used
_RETRY = 180.0  # and until a size is that the node had no room for
_FILE = "resources.json"
_ENDED = ("Succeeded", "Failed")


class Resizer(Part):
    def __init__(self, kubelet: "Kubelet") -> None:
        self._kubelet = kubelet
        self._states: dict[str, State] = {}
        self._kept: set[str] = set()  # those whose state is on the disk

    def forget(self, uid: str) -> None:
        self._kept.discard(uid)
        if self._states.pop(uid, None) is not None:
            self.room_came_free()

    def room_came_free(self) -> None:
        """Those that wait for a larger size are looked at again, the most important first."""
        waiting = []
        for uid, state in self._states.items():
            record = self._kubelet.inventory.find(uid)
            pod = self._kubelet.objects.pod_of(record) if record is not None else None
            if pod is not None and state.pending is not None and state.pending[0] == resize.DEFERRED:
                grows = bool(podresources.requests(pod) - podresources.requests(self.given(pod)))
                waiting.append((resize.rank(pod, grows, uid), meta.key_of(pod)))
        for _, key in sorted(waiting):
            self._kubelet.enqueue(key)

    # What a Pod has been given

    def given(self, pod: Object) -> Object:
        """The Pod with the size it has on this node, whatever its spec asks for by now."""
        state = self._states.get(meta.uid_of(dict(pod)))
        return pod if state is None else allocation.applied(pod, state.given)

    def actual(self, uid: str, container: str) -> Object | None:
        """`resources` that a container runs with; None: not known."""
        state = self._states.get(uid)
        return None if state is None else state.actual.containers.get(container)

    def conditions(self, uid: str) -> list[dict[str, object]]:
        state = self._states.get(uid)
        return [] if state is None else resize.compute_conditions(state)

    def admit(self, pod: Object, record: Record) -> Object:
        """Decides on a size that is new, and returns the Pod with the size it is to have."""
        uid, asked = record.uid, allocation.of(pod)
        state = self._states.get(uid) or self._load(uid) or State(asked, asked)
        if uid not in self._states:
            self._kubelet.slices.changed()
        if allocation.is_same(state.given, asked):
            self._states[uid] = replace(state, pending=None)
            return pod
        generation = meta.generation_of(dict(pod))
        reason = resize.objection(pod, self._others(uid), self._kubelet.objects.node() or {})
        tell = self._kubelet.news.tell
        if reason is None:
            self._states[uid] = replace(state, given=asked, pending=None, progress=generation or 1, error="")
            self._kept.discard(uid)
            self._kubelet.slices.changed()
            tell(pod, None, "Normal", "ResizeStarted", resize.event_message("started", pod, generation))
            return pod
        pending = (*reason, generation)
        if state.pending != pending:
            message = resize.event_message(reason[0], pod, generation, reason[1])
            tell(pod, None, "Warning", f"Resize{reason[0]}", message)
        self._states[uid] = replace(state, pending=pending)
        return allocation.applied(pod, state.given)

    def _others(self, uid: str) -> list[Object]:
        pods = (pod for pod in self._kubelet.objects.pods() if meta.uid_of(pod) != uid)
        return [
            self.given(pod) for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        ]

    # Putting it into effect

    async def settle(
        self, pod: Object, record: Record, views: Mapping[str, View], local: Local, again: list[float]
    ) -> None:
        """Brings containers to the size the Pod has been given. `pod`: as admit() returned it."""
        state = self._states[record.uid]
        if state.pending is not None and state.pending[0] == resize.DEFERRED:
            again.append(_RETRY)
        state = replace(state, restarting=_still_restarting(state.restarting, views))
        if not allocation.is_same(state.given, state.actual):
            state = await self._change(pod, record, views, local, state)
            if state.error:
                again.append(_AGAIN)
        if state.progress and resize.is_complete(state):
            message = resize.event_message("completed", pod, state.progress)
            self._kubelet.news.tell(pod, None, "Normal", "ResizeCompleted", message)
            state = resize.completed(state)
        if state != self._states[record.uid]:
            self._states[record.uid] = state
            self._kept.discard(record.uid)
            self.room_came_free()
        if record.uid not in self._kept:
            await asyncio.to_thread(self._save, record.uid)

    async def _change(
        self, pod: Object, record: Record, views: Mapping[str, View], local: Local, state: State
    ) -> State:
        if error := await asyncio.to_thread(self._memory_objection, pod, record, state):
            if error != state.error:
                message = resize.event_message("error", pod, state.progress, error)
                self._kubelet.news.tell(pod, None, "Warning", "ResizeError", message)
            return replace(state, error=error)
        await asyncio.to_thread(self._resize_slice, pod, record)
        restarting = dict(state.restarting)
        for spec in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]):
            name, after = spec["name"], state.given.containers[spec["name"]]
            before = state.actual.containers.get(name, {})
            if allocation.equal(before, after) and allocation.equal(state.given.whole, state.actual.whole):
                continue
            if name in record.units:
                await self._kubelet.preparer.rewrite(pod, record, name, local)
            view = views.get(name, View())
            if view.doing != "running":
                continue
            if resize.restarts(spec, before, after):
                restarting[name] = view.invocation
                self._kubelet.runner.restart(pod, record, name, "resize requires restart")
            else:
                await asyncio.to_thread(self._resize_container, pod, spec, record, view.container_id)
        # Once more: of a Pod that shrinks, its containers had to be smaller before it.
        await asyncio.to_thread(self._resize_slice, pod, record)
        return replace(state, actual=state.given, error="", restarting=restarting)

    def _memory_objection(self, pod: Object, record: Record, state: State) -> str:
        """Only limits that become smaller can be too small (blocking)."""
        for spec in pod["spec"]["containers"]:
            name = spec["name"]
            before = podresources.amounts({"resources": state.actual.containers.get(name, {})}, "limits").get("memory")
            after = podresources.amounts(spec, "limits").get("memory")
            if (
                after is None
                or (before is not None and after >= before)
                or resize.restarts(spec, {}, _only_memory(spec))
            ):
                continue
            payload = self._payload(record, name)
            used = groups.read(payload).memory.usage if payload is not None else 0
            if error := resize.memory_objection(name, after, used):
                return error
        return ""

    def _resize_slice(self, pod: Object, record: Record) -> None:
        qos_class = qos.compute(pod)
        files.write_units(self._kubelet.paths, unit.slice_(pod, qos_class))
        folder = self._kubelet.paths.cgroups / names.cgroup(record.slice, "")
        _write(folder, cgroups.of_slice(pod, qos_class), is_payload=False)

    def _resize_container(self, pod: Object, spec: Object, record: Record, container_id: str) -> None:
        values = cgroups.of_container(pod, spec)
        payload = self._payload(record, spec["name"], container_id)
        if payload is not None:
            _write(payload, values, is_payload=True)
            _put(payload.parent / "cpu.weight", str(values.weight))

    def _payload(self, record: Record, name: str, container_id: str = "") -> Path | None:
        known = record.units.get(name)
        cid = container_id or files.read(self._kubelet.paths.pod_run(record.uid) / f"{name}.cid").strip()
        return usage.payload_of(self._kubelet.paths, record, known.name, cid) if known is not None else None

    # On the disk

    def _load(self, uid: str) -> State | None:
        found = allocation.load(files.read(self._kubelet.paths.pod_state(uid) / _FILE))
        if len(found) != 2:
            return None
        given, actual = found
        return State(given, actual, progress=0 if allocation.is_same(given, actual) else 1)

    def _save(self, uid: str) -> None:
        folder, state = self._kubelet.paths.pod_state(uid), self._states.get(uid)
        if state is not None and folder.is_dir():
            files.write(folder / _FILE, allocation.dump(state.given, state.actual))
            self._kept.add(uid)


def _still_restarting(restarting: Mapping[str, str], views: Mapping[str, View]) -> dict[str, str]:
    def is_new(name: str, ended: str) -> bool:
        view = views.get(name, View())
        return view.doing == "running" and view.invocation != ended

    return {name: ended for name, ended in restarting.items() if not is_new(name, ended)}


def _only_memory(spec: Object) -> Object:
    memory = (spec.get("resources") or {}).get("limits", {}).get("memory")
    return {"limits": {"memory": memory}} if memory is not None else {}


def _write(folder: Path, values: cgroups.Values, *, is_payload: bool) -> None:
    for name, text in cgroups.files(values, is_payload=is_payload):
        _put(folder / name, text)


def _put(path: Path, text: str) -> None:
    """Where the machine lacks the controller there is no such file."""
    if path.exists():
        path.write_text(text)
