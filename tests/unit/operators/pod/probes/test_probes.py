"""Probes: which there are, and what their outcomes mean."""

from datetime import UTC, datetime

import pytest

from operators.pod.probes import rules
from operators.pod.probes.rules import Outcome, Progress, Run


def pod(**container):
    return {
        "metadata": {"name": "p", "namespace": "n", "uid": "u"},
        "spec": {"containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080}], **container}]},
    }


def one(kind="readiness", run=None, **definition):
    definition = {"tcpSocket": {"port": 1}} | definition
    runs = {"c": run or Run("1", datetime.now(UTC))}
    (found,) = rules.declared(pod(**{f"{kind}Probe": definition}), runs, "127.0.0.1")
    return found


def walk(probe, outcomes):
    progress = rules.initial(probe)
    verdicts = []
    for outcome in outcomes:
        progress = rules.advance(probe, progress, outcome == "+")
        verdicts.append(progress.verdict)
    return verdicts


@pytest.mark.parametrize(
    ("probe", "outcomes", "expected"),
    [
        (one(), "-+", [False, True]),
        (one(successThreshold=2), "++-+", [False, True, True, True]),
        (one(), "+--+---", [True, True, True, True, True, True, False]),
        (one("liveness"), "---", [True, True, False]),
        (one("liveness", failureThreshold=1), "-", [False]),
        (one("startup", failureThreshold=2), "-+", [None, True]),
        (one("startup", failureThreshold=2), "--", [None, False]),
    ],
)
def test_thresholds(probe, outcomes, expected):
    assert walk(probe, outcomes) == expected


def test_a_run_known_to_be_ready_stays_ready():
    assert rules.initial(one(run=Run("1", datetime.now(UTC), ready=True))) == Progress(True)
    assert rules.initial(one()) == Progress(False)


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("web", (8080, "")),
        (80, (80, "")),
        ("81", (81, "")),
        ("none", (0, 'strconv.Atoi: parsing "none": invalid syntax')),
        (0, (0, "invalid port number: 0")),
        ("70000", (0, "invalid port number: 70000")),
    ],
)
@pytest.mark.parametrize("handler", ["httpGet", "tcpSocket", "grpc"])
def test_ports(handler, port, expected):
    found = one(**{"tcpSocket": None, handler: {"port": port}})
    assert (found.port, found.fault) == expected


def test_no_handler_is_an_error_not_a_failure():
    assert one(tcpSocket=None).fault == "missing probe handler for n/p:c"


def test_only_running_containers_are_probed():
    assert rules.declared(pod(livenessProbe={"exec": {"command": ["x"]}}), {}, "127.0.0.1") == []


def test_sidecars_are_probed_and_init_containers_are_not():
    probe = {"livenessProbe": {"tcpSocket": {"port": 1}}}
    body = pod()
    body["spec"]["initContainers"] = [{"name": "i", **probe}, {"name": "s", "restartPolicy": "Always", **probe}]
    runs = {name: Run("1", datetime.now(UTC)) for name in ("i", "s", "c")}
    assert [found.container for found in rules.declared(body, runs, "127.0.0.1")] == ["s"]


def test_a_run_known_to_have_started_is_not_asked_again():
    begun = Run("1", datetime.now(UTC), ready=False, begun=True)
    assert rules.initial(one("startup", run=begun)) == Progress(True)
    assert rules.initial(one("readiness", run=begun)) == Progress(False)


@pytest.mark.parametrize(
    ("kind", "grace", "expected"),
    [("liveness", 5, 5), ("startup", 7, 7), ("readiness", 5, None), ("liveness", None, None)],
)
def test_the_grace_of_a_probe(kind, grace, expected):
    definition = {} if grace is None else {"terminationGracePeriodSeconds": grace}
    assert one(kind, **definition).grace == expected


@pytest.mark.parametrize(
    ("kind", "delay", "age", "taken_over", "expected"),
    [
        ("readiness", 0, 0, False, 0),
        ("startup", 5, 2, False, 3),
        ("liveness", 0, 0, False, 5),  # half of its period
        ("liveness", 20, 1, False, 19),
        ("readiness", 0, 100, True, 5),
        ("readiness", 30, 10, True, 25),
    ],
)
def test_the_first_attempt(kind, delay, age, taken_over, expected):
    probe = one(kind, initialDelaySeconds=delay)
    assert rules.first_attempt(probe, age, 0.5, has_taken_over=taken_over) == expected


@pytest.mark.parametrize(("due", "now", "expected"), [(10, 10.2, 12), (10, 12, 12), (10, 15.5, 15.5)])
def test_attempts_stay_on_the_beat(due, now, expected):
    assert rules.next_attempt(due, now, 2) == expected


@pytest.mark.parametrize(
    ("outcome", "event", "counted"),
    [
        (Outcome("success"), None, "successful"),
        (Outcome("warning", "w"), ("ProbeWarning", "warning: w"), "successful"),
        (Outcome("failure", "f"), ("Unhealthy", "failed: f"), "failed"),
        (Outcome("unknown", "u", error=True), ("Unhealthy", "errored and resulted in unknown state: u"), "unknown"),
        (Outcome("failure", "e", error=True), ("Unhealthy", "errored and resulted in failure state: e"), "failed"),
    ],
)
def test_outcomes(outcome, event, counted):
    assert (outcome.event, outcome.counted_as) == (event, counted)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1, "1s"), (0.5, "500ms"), (90, "1m30s"), (3600, "1h0m0s"), (60, "1m0s"), (2.5, "2.5s")]
)
def test_durations_as_go_shows_them(seconds, shown):
    assert rules.shown_seconds(seconds) == shown


def test_strings_as_go_quotes_them():
    assert rules.quoted('a"\\\n\x01é\u200b') == '"a\\"\\\\\\n\\x01é\\u200b"'
