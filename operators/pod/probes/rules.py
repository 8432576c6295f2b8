"""Which probes a Pod's containers have and what their outcomes mean (pure).

See the Kubernetes page "Configure Liveness, Readiness and Startup Probes".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from operators.pod.sources import Object

Kind = Literal["startup", "liveness", "readiness"]
KINDS: tuple[Kind, ...] = ("startup", "liveness", "readiness")
Result = Literal["success", "warning", "failure", "unknown"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container: `id` changes with every start, `started` is when. `ready`, `begun`: what was last
    reported of this very run (None: nothing), so that a restarted operator does not make a ready Pod unready."""

    id: str
    started: datetime
    ready: bool | None = None
    begun: bool | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of one run of a container. Times are in seconds, `host` is what network probes connect to, `port` 0
    with `fault` says why there is none. `grace`: of the kill that follows a failure; None: the Pod's own."""

    pod_uid: str
    namespace: str
    pod: str
    container: str
    kind: Kind
    run: Run
    handler: str
    action: Object
    host: str
    port: int
    fault: str
    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int
    grace: int | None

    @property
    def key(self) -> tuple[str, str, Kind]:
        return (self.pod_uid, self.container, self.kind)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a probe stands: the verdict so far (None: not decided) and how often the last outcome came in a row."""

    verdict: bool | None
    last: bool | None = None
    streak: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to. `error`: the probe could not be made at all, which says nothing of the container."""

    result: Result
    output: str = ""
    error: bool = False

    @property
    def passed(self) -> bool:
        return self.result in ("success", "warning") and not self.error

    @property
    def event(self) -> tuple[str, str] | None:
        """(reason, message without the kind of probe) of the Event about it; None: nothing to tell."""
        if self.error:
            return "Unhealthy", f"errored and resulted in {self.result} state: {self.output}"
        if self.result == "warning":
            return "ProbeWarning", f"warning: {self.output}"
        return None if self.passed else ("Unhealthy", f"failed: {self.output}")

    @property
    def counted_as(self) -> str:
        """The label `result` of the metric."""
        return "successful" if self.passed else "unknown" if self.error and self.result == "unknown" else "failed"


def declared(pod: Object, runs: Mapping[str, Run], pod_ip: str) -> list[Probe]:
    """The probes of the containers that run."""
    found = []
    for container in _probed(pod):
        run = runs.get(container["name"])
        if run is None:
            continue
        for kind in KINDS:
            if definition := container.get(f"{kind}Probe"):
                found.append(_probe(pod["metadata"], container, kind, definition, run, pod_ip))
    return found


def initial(probe: Probe) -> Progress:
    """A liveness probe starts out well, the others wait for a first success, unless this run had it before."""
    if probe.kind == "liveness":
        return Progress(True)
    if probe.kind == "readiness":
        return Progress(bool(probe.run.ready))
    return Progress(True if probe.run.ready or probe.run.begun else None)


def advance(probe: Probe, progress: Progress, outcome: bool) -> Progress:
    """The next standing: a verdict changes once the outcome came as often in a row as its threshold asks."""
    streak = progress.streak + 1 if outcome == progress.last else 1
    needed = probe.success_threshold if outcome else probe.failure_threshold
    verdict = outcome if streak >= needed else progress.verdict
    return Progress(verdict, outcome, streak)


def is_settled(probe: Probe, progress: Progress) -> bool:
    """Whether the probe has nothing more to say about this run: started, or condemned to be killed."""
    if probe.kind == "startup":
        return progress.verdict is not None
    return probe.kind == "liveness" and progress.verdict is False


def first_attempt(probe: Probe, age: float, chance: float, *, has_taken_over: bool) -> float:
    """Seconds until the first attempt. `age`: of the run; `chance`: 0 to 1; `has_taken_over`: this operator found the
    container running.

    Readiness and startup probes begin at once: somebody waits for them. Liveness probes, and all of them after the
    restart of this operator, spread over their period.
    """
    delay = max(0.0, probe.initial_delay - age)
    if has_taken_over:
        return delay + chance * probe.period
    return max(delay, chance * probe.period) if probe.kind == "liveness" else delay


def next_attempt(due: float, now: float, period: float) -> float:
    """When the next attempt is due after one that was due at `due` and has ended `now`: on the beat, at once when the
    beat was missed."""
    return due + period if now <= due + period else max(now, due + period * ((now - due) // period))


def event_message(kind: Kind, text: str) -> str:
    """The message of the Event."""
    return f"{kind.capitalize()} probe {text}"


def killing_reason(kind: Kind, *, restarts: bool) -> str:
    """What follows "Container NAME" in the Event that announces the consequence."""
    return f"failed {kind} probe{', will be restarted' if restarts else ''}"


def shown_seconds(seconds: float) -> str:
    """A duration as Go prints it."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or hours else "") + f"{rest:g}s"


def quoted(text: str) -> str:
    """A string as Go's %q shows it."""
    named = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(named.get(c) or (c if c.isprintable() else _escaped(c)) for c in text) + '"'


def _escaped(char: str) -> str:
    number = ord(char)
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _probed(pod: Object) -> Iterable[Object]:
    spec = pod.get("spec", {})
    sidecars = (c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always")
    return [*sidecars, *(spec.get("containers") or ())]


def _probe(meta: Object, container: Object, kind: Kind, definition: Object, run: Run, pod_ip: str) -> Probe:
    handler = next((name for name in ("exec", "httpGet", "tcpSocket", "grpc") if definition.get(name)), "")
    action = definition.get(handler) or {}
    port, fault = (0, "") if handler in ("exec", "") else resolve_port(action.get("port", 0), container)
    grace = definition.get("terminationGracePeriodSeconds")
    return Probe(
        pod_uid=meta["uid"],
        namespace=meta["namespace"],
        pod=meta["name"],
        container=container["name"],
        kind=kind,
        run=run,
        handler=handler,
        action=action,
        host=action.get("host") or pod_ip,
        port=port,
        fault=fault
        if handler
        else "missing probe handler for " + f"{meta['namespace']}/{meta['name']}:{container['name']}",
        initial_delay=definition.get("initialDelaySeconds") or 0,
        period=definition.get("periodSeconds") or 10,
        timeout=definition.get("timeoutSeconds") or 1,
        success_threshold=definition.get("successThreshold") or 1,
        failure_threshold=definition.get("failureThreshold") or 3,
        grace=None if grace is None or kind == "readiness" else int(grace),
    )


def resolve_port(port: int | str, container: Object) -> tuple[int, str]:
    """(the port, why there is none). A name is looked for among the container's ports."""
    number = port if isinstance(port, int) else _named_port(port, container)
    if number is None:
        return 0, f"strconv.Atoi: parsing {quoted(str(port))}: invalid syntax"
    if not 0 < number < 65536:
        return 0, f"invalid port number: {number}"
    return number, ""


def _named_port(name: str, container: Object) -> int | None:
    for found in container.get("ports") or ():
        if found.get("name") == name:
            return int(found["containerPort"])
    return int(name) if name.isascii() and name.isdigit() else None
