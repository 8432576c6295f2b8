"""A Pod's status, from what its containers do."""

from datetime import UTC, datetime

import pytest

from operators.pod.lifecycle.exits import Exit
from operators.pod.lifecycle.view import View
from operators.pod.status import backoff, qos, states
from operators.pod.status import compute as status
from operators.pod.status.facts import Facts, Report

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STARTED = 1_700_000_000.0
OK = Exit("i0", "success", 0, "c0", STARTED, STARTED + 5)
BAD = Exit("i0", "exit-code", 3, "c0", STARTED, STARTED + 5, "went wrong\n")
NEVER_RAN = Exit("i0", "exit-code", 128, "", 0.0, STARTED, "no such program")
RUNNING = View("running", "c1", "i1", STARTED)


def ended(*exits):
    last = exits[-1]
    return View("exited", last.container_id, last.invocation, last.started, exits)


def pod(policy="Always", inits=(), apps=("app",), old=None, **spec):
    return {
        "metadata": {"name": "web-0", "namespace": "shop", "uid": "u-1", "generation": 4},
        "spec": {
            "restartPolicy": policy,
            "initContainers": [{"name": n, "image": "i"} if isinstance(n, str) else n for n in inits],
            "containers": [{"name": name, "image": "i"} for name in apps],
            **spec,
        },
        "status": old or {},
    }


def compute(given, views, *, is_over=False, has_sandbox=True, reports=None):
    made = {name: Report(view=view) for name, view in views.items()} | (reports or {})
    facts = Facts("10.244.0.7", ("192.0.2.9",), has_sandbox, is_over, made)
    return status.compute(given, facts, NOW)


def condition(found, type_):
    return next((c["status"], c.get("reason"), c.get("message")) for c in found["conditions"] if c["type"] == type_)


@pytest.mark.parametrize(
    ("given", "views", "is_over", "expected"),
    [
        (pod(), {}, False, "Pending"),
        (pod(), {"app": View("starting")}, False, "Pending"),
        (pod(), {"app": RUNNING}, False, "Running"),
        (pod(apps=("a", "b")), {"a": RUNNING}, False, "Pending"),
        (pod(apps=("a", "b")), {"a": RUNNING, "b": View("backoff", exits=(BAD,))}, False, "Running"),
        (pod(), {"app": View("backoff", exits=(BAD,))}, False, "Running"),
        (pod(), {"app": ended(OK)}, False, "Running"),
        (pod("Never"), {"app": ended(OK)}, False, "Succeeded"),
        (pod("Never"), {"app": ended(BAD)}, False, "Failed"),
        (pod("OnFailure"), {"app": ended(OK)}, False, "Succeeded"),
        (pod("OnFailure"), {"app": View("backoff", exits=(BAD,))}, False, "Running"),
        (pod("Never", apps=("a", "b")), {"a": ended(BAD), "b": RUNNING}, False, "Running"),
        (pod("Never", apps=("a", "b")), {"a": ended(BAD), "b": ended(OK)}, False, "Failed"),
        (pod(inits=("i",)), {"i": RUNNING}, False, "Pending"),
        (pod(inits=("i",)), {"i": View("backoff", exits=(BAD,))}, False, "Pending"),
        (pod("Never", inits=("i",)), {"i": ended(BAD)}, False, "Failed"),
        (pod(inits=("i",)), {"i": ended(OK)}, False, "Pending"),
        (pod(inits=("i",)), {"i": ended(OK), "app": RUNNING}, False, "Running"),
        (pod(), {"app": ended(OK)}, True, "Succeeded"),
        (pod(), {"app": ended(BAD)}, True, "Failed"),
        (pod(), {}, True, "Failed"),
    ],
)
def test_phase(given, views, is_over, expected):
    assert compute(given, views, is_over=is_over)["phase"] == expected


def test_a_running_pod():
    found = compute(pod(), {"app": RUNNING}, reports={"app": Report(RUNNING, image="i", image_id="i@sha256:1")})
    assert found["containerStatuses"] == [
        {
            "name": "app",
            "state": {"running": {"startedAt": "2023-11-14T22:13:20Z"}},
            "lastState": {},
            "ready": True,
            "restartCount": 0,
            "image": "i",
            "imageID": "i@sha256:1",
            "started": True,
            "containerID": "podman://c1",
            "resources": {},
        }
    ]
    assert [(c["type"], c["status"]) for c in found["conditions"]] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
        ("PodScheduled", "True"),
    ]
    assert {c["observedGeneration"] for c in found["conditions"]} == {4}
    assert (found["podIP"], found["podIPs"]) == ("10.244.0.7", [{"ip": "10.244.0.7"}])
    assert (found["hostIP"], found["hostIPs"]) == ("192.0.2.9", [{"ip": "192.0.2.9"}])
    assert (found["startTime"], found["qosClass"], found["observedGeneration"]) == (
        "2026-01-02T03:04:05Z",
        "BestEffort",
        4,
    )


def test_computing_twice_changes_nothing():
    first = compute(pod(), {"app": RUNNING})
    later = datetime(2026, 6, 1, tzinfo=UTC)
    facts = Facts("10.244.0.7", ("192.0.2.9",), True, False, {"app": Report(RUNNING)})
    assert status.compute(pod(old=first), facts, later) == first


