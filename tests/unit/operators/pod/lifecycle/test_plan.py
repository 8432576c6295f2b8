"""What is done next about a Pod's containers."""

import pytest

from operators.pod.lifecycle import plan
from operators.pod.lifecycle.exits import Exit
from operators.pod.lifecycle.plan import Step
from operators.pod.lifecycle.view import View
from operators.pod.units import unit

OK = Exit("i", "success", 0, "c0", 1.0, 2.0)
BAD = Exit("i", "exit-code", 3, "c1", 1.0, 2.0)
RUNNING = View("running", "c9", "i9", 5.0)


def ended(*exits):
    return View("exited", exits[-1].container_id, exits[-1].invocation, 1.0, exits)


def pod(policy="Always", inits=(), apps=("app",), **status):
    return {
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": {
            "restartPolicy": policy,
            "initContainers": [{"name": name, "image": "i"} for name in inits],
            "containers": [{"name": name, "image": "i"} for name in apps],
        },
        "status": status,
    }


SAME = unit.restart_hash({"image": "i"})


@pytest.mark.parametrize(
    ("given", "views", "expected"),
    [
        (pod(), {}, [("start", "app")]),
        (pod(apps=("a", "b")), {"a": RUNNING}, [("start", "b")]),
        (pod(inits=("i",)), {}, [("start", "i"), ("start", "app")]),
        (pod("Never", inits=("i",)), {"i": ended(BAD)}, []),
        (pod("Never", inits=("i",)), {"i": ended(OK)}, [("start", "app")]),
        (pod(), {"app": RUNNING}, []),
        (pod(), {"app": View("starting")}, []),
        (pod(), {"app": View("backoff", exits=(BAD,))}, [("kick", "app")]),
        (pod(), {"app": View("backoff", exits=(BAD, BAD))}, []),
        (pod(), {"app": ended(OK)}, [("start", "app")]),
        (pod("OnFailure"), {"app": ended(OK)}, []),
        (pod("OnFailure"), {"app": ended(BAD)}, [("start", "app")]),
        (pod("Never"), {"app": ended(BAD)}, []),
    ],
)
def test_steps(given, views, expected):
    hashes = dict.fromkeys(views, SAME)
    assert plan.steps(given, views, hashes) == [Step(*step) for step in expected]


def test_another_image_replaces_the_running_container():
    assert plan.steps(pod(), {"app": RUNNING}, {"app": "old"}) == [Step("replace", "app")]


def test_what_was_ended_for_its_own_good_is_started_again_unless_never():
    assert plan.steps(pod("OnFailure"), {"app": ended(OK)}, {}, {"app"}) == [Step("start", "app")]
    assert plan.steps(pod("Never"), {"app": ended(OK)}, {}, {"app"}) == []


@pytest.mark.parametrize(
    ("given", "views", "expected"),
    [
        (pod("Never"), {"app": RUNNING}, False),
        (pod("Never"), {"app": ended(BAD)}, True),
        (pod("OnFailure"), {"app": ended(OK)}, True),
        (pod("OnFailure"), {"app": ended(BAD)}, False),
        (pod(), {"app": ended(OK)}, False),
        (pod("Never", inits=("i",)), {"i": ended(BAD)}, True),
        (pod("Never", inits=("i",)), {"i": ended(OK)}, False),
    ],
)
def test_is_over(given, views, expected):
    assert plan.is_over(given, views) is expected


@pytest.mark.parametrize(
    ("reported", "count", "view", "expected"),
    [
        (None, 0, View(), 0),
        ("c9", 0, RUNNING, 0),
        ("c9", 4, RUNNING, 4),
        ("c1", 4, View("running", "c9", "i9", 5.0, (BAD,)), 4),  # it ended while nobody looked: now 5
        ("gone", 4, RUNNING, 5),  # a reboot
        ("", 2, View("backoff", exits=(BAD, BAD, BAD)), 0),
        ("c1", 41, View("running", "c9", "i9", 5.0, (BAD,), forgotten=40), 1),
        ("gone", 41, View("running", "c9", "i9", 5.0, (BAD,), forgotten=40), 1),
    ],
)
def test_restarts_before(reported, count, view, expected):
    entries = (
        []
        if reported is None
        else [{"name": "app", "restartCount": count, "containerID": reported and f"podman://{reported}"}]
    )
    assert plan.restarts_before(pod(containerStatuses=entries), "app", view) == expected


def test_nothing_starts_before_what_it_waits_for_has_a_unit():
    given = pod(inits=("i",))
    assert not plan.is_startable(given, "app", {"app"})
    assert plan.is_startable(given, "app", {"app", "i"})


LOST = Exit("lost", "lost", 255, "c0", 1.0, 2.0)
NOT_MADE = Exit("i", "exit-code", 128, "", 0.0, 2.0, "no such mount", is_created=False)


def with_sidecar(policy="Always", **sidecar):
    given = pod(policy)
    given["spec"]["initContainers"] = [
        {"name": "mesh", "image": "i", "restartPolicy": "Always", **sidecar},
        {"name": "prep", "image": "i"},
    ]
    return given


@pytest.mark.parametrize(
    ("name", "prepared", "started", "expected"),
    [
        ("mesh", {"mesh"}, False, True),
        ("prep", {"mesh", "prep"}, False, False),
        ("prep", {"mesh", "prep"}, True, True),
        ("app", {"mesh", "prep", "app"}, False, False),
        ("app", {"mesh", "prep", "app"}, True, True),
    ],
)
def test_a_sidecar_with_a_startup_probe_is_waited_for(name, prepared, started, expected):
    given = with_sidecar(startupProbe={"exec": {}})
    assert plan.is_startable(given, name, prepared, lambda _: started) is expected


def test_a_sidecar_without_a_startup_probe_is_left_to_systemd():
    assert plan.is_startable(with_sidecar(), "app", {"mesh", "prep", "app"}, lambda _: False)


@pytest.mark.parametrize(
    ("views", "expected"),
    [
        ({"mesh": RUNNING, "prep": ended(OK), "app": RUNNING}, False),
        ({"mesh": RUNNING, "prep": ended(OK), "app": ended(BAD)}, True),
        ({"mesh": RUNNING, "prep": ended(BAD)}, True),
        ({"mesh": RUNNING, "prep": RUNNING}, False),
    ],
)
def test_sidecars_do_not_keep_a_pod_from_its_end(views, expected):
    assert plan.is_over(with_sidecar("Never"), views) is expected


def test_what_a_reboot_took_is_not_run_twice_and_what_was_never_made_is_made():
    assert plan.steps(pod("Never"), {"app": ended(LOST)}, {}) == []
    assert plan.steps(pod("Never"), {"app": ended(NOT_MADE)}, {}) == [Step("start", "app")]


def test_ephemeral_containers_start_once_and_wait_for_nobody():
    given = pod("Never", inits=("i",))
    given["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "i"}]
    assert plan.steps(given, {"i": ended(BAD)}, {}) == [Step("start", "debug")]
    assert plan.steps(given, {"i": RUNNING, "app": RUNNING, "debug": ended(BAD)}, {}) == []
    assert plan.is_startable(given, "debug", {"debug"})


def test_a_long_run_is_followed_by_an_immediate_restart():
    long = Exit("i2", "exit-code", 1, "c2", 100.0, 800.0)
    assert plan.steps(pod(), {"app": View("backoff", exits=(BAD, BAD, long))}, {"app": SAME}) == [Step("kick", "app")]
