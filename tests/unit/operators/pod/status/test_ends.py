"""What the status says of Pods that end, of sidecars and of what was never made."""

from datetime import UTC, datetime

import pytest

from operators.pod.lifecycle import exits
from operators.pod.lifecycle.ending import Ending
from operators.pod.lifecycle.exits import Exit
from operators.pod.lifecycle.view import View
from operators.pod.status import backoff
from operators.pod.status import compute as status
from operators.pod.status.facts import Facts, Report

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STARTED = 1_700_000_000.0
OK = Exit("i0", "success", 0, "c0", STARTED, STARTED + 5)
BAD = Exit("i1", "exit-code", 3, "c1", STARTED, STARTED + 5)
LOST = exits.lost("c9", STARTED, STARTED + 9)
NOT_MADE = Exit("i2", "exit-code", 128, "", 0.0, STARTED, "no such mount", is_created=False)
RUNNING = View("running", "c2", "i2", STARTED)
MESH = {"name": "mesh", "image": "i", "restartPolicy": "Always"}
UNKNOWN = {
    "exitCode": 137,
    "reason": "ContainerStatusUnknown",
    "message": "The container could not be located when the pod was terminated",
    "startedAt": None,
    "finishedAt": None,
}


def ended(*exits):
    return View("exited", exits[-1].container_id, exits[-1].invocation, exits[-1].started, exits)


def pod(policy="Always", inits=(), apps=("app",), old=None, **spec):
    containers = [name if isinstance(name, dict) else {"name": name, "image": "i"} for name in apps]
    inits = [name if isinstance(name, dict) else {"name": name, "image": "i"} for name in inits]
    return {
        "metadata": {"name": "web-0", "namespace": "shop", "uid": "u-1", "generation": 4},
        "spec": {"restartPolicy": policy, "initContainers": inits, "containers": containers, **spec},
        "status": old or {},
    }


def compute(given, views, *, is_over=False, ending=None, **reports):
    made = {name: Report(view=view) for name, view in views.items()} | reports
    return status.compute(given, Facts("10.244.0.7", ("192.0.2.9",), True, is_over, made, ending=ending), NOW)


def entry(found, name):
    fields = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    return next(e for field in fields for e in found.get(field, ()) if e["name"] == name)


@pytest.mark.parametrize(
    ("given", "views", "is_over", "expected"),
    [
        (pod(inits=(MESH,)), {"mesh": RUNNING}, False, "Pending"),
        (pod(inits=(MESH,)), {"mesh": RUNNING, "app": RUNNING}, False, "Running"),
        (pod(inits=(MESH,)), {"mesh": View("backoff", exits=(BAD, BAD)), "app": RUNNING}, False, "Running"),
        (pod("Never", inits=(MESH,)), {"mesh": RUNNING, "app": ended(OK)}, False, "Running"),
        (pod("Never", inits=(MESH,)), {"mesh": ended(BAD), "app": ended(OK)}, True, "Succeeded"),
        (pod("Never", inits=(MESH,)), {"mesh": ended(OK), "app": ended(BAD)}, True, "Failed"),
        (pod("Never", inits=(MESH, "prep")), {"mesh": RUNNING, "prep": ended(BAD)}, False, "Pending"),
        (pod("Never", inits=(MESH, "prep")), {"mesh": ended(OK), "prep": ended(BAD)}, True, "Failed"),
        (pod(apps=({"name": "app", "restartPolicy": "Never"},)), {"app": ended(BAD)}, False, "Failed"),
        (pod("Never", apps=({"name": "app", "restartPolicy": "OnFailure"},)), {"app": ended(BAD)}, False, "Running"),
        (pod(old={"phase": "Succeeded"}), {"app": RUNNING}, False, "Succeeded"),
        (pod("Never"), {"app": ended(LOST)}, True, "Failed"),
    ],
)
def test_phase(given, views, is_over, expected):
    assert compute(given, views, is_over=is_over)["phase"] == expected


def test_a_sidecar_that_has_not_started_keeps_the_pod_pending_only_before_its_containers_ran():
    young = Report(RUNNING, is_started=False)
    assert compute(pod(inits=(MESH,)), {}, mesh=young)["phase"] == "Pending"
    again = compute(pod(inits=(MESH,)), {"app": RUNNING}, mesh=young)
    assert again["phase"] == "Running"
    initialized = next(c for c in again["conditions"] if c["type"] == "Initialized")
    assert initialized["status"] == "True"