def test_what_others_wrote_is_kept():
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    gate = {"type": "example.com/gate", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    old = {"conditions": [scheduled, gate], "nominatedNodeName": "n1"}
    found = compute(pod(old=old, readinessGates=[{"conditionType": "example.com/gate"}]), {"app": RUNNING})
    assert gate in found["conditions"]
    assert found["nominatedNodeName"] == "n1"
    assert condition(found, "Ready")[0] == "True"


def test_a_closed_readiness_gate():
    found = compute(pod(readinessGates=[{"conditionType": "example.com/gate"}]), {"app": RUNNING})
    message = 'corresponding condition of pod readiness gate "example.com/gate" does not exist.'
    assert condition(found, "Ready") == ("False", "ReadinessGatesNotReady", message)
    assert condition(found, "ContainersReady")[0] == "True"


@pytest.mark.parametrize(
    ("report", "state", "last"),
    [
        (Report(), {"waiting": {"reason": "ContainerCreating"}}, {}),
        (
            Report(waiting=("ErrImagePull", "no route")),
            {"waiting": {"reason": "ErrImagePull", "message": "no route"}},
            {},
        ),
        (
            Report(View("backoff", exits=(BAD, BAD))),
            {
                "waiting": {
                    "reason": "CrashLoopBackOff",
                    "message": "back-off 10s restarting failed container=app pod=web-0_shop(u-1)",
                }
            },
            3,
        ),
        (
            Report(View("backoff", exits=(NEVER_RAN,))),
            {"waiting": {"reason": "RunContainerError", "message": "no such program"}},
            128,
        ),
        (Report(View("running", "c1", "i1", STARTED, (BAD,))), {"running": {"startedAt": "2023-11-14T22:13:20Z"}}, 3),
        (Report(View("starting", exits=(BAD,))), {"terminated": 3}, {}),
        (Report(ended(BAD, OK)), {"terminated": 0}, 3),
    ],
)
def test_states(report, state, last):
    (found,) = compute(pod(), {}, reports={"app": report})["containerStatuses"]
    if "terminated" in found["state"]:
        found["state"] = {"terminated": found["state"]["terminated"]["exitCode"]}
    if found["lastState"]:
        found["lastState"] = found["lastState"]["terminated"]["exitCode"]
    assert (found["state"], found["lastState"]) == (state, last)


def test_terminated_in_full():
    assert states.terminated(BAD) == {
        "exitCode": 3,
        "reason": "Error",
        "message": "went wrong\n",
        "startedAt": "2023-11-14T22:13:20Z",
        "finishedAt": "2023-11-14T22:13:25Z",
        "containerID": "podman://c0",
    }


@pytest.mark.parametrize(
    ("given", "views", "type_", "expected"),
    [
        (
            pod(),
            {"app": View("starting")},
            "Ready",
            ("False", "ContainersNotReady", "containers with unready status: [app]"),
        ),
        (pod("Never"), {"app": ended(OK)}, "Ready", ("False", "PodCompleted", None)),
        (pod("Never"), {"app": ended(OK)}, "Initialized", ("True", "PodCompleted", None)),
        (pod("Never"), {"app": ended(BAD)}, "ContainersReady", ("False", "PodFailed", None)),
        (
            pod(inits=("a", "b")),
            {"a": ended(OK), "b": RUNNING},
            "Initialized",
            ("False", "ContainersNotInitialized", "containers with incomplete status: [b]"),
        ),
        (pod(inits=({"name": "s", "restartPolicy": "Always"},)), {"s": RUNNING}, "Initialized", ("True", None, None)),
    ],
)
def test_conditions(given, views, type_, expected):
    assert condition(compute(given, views), type_) == expected


def test_probes_decide_readiness():
    unready = compute(pod(), {}, reports={"app": Report(RUNNING, is_ready=False)})["containerStatuses"][0]
    assert (unready["ready"], unready["started"]) == (False, True)
    young = compute(pod(), {}, reports={"app": Report(RUNNING, is_started=False)})["containerStatuses"][0]
    assert (young["ready"], young["started"]) == (False, False)


def test_a_run_that_a_reboot_ended_is_the_last_state():
    old = {
        "containerStatuses": [{"name": "app", "containerID": "podman://c0", "state": {"running": {"startedAt": "T"}}}]
    }
    found = compute(pod(old=old), {"app": RUNNING})["containerStatuses"][0]["lastState"]["terminated"]
    assert (found["exitCode"], found["reason"], found["containerID"]) == (255, "Unknown", "podman://c0")


@pytest.mark.parametrize(("restarts", "seconds"), [(0, 10), (1, 10), (2, 20), (3, 40), (5, 160), (6, 300), (99, 300)])
def test_backoff_seconds(restarts, seconds):
    assert backoff.seconds(restarts) == seconds


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"limits": {"cpu": "0"}}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}}], "Guaranteed"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}], "Guaranteed"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}}, {}], "Burstable"),
    ],
)
def test_qos_class(resources, expected):
    given = {"spec": {"containers": [{"name": str(n), "resources": r} for n, r in enumerate(resources)]}}
    assert qos.compute(given) == expected


def test_rejected():
    found = status.rejected(pod(), "NodePorts", "no free ports", NOW)
    assert (found["phase"], found["reason"], found["message"]) == (
        "Failed",
        "NodePorts",
        "Pod was rejected: no free ports",
    )
