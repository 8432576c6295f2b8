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
