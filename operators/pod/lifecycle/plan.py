"""What to do next about a Pod's containers, and whether the node takes the Pod at all (pure)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from operators.pod.lifecycle.view import View
from operators.pod.sources import Object
from operators.pod.units import unit


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: "start" its unit, "kick" (end the wait for its first restart), "replace" (its spec changed)."""

    do: str
    container: str


def containers(pod: Object) -> list[tuple[Object, str]]:
    """All containers in the order they start, with their roles."""
    spec = pod["spec"]
    inits = [(c, "sidecar" if c.get("restartPolicy") == "Always" else "init") for c in spec.get("initContainers") or ()]
    return [*inits, *((c, "container") for c in spec["containers"])]


def steps(
    pod: Object,
    views: Mapping[str, View],
    hashes: Mapping[str, str],
    ended_by_us: Collection[str] = (),
) -> list[Step]:
    """What the containers need, in order. `hashes`: restart hashes of the unit files that are there; `ended_by_us`:
    containers that were stopped in order to be started again (liveness, another image)."""
    result = []
    for spec, role in containers(pod):
        name = spec["name"]
        view = views.get(name, View())
        if view.doing in ("running", "starting", "backoff") and name in hashes:
            if hashes[name] != unit.restart_hash(spec):
                result.append(Step("replace", name))
            elif view.doing == "backoff" and len(view.exits) == 1:
                # As upstream: only from the second restart on does it have to wait.
                result.append(Step("kick", name))
        elif should_start(pod, spec, role, view, is_wanted=name in ended_by_us):
            result.append(Step("start", name))
        if role == "init" and view.doing == "exited" and not _is_done(view) and not should_start(pod, spec, role, view):
            break  # it failed for good: nothing after it ever starts
    return result


def should_start(pod: Object, spec: Object, role: str, view: View, *, is_wanted: bool = False) -> bool:
    """Whether a container whose unit rests should be started; systemd does the restarts of those that do not rest."""
    if view.doing == "absent":
        return True
    if view.doing != "exited":
        return False
    policy = unit.restart_policy(pod, spec, role)
    if policy == "Always":
        return True
    if policy == "Never":
        return False
    return view.exits[-1].code != 0 or is_wanted


def is_startable(pod: Object, name: str, prepared: Collection[str]) -> bool:
    """Whether a container's unit can be started: everything it must wait for has a unit file too."""
    return name in prepared and all(other in prepared for other in unit.predecessors(pod, name))


def is_over(pod: Object, views: Mapping[str, View]) -> bool:
    """Whether the Pod has come to its end: no container will run again."""
    for spec, role in containers(pod):
        view = views.get(spec["name"], View())
        if role == "init" and view.doing == "exited" and not _is_done(view):
            return not should_start(pod, spec, role, view)
    rest: Iterable[tuple[Object, str]] = ((c, r) for c, r in containers(pod) if r == "container")
    return all(
        (view := views.get(spec["name"], View())).doing == "exited" and not should_start(pod, spec, role, view)
        for spec, role in rest
    )


def restarts_before(pod: Object, name: str, view: View) -> int:
    """restartCount at the time the present sandbox was made: the number last reported, less what this sandbox has seen.

    After a reboot the recorded exits are gone, and the run that was reported last has ended: that counts as one.
    """
    old = pod.get("status") or {}
    entries: Sequence[Object] = [*(old.get("initContainerStatuses") or ()), *(old.get("containerStatuses") or ())]
    entry = next((entry for entry in entries if entry.get("name") == name), None)
    if entry is None:
        return 0
    count, reported = int(entry.get("restartCount") or 0), str(entry.get("containerID") or "").removeprefix("podman://")
    if not reported:
        return max(0, count - view.runs_before)
    runs = [exit_.container_id for exit_ in view.exits]
    if view.container_id and view.doing in ("running", "starting"):
        runs.append(view.container_id)
    if reported in runs:
        return max(0, count - runs.index(reported))
    return count + 1


def _is_done(view: View) -> bool:
    return view.doing == "exited" and view.exits[-1].code == 0
