"""What to do next about a Pod's containers, and whether they have come to their end (pure)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from operators.pod.lifecycle import policy
from operators.pod.lifecycle.view import View
from operators.pod.sources import Object
from operators.pod.status import backoff
from operators.pod.units import unit


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: "start" its unit, "kick" (end the wait for its restart), "replace" (its spec changed)."""

    do: str
    container: str


def containers(pod: Object) -> list[tuple[Object, str]]:
    """All containers in the order they start, with their roles; without the ephemeral ones."""
    spec = pod["spec"]
    inits = [(c, "sidecar" if c.get("restartPolicy") == "Always" else "init") for c in spec.get("initContainers") or ()]
    return [*inits, *((c, "container") for c in spec["containers"])]


def everything(pod: Object) -> list[tuple[Object, str]]:
    """The same, and the ephemeral containers after them."""
    return [*containers(pod), *((c, "ephemeral") for c in pod["spec"].get("ephemeralContainers") or ())]


def steps(
    pod: Object,
    views: Mapping[str, View],
    hashes: Mapping[str, str],
    ended_by_us: Collection[str] = (),
) -> list[Step]:
    """What the containers need, in order. `hashes`: restart hashes of the unit files that are there; `ended_by_us`:
    containers that were stopped in order to be started again (liveness, another image)."""
    result, is_broken = [], False
    for spec, role in everything(pod):
        name = spec["name"]
        view = views.get(name, View())
        if view.doing in ("running", "starting", "backoff") and name in hashes:
            if hashes[name] != unit.restart_hash(spec):
                result.append(Step("replace", name))
            elif view.doing == "backoff" and backoff.streak(view.exits) == 1:
                # As upstream: only from the second restart on does it have to wait.
                result.append(Step("kick", name))
        elif should_start(pod, spec, role, view, is_wanted=name in ended_by_us) and (
            not is_broken or role == "ephemeral"
        ):
            result.append(Step("start", name))
        is_broken = is_broken or _is_broken(pod, spec, role, view)  # nothing after it ever starts
    return result


def should_start(pod: Object, spec: Object, role: str, view: View, *, is_wanted: bool = False) -> bool:
    """Whether a container whose unit rests should be started; systemd does the restarts of those that do not rest."""
    if view.doing == "absent":
        return True
    if view.doing != "exited":
        return False
    last = view.exits[-1]
    if not last.is_created:
        return True
    if is_wanted and policy.of(pod, spec, role) == "OnFailure":
        return True
    return policy.restarts(pod, spec, role, last.code)


def is_startable(
    pod: Object, name: str, prepared: Collection[str], has_started: Callable[[str], bool] = lambda _: True
) -> bool:
    """Whether a container's unit can be started: everything it must wait for has a unit file too, and the sidecars
    among that have started, as their startup probes say."""
    if name not in prepared:
        return False
    before = set(unit.predecessors(pod, name))
    return before <= set(prepared) and all(
        has_started(spec["name"])
        for spec, role in containers(pod)
        if role == "sidecar" and spec["name"] in before and spec.get("startupProbe")
    )


def is_over(pod: Object, views: Mapping[str, View]) -> bool:
    """Whether the Pod has come to its end: no container will run again but its sidecars, which are to be ended."""
    for spec, role in containers(pod):
        view = views.get(spec["name"], View())
        if _is_broken(pod, spec, role, view):
            return True
        if role != "container":
            continue
        if view.doing != "exited" or should_start(pod, spec, role, view):
            return False
    return True


def are_up(views: Mapping[str, View]) -> bool:
    """Whether any container runs, or may at any moment."""
    return any(view.doing in ("running", "starting", "backoff") for view in views.values())


def restarts_before(pod: Object, name: str, view: View) -> int:
    """restartCount at the time the present sandbox was made: the number last reported, less what this sandbox has seen.

    After a reboot the recorded exits are gone, and the run that was reported last has ended: that counts as one.
    """
    entry = next((entry for entry in _reported(pod) if entry.get("name") == name), None)
    if entry is None:
        return 0
    count, reported = int(entry.get("restartCount") or 0), str(entry.get("containerID") or "").removeprefix("podman://")
    if not reported:
        return max(0, count - view.runs_before)
    runs = [exit_.container_id for exit_ in view.exits if exit_.is_created]
    if view.container_id and view.doing in ("running", "starting"):
        runs.append(view.container_id)
    if reported in runs:
        return max(0, count - view.forgotten - runs.index(reported))
    return max(0, count - view.forgotten) if view.forgotten else count + 1


def _reported(pod: Object) -> Iterator[Object]:
    old = pod.get("status") or {}
    fields: Sequence[str] = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return (entry for field in fields for entry in old.get(field) or ())


def _is_broken(pod: Object, spec: Object, role: str, view: View) -> bool:
    """Whether an init container has failed for good."""
    return role == "init" and view.doing == "exited" and not _is_done(view) and not should_start(pod, spec, role, view)


def _is_done(view: View) -> bool:
    return view.doing == "exited" and view.exits[-1].code == 0
