"""Whether MicroKube works on a machine: the API server answers, the operators are at work."""

import time
from dataclasses import dataclass

from deploy import command
from deploy.failure import Failure
from deploy.machine import Machine

SERVICES = ("ukube-apiserver.service", "ukube-operators.service")
READY_SECONDS = 60.0
HOPELESS = 5  # a service that has failed so often while one waits will not come up


@dataclass(frozen=True, slots=True)
class Service:
    """active: systemd's ActiveState. sub: its SubState. result: why the last run ended. pid: 0 if none runs."""

    name: str
    active: str
    sub: str
    result: str
    pid: int
    restarts: int


def services(machine: Machine) -> list[Service]:
    """The state of MicroKube's own units."""
    shown = ("ActiveState", "SubState", "Result", "MainPID", "NRestarts")
    out = machine.run(["systemctl", "show", f"--property=Id,{','.join(shown)}", *SERVICES]).stdout
    found = []
    for block in out.strip().split("\n\n"):
        values = dict(line.partition("=")[::2] for line in block.splitlines())
        active, sub, result, pid, restarts = (values.get(name, "") for name in shown)
        found.append(Service(values.get("Id", ""), active, sub, result, int(pid or 0), int(restarts or 0)))
    return found


def wait_until_ready(machine: Machine, timeout: float = READY_SECONDS) -> float:
    """Waits for both services (they tell systemd themselves when they are ready); returns the seconds it took.

    Raises Failure with the journal's last lines.
    """
    began = time.monotonic()
    restarts = {service.name: service.restarts for service in services(machine)}
    while True:
        state = services(machine)
        crashing = any(service.restarts - restarts[service.name] >= HOPELESS for service in state)
        if all(service.active == "active" for service in state):
            return time.monotonic() - began
        if time.monotonic() - began > timeout or crashing:
            late = [f"{service.name} is {service.active}/{service.sub}" for service in state]
            raise Failure(f"MicroKube is not ready on {machine.name}: {', '.join(late)}", journal(machine))
        time.sleep(0.05)


def journal(machine: Machine, lines: int = 40) -> str:
    units = [word for service in SERVICES for word in ("-u", service)]
    out = machine.run(["journalctl", "--no-pager", "-o", "short-precise", "-n", str(lines), *units], check=False).stdout
    return command.tail(out, lines)
