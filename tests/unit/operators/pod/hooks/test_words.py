"""Hooks as words and requests."""

import json
from pathlib import Path

import pytest

from operators.pod.hooks import words
from operators.pod.paths import Paths

POD = {"metadata": {"name": "p", "namespace": "n", "uid": "u"}}
PATHS = Paths(state=Path("/s"))


def spec(**lifecycle):
    return {"name": "c", "ports": [{"name": "web", "containerPort": 8080}], "lifecycle": lifecycle}


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ({"exec": {"command": ["sleep:", "1"]}}, ["exec:", "sleep:", "1"]),
        ({"sleep": {"seconds": 5}}, ["sleep:", "5"]),
        ({"sleep": {"seconds": 0}}, ["sleep:", "0"]),
        ({"httpGet": {"port": 80}}, ["http:", "/s/pods/u/hooks/c.preStop"]),
        ({"tcpSocket": {"port": 80}}, ["none:"]),
        (None, []),
    ],
)
def test_words(handler, expected):
    container = spec(preStop=handler)
    assert words.words(POD, container, "preStop", PATHS) == expected
    assert words.words(POD, container, "postStart", PATHS) == []
    assert words.has_any(container) is bool(handler)


def test_the_runtime_of_the_container_runs_commands():
    container = spec(preStop={"exec": {"command": ["x"]}})
    assert words.words(POD, container, "preStop", PATHS, "runc") == ["exec:runc", "x"]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"port": "web"}, {"scheme": "http", "host": "10.0.0.1", "port": 8080, "path": "", "headers": [], "fault": ""}),
        (
            {"port": 1, "host": "h", "path": "/x", "scheme": "HTTPS", "httpHeaders": [{"name": "A", "value": "b"}]},
            {"scheme": "https", "host": "h", "port": 1, "path": "/x", "headers": [["A", "b"]], "fault": ""},
        ),
    ],
)
def test_requests(action, expected):
    found = words.requests(spec(postStart={"httpGet": action}, preStop={"sleep": {"seconds": 1}}), "10.0.0.1")
    assert {hook: json.loads(text) for hook, text in found.items()} == {"postStart": expected}


def test_a_port_that_nobody_declares_makes_the_hook_fail_when_it_is_run():
    found = words.requests(spec(preStop={"httpGet": {"port": "none"}}), "10.0.0.1")
    assert json.loads(found["preStop"])["fault"] == 'strconv.Atoi: parsing "none": invalid syntax'
