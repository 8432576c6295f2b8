"""What a container's status says of its mounts."""

from datetime import UTC, datetime

import pytest

from operators.pod.lifecycle.exits import Exit
from operators.pod.lifecycle.view import View
from operators.pod.status import containers, states
from operators.pod.status.facts import Facts, Report

MOUNTS = [
    {"name": "a", "mountPath": "/a"},
    {"name": "b", "mountPath": "/b", "readOnly": True},
    {"name": "c", "mountPath": "/c", "readOnly": True, "recursiveReadOnly": "IfPossible"},
    {"name": "d", "mountPath": "/d", "readOnly": True, "recursiveReadOnly": "Disabled"},
    {"name": "i", "mountPath": "/i"},
]
SPEC = {"name": "x", "image": "y", "volumeMounts": MOUNTS}


def shown(report, **status):
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"containers": [SPEC]}, "status": status}
    entries = containers.compute(pod, SPEC, "container", Facts(reports={"x": report}))["volumeMounts"]
    return {entry["name"]: {key: entry[key] for key in entry if key not in ("name", "mountPath")} for entry in entries}


EXPECTED = {
    "a": {},
    "b": {"readOnly": True, "recursiveReadOnly": "Disabled"},
    "c": {"readOnly": True, "recursiveReadOnly": "Enabled"},
    "d": {"readOnly": True, "recursiveReadOnly": "Disabled"},
    "i": {"volumeStatus": {"image": {"imageRef": "reg/i@sha256:00"}}},
}


def test_mounts():
    assert shown(Report(volume_images={"i": "reg/i@sha256:00"})) == EXPECTED


def test_what_was_reported_of_an_image_stays_after_a_restart_of_the_operator():
    before = [{"name": "i", "mountPath": "/i", "volumeStatus": EXPECTED["i"]["volumeStatus"]}]
    assert shown(Report(), containerStatuses=[{"name": "x", "volumeMounts": before}]) == EXPECTED


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('failed to prepare subPath for volumeMount "v" of container "x"', "CreateContainerConfigError"),
        ('failed to create subPath directory for volumeMount "v" of container "x"', "CreateContainerConfigError"),
        ("no such image", "CreateContainerError"),
    ],
)
def test_a_sub_path_that_cannot_be_is_a_fault_of_the_configuration(message, reason):
    ended = Exit("1", "exit-code", 128, "", 0.0, datetime.now(UTC).timestamp(), message, is_created=False)
    pod = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"containers": [SPEC]}}
    found = states.state(pod, SPEC, Report(View("backoff", exits=(ended,))), is_over=False, was_due=True)
    assert found == {"waiting": {"reason": reason, "message": message}}
