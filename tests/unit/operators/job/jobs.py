"""Jobs and Pods for the tests of this folder, and a world in which they run."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from operators._kube import meta
from operators.job import backoff, facts, finishing, members, plan, status

Object = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STAMP = "2026-01-01T11:00:00Z"


def job(state: Object | None = None, **spec: Any) -> Object:
    template = {
        "metadata": {"labels": {"app": "x"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]},
    }
    base = {"parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "template": template}
    metadata = {"name": "job", "namespace": "ns", "uid": "job", "generation": 1}
    whole = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {**base, **spec}}
    return whole | {"status": {"startTime": STAMP} if state is None else state}


def indexed(completions: int, state: Object | None = None, **spec: Any) -> Object:
    given = {"completionMode": "Indexed", "completions": completions, "parallelism": completions}
    return job(state, **{**given, **spec})


def pod(
    name: str = "p",
    phase: str = "Running",
    *,
    index: int | None = None,
    code: int | None = None,
    failures: int | None = None,
    tracked: bool = True,
    going: bool = False,
    conditions: tuple[str, ...] = (),
    restarts: int = 0,
) -> Object:
    metadata: Object = {"name": name, "namespace": "ns", "uid": name, "creationTimestamp": STAMP, "annotations": {}}
    if tracked:
        metadata["finalizers"] = [members.FINALIZER]
    if index is not None:
        metadata["annotations"][members.INDEX] = str(index)
    if failures is not None:
        metadata["annotations"][members.FAILURES] = str(failures)
    if going:
        metadata["deletionTimestamp"] = STAMP
    if code is None:
        code = {"Failed": 1, "Succeeded": 0}.get(phase)
    state = {"running": {}} if code is None else {"terminated": {"exitCode": code, "finishedAt": STAMP}}
    container = {"name": "main", "state": state, "restartCount": restarts}
    listed = [{"type": type_, "status": "True"} for type_ in conditions]
    body = {"phase": phase, "conditions": listed, "containerStatuses": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": "n"}, "status": body}


class Broken(Exception):
    """The operator was killed here."""


class World:
    """An API server with one Job: what the operator would do, done at once. `breaks`: asked before each write."""

    def __init__(self, job_: Object, breaks: Callable[[], bool] = lambda: False) -> None:
        self.job = job_
        self.pods: dict[str, Object] = {}
        self.now = NOW
        self.most_active = 0
        self.ends: dict[str, str] = {}
        self._breaks = breaks
        self._numbers = itertools.count(1)
        self._record = backoff.Record()

    @property
    def status(self) -> Object:
        found: Object = self.job["status"]
        return found

    @property
    def is_finished(self) -> bool:
        return members.is_finished(self.job)

    def active(self) -> list[Object]:
        return [p for p in self.pods.values() if p["status"]["phase"] == "Running" and not meta.is_deleting(p)]

    def reconcile(self) -> None:
        if self.is_finished:
            return
        found = facts.gather(self.job, list(self.pods.values()))
        self._record = backoff.merge(self._record, self.job, found.owned)
        finish = finishing.decide(found, self.now)
        step = plan.end(found) if finish is not None else plan.step(found, self._record, self.now)
        for patch in step.releases:
            self._release(patch.name)
        for delete in step.deletes:
            self._delete(delete.name)
        for create in step.creates:
            self._create(create.body)
        self.most_active = max(self.most_active, len(self.active()))
        found = facts.gather(self.job, list(self.pods.values()))
        finish = finish or finishing.completion(found)
        noted, release, _ = status.note(found, status.begin(self.job, self.now), finish, self.now)
        self._write(noted)
        for each in release:
            self._release(meta.name_of(each))
        self._write(status.settle(self.job, list(self.pods.values()), finish, self.now))

    def end(self, name: str, phase: str, code: int = 0) -> None:
        """The Pod's containers end, if they have not."""
        if name in self.pods and self.pods[name]["status"]["phase"] == "Running":
            ended = pod(name, phase, code=code)
            self.pods[name] = {**self.pods[name], "status": ended["status"]}
            self.ends[name] = phase

    def kubelet(self) -> None:
        """Pods that were asked to go do."""
        for name in [name for name, found in self.pods.items() if meta.is_deleting(found)]:
            if not members.is_tracked(self.pods[name]):
                del self.pods[name]

    def later(self, seconds: float = 700) -> None:
        self.now += timedelta(seconds=seconds)

    def _write(self, new: Object) -> None:
        self._may_break()
        self.job = {**self.job, "status": copy.deepcopy(new)}

    def _create(self, body: Object) -> None:
        self._may_break()
        name = f"p{next(self._numbers)}"
        made = copy.deepcopy(body)
        made["metadata"] |= {"name": name, "uid": name, "creationTimestamp": meta.format_time(self.now)}
        self.pods[name] = made | {"status": {"phase": "Running"}}

    def _delete(self, name: str) -> None:
        self._may_break()
        if not members.is_tracked(self.pods[name]) and self.pods[name]["status"]["phase"] != "Running":
            del self.pods[name]
        else:
            self.pods[name]["metadata"]["deletionTimestamp"] = meta.format_time(self.now)

    def _release(self, name: str) -> None:
        self._may_break()
        if name in self.pods:
            metadata = self.pods[name]["metadata"]
            metadata["finalizers"] = [f for f in metadata.get("finalizers", ()) if f != members.FINALIZER]

    def _may_break(self) -> None:
        if self._breaks():
            raise Broken