def test_the_reason_of_an_ending_comes_with_the_phase():
    why = Ending("Evicted", "low on memory", disruption="TerminationByKubelet")
    running = compute(pod(), {"app": RUNNING}, ending=why)
    assert (running["phase"], "reason" in running) == ("Running", False)
    over = compute(pod(), {"app": ended(OK)}, is_over=True, ending=why)
    assert (over["phase"], over["reason"], over["message"]) == ("Failed", "Evicted", "low on memory")
    target = next(c for c in over["conditions"] if c["type"] == "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "TerminationByKubelet")


def test_what_never_ran_is_not_located_unless_it_was_never_due():
    found = compute(pod(inits=("prep",)), {"prep": ended(OK)}, is_over=True)
    assert entry(found, "app")["state"] == {"terminated": UNKNOWN}
    found = compute(pod(inits=("prep",)), {"prep": ended(BAD)}, is_over=True)
    assert entry(found, "app")["state"] == {"waiting": {"reason": "PodInitializing"}}


@pytest.mark.parametrize(
    ("view", "state", "restarts"),
    [
        (View("backoff", exits=(BAD,)), "terminated", 0),
        (View("backoff", exits=(BAD, BAD)), "CrashLoopBackOff", 1),
        (View("backoff", exits=(NOT_MADE,)), "CreateContainerError", 0),
        (View("backoff", exits=(BAD, NOT_MADE)), "CreateContainerError", 0),
        (ended(NOT_MADE), "CreateContainerError", 0),
    ],
)
def test_states_between_two_runs(view, state, restarts):
    found = entry(compute(pod(), {"app": view}), "app")
    assert (found["state"].get("waiting", {}).get("reason", "terminated"), found["restartCount"]) == (state, restarts)


def test_what_keeps_a_container_from_its_next_start_is_told_first():
    for waiting, reason in (("ImagePullBackOff", "ImagePullBackOff"), ("CrashLoopBackOff", "CreateContainerError")):
        report = Report(view=ended(BAD, NOT_MADE), waiting=(waiting, "why"))
        assert entry(compute(pod(), {}, app=report), "app")["state"]["waiting"]["reason"] == reason


def test_restarts_are_never_counted_back():
    old = {"containerStatuses": [{"name": "app", "restartCount": 7}]}
    assert entry(compute(pod(old=old), {"app": RUNNING}), "app")["restartCount"] == 7


def test_what_was_said_of_an_ended_run_stays_said():
    said = {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-01-01T00:00:00Z", "containerID": "podman://c0"}
    old = {"initContainerStatuses": [{"name": "prep", "state": {"terminated": said}}]}
    found = compute(pod(inits=("prep",), old=old), {"prep": ended(OK)})
    assert entry(found, "prep")["state"] == {"terminated": said}


def test_messages_share_their_room():
    long = Exit("i", "exit-code", 1, "c", STARTED, STARTED + 1, "x" * 4096)
    names = [str(number) for number in range(6)]
    found = compute(pod(apps=names), {name: ended(long) for name in names}, is_over=True)
    assert {len(entry(found, name)["state"]["terminated"]["message"]) for name in names} == {2048}


def test_an_ephemeral_container():
    given = pod(ephemeralContainers=[{"name": "debug", "image": "i"}])
    found = entry(compute(given, {"app": RUNNING, "debug": RUNNING}), "debug")
    assert (found["ready"], "started" in found, list(found["state"])) == (False, False, ["running"])
    assert compute(given, {"app": RUNNING, "debug": ended(BAD)})["phase"] == "Running"
    assert entry(compute(given, {"app": RUNNING}), "debug")["state"] == {"waiting": {"reason": "ContainerCreating"}}


def test_what_a_container_is():
    report = Report(RUNNING, user={"linux": {"uid": 7}}, stop_signal="SIGUSR1")
    found = entry(compute(pod(), {}, app=report), "app")
    assert (found["user"], found["stopSignal"]) == ({"linux": {"uid": 7}}, "SIGUSR1")


@pytest.mark.parametrize(
    ("runs", "expected"),
    [([], 0), ([5], 1), ([5, 5, 5], 3), ([5, 5, 700], 1), ([5, 700, 5], 2), ([599, 5], 2)],
)
def test_a_long_run_begins_the_count_anew(runs, expected):
    made = [Exit(str(n), "exit-code", 1, "c", STARTED, STARTED + seconds) for n, seconds in enumerate(runs)]
    assert backoff.streak(made) == expected
