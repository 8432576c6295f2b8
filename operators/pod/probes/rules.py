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


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container: `id` changes with every start, `started` is when, `ready` what was last reported
    of this very run (None: nothing), so that a restarted operator does not make a ready Pod unready."""

    id: str
    started: datetime
    ready: bool | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of one run of a container. Times are in seconds, `host` is what HTTP and TCP probes connect to."""

    pod_uid: str
    container: str
    kind: Kind
    run: Run
    handler: str
    action: Object
    host: str
    port: int
    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int

    @property
    def key(self) -> tuple[str, str, Kind]:
        return (self.pod_uid, self.container, self.kind)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a probe stands: the verdict so far (None: not decided) and how often the last outcome came in a row."""

    verdict: bool | None
    last: bool | None = None
    streak: int = 0


def declared(pod: Object, runs: Mapping[str, Run], pod_ip: str) -> list[Probe]:
    """The probes of the containers that run. A port name that the container does not declare becomes port 0,
    which fails with a message, as upstream."""
    found = []
    for container in _probed(pod):
        run = runs.get(container["name"])
        if run is None:
            continue
        for kind in KINDS:
            if definition := container.get(f"{kind}Probe"):
                found.append(_probe(pod["metadata"]["uid"], container, kind, definition, run, pod_ip))
    return found


def initial(probe: Probe) -> Progress:
    """A liveness probe starts out well, the others wait for a first success, unless this run was ready before."""
    if probe.kind == "liveness":
        return Progress(True)
    if probe.run.ready:
        return Progress(True)
    return Progress(False if probe.kind == "readiness" else None)


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


def http_url(probe: Probe) -> str:
    """The URL of an HTTP probe. The path is the user's text and goes out as it is."""
    scheme = str(probe.action.get("scheme") or "HTTP").lower()
    path = str(probe.action.get("path") or "/")
    host = f"[{probe.host}]" if ":" in probe.host else probe.host
    return f"{scheme}://{host}:{probe.port}{'' if path.startswith('/') else '/'}{path}"


def http_headers(probe: Probe) -> list[tuple[str, str]]:
    """The request's headers: the user's, and kubelet's where the user set none of that name."""
    given = [(header["name"], header.get("value", "")) for header in probe.action.get("httpHeaders") or ()]
    present = {name.lower() for name, _ in given}
    defaults = [("User-Agent", "kube-probe/1.36"), ("Accept", "*/*"), ("Connection", "close")]
    return given + [header for header in defaults if header[0].lower() not in present]


def event_message(kind: Kind, output: str) -> str:
    """The message of the `Unhealthy` Event."""
    return f"{kind.capitalize()} probe failed: {output}"


def _probed(pod: Object) -> Iterable[Object]:
    spec = pod.get("spec", {})
    sidecars = (c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always")
    return [*sidecars, *(spec.get("containers") or ())]


def _probe(uid: str, container: Object, kind: Kind, definition: Object, run: Run, pod_ip: str) -> Probe:
    handler = next((name for name in ("exec", "httpGet", "tcpSocket", "grpc") if name in definition), "")
    action = definition.get(handler) or {}
    return Probe(
        pod_uid=uid,
        container=container["name"],
        kind=kind,
        run=run,
        handler=handler,
        action=action,
        host=action.get("host") or pod_ip,
        port=_port(action.get("port", 0), container),
        initial_delay=definition.get("initialDelaySeconds") or 0,
        period=definition.get("periodSeconds") or 10,
        timeout=definition.get("timeoutSeconds") or 1,
        success_threshold=definition.get("successThreshold") or 1,
        failure_threshold=definition.get("failureThreshold") or 3,
    )


def _port(port: int | str, container: Object) -> int:
    if isinstance(port, int):
        return port
    for declared_port in container.get("ports") or ():
        if declared_port.get("name") == port:
            return int(declared_port["containerPort"])
    return int(port) if port.isascii() and port.isdigit() else 0
