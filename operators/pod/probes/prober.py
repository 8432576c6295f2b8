"""Runs the probes of this node's containers and keeps their verdicts."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from operators.pod.part import Part
from operators.pod.probes import attempt, rules
from operators.pod.probes.counts import Counts
from operators.pod.probes.exchange import Reactor
from operators.pod.probes.rules import Outcome, Probe
from operators.pod.probes.timers import Entry, Timers

Key = tuple[str, str, rules.Kind]

MakeExec = Callable[[attempt.Wires, Probe, attempt.OnOutcome], attempt.Attempt]
"""An exec probe's attempt."""

OnOutcome = Callable[[Probe, Outcome, bool], None]
"""(probe, outcome, whether the verdict changed), when there is something to tell. Must not block or raise."""


class Watched:
    """One probe of a container, over all its runs."""

    __slots__ = ("attempt", "counts", "due", "entry", "has_taken_over", "probe", "progress", "since")

    def __init__(self, probe: Probe, counts: Counts) -> None:
        self.probe = probe
        self.counts = counts
        self.progress = rules.initial(probe)
        self.due = 0.0
        self.since = 0.0
        self.has_taken_over = False
        self.entry: Entry | None = None
        self.attempt: attempt.Attempt | None = None

    def rest(self) -> None:
        """Nothing of it is under way any more."""
        for busy in (self.entry, self.attempt):
            if busy is not None:
                busy.cancel()
        self.entry = self.attempt = None


class Prober(Part):
    """Nothing wakes up while no container is probed."""

    def __init__(self, make_exec: MakeExec, on_outcome: OnOutcome) -> None:
        self._make_exec = make_exec
        self._on_outcome = on_outcome
        self.counts: dict[Key, Counts] = {}
        self._watched: dict[Key, Watched] = {}
        self._terminating: set[str] = set()
        self._wires: attempt.Wires | None = None
        self._begun = datetime.now(UTC)

    def sync(self, pod_uid: str, wanted: Iterable[Probe]) -> None:
        """Makes the Pod's running probes be `wanted`: new ones start, those of an older run start over, others rest."""
        by_key = {probe.key: probe for probe in wanted}
        for key in [key for key in self._watched if key[0] == pod_uid and key not in by_key]:
            self._watched.pop(key).rest()
        # A startup probe comes before those that wait for it.
        for probe in sorted(by_key.values(), key=lambda probe: rules.KINDS.index(probe.kind)):
            known = self._watched.get(probe.key)
            if known is None:
                known = self._watched[probe.key] = Watched(probe, self._counts_of(probe))
            elif known.probe.run.id == probe.run.id and known.probe.host == probe.host:
                continue
            self._begin(known, probe)

    def knows(self, pod_uid: str) -> bool:
        return any(key[0] == pod_uid for key in self._watched)

    def forget(self, uid: str) -> None:
        self.stop(uid)
        self._terminating.discard(uid)
        for key in [key for key in self.counts if key[0] == uid]:
            del self.counts[key]

    def stop(self, pod_uid: str) -> None:
        """Ends every probe of the Pod and forgets its verdicts."""
        for key in [key for key in self._watched if key[0] == pod_uid]:
            self._watched.pop(key).rest()

    def terminate(self, pod_uid: str) -> None:
        """The Pod is ending: only whether it is still ready matters from now on."""
        self._terminating.add(pod_uid)
        for key, watched in self._watched.items():
            if key[0] == pod_uid and key[2] != "readiness":
                watched.rest()

    def verdict(self, pod_uid: str, container: str, kind: rules.Kind) -> bool | None:
        """What the probe says of the container now; None when it has no such probe or nothing is decided."""
        watched = self._watched.get((pod_uid, container, kind))
        return watched.progress.verdict if watched else None

    async def close(self) -> None:
        for watched in self._watched.values():
            watched.rest()
        self._watched.clear()
        if self._wires is not None:
            self._wires.timers.close()
            self._wires.reactor.close()
            self._wires = None

    # One probe

    def _begin(self, watched: Watched, probe: Probe) -> None:
        watched.rest()
        watched.probe, watched.progress = probe, rules.initial(probe)
        if probe.pod_uid in self._terminating and probe.kind != "readiness":
            return
        watched.has_taken_over = probe.run.started < self._begun
        if probe.kind == "startup":
            if not watched.progress.verdict:
                self._schedule_first(watched)
        elif self._has_started(probe):
            self._schedule_first(watched)

    def _has_started(self, probe: Probe) -> bool:
        startup = self._watched.get((probe.pod_uid, probe.container, "startup"))
        return startup is None or startup.progress.verdict is True

    def _schedule_first(self, watched: Watched) -> None:
        probe = watched.probe
        # A clock that was set back must not put the first attempt off for as long.
        age = max(0.0, (datetime.now(UTC) - probe.run.started).total_seconds())
        chance = random.random()  # noqa: S311 - not a secret
        delay = rules.first_attempt(probe, age, chance, has_taken_over=watched.has_taken_over)
        if delay > 0:
            timers = self._shared().timers
            self._schedule(watched, timers.now() + delay)
        else:
            watched.due = self._shared().timers.now()
            self._fire(watched)

    def _schedule(self, watched: Watched, when: float) -> None:
        watched.due = when
        watched.entry = self._shared().timers.at(when, lambda: self._fire(watched))

    def _fire(self, watched: Watched) -> None:
        watched.entry = None
        wires, probe = self._shared(), watched.probe
        watched.since = wires.timers.now()
        make = self._make_exec if probe.handler == "exec" else attempt.KINDS.get(probe.handler, attempt.Tcp)
        watched.attempt = make(wires, probe, lambda outcome: self._ended(watched, outcome))
        watched.attempt.start()

    def _ended(self, watched: Watched, outcome: Outcome) -> None:
        watched.attempt = None
        probe, before, now = watched.probe, watched.progress, self._shared().timers.now()
        watched.counts.add(outcome.counted_as, now - watched.since)
        changed = False
        if not outcome.error:
            watched.progress = rules.advance(probe, before, outcome.passed)
            changed = watched.progress.verdict != before.verdict
        if not rules.is_settled(probe, watched.progress):
            self._schedule(watched, rules.next_attempt(watched.due, now, probe.period))
        if changed and probe.kind == "startup" and watched.progress.verdict:
            self._start_others(probe)
        if changed or outcome.result != "success":
            self._on_outcome(probe, outcome, changed)

    def _start_others(self, startup: Probe) -> None:
        for kind in ("liveness", "readiness"):
            other = self._watched.get((startup.pod_uid, startup.container, kind))
            if other is not None and other.entry is None and other.attempt is None:
                self._schedule_first(other)

    def _counts_of(self, probe: Probe) -> Counts:
        if probe.key not in self.counts:
            self.counts[probe.key] = Counts(probe.kind, probe.container, probe.pod, probe.namespace, probe.pod_uid)
        return self.counts[probe.key]

    def _shared(self) -> attempt.Wires:
        if self._wires is None:
            self._wires = attempt.Wires(Timers(), Reactor())
        return self._wires
