"""Probes of real containers. All Pods start together, and each test waits for its own."""

import datetime

import pytest

from tests.conformance.cluster import Object
from tests.conformance.node.running import FOREVER, Running, container, pod
from tests.node.test_probes import GRPC, answering

#: Serves /healthz for two seconds.
SICK = "mkdir /w; echo ok > /w/healthz; (sleep 2; rm /w/healthz) & trap 'exit 0' TERM; httpd -f -p 8080 -h /w & wait $!"
HEALTHZ = {"httpGet": {"port": 8080, "path": "/healthz"}, "periodSeconds": 1, "failureThreshold": 1}
FILE: Object = {"exec": {"command": ["cat", "/tmp/health"]}, "periodSeconds": 1, "initialDelaySeconds": 1}
DELAY_SECONDS = 5
PROBED = {
    "sick": container(SICK, livenessProbe=HEALTHZ),
    "grpc": container(
        answering(GRPC % 1), livenessProbe={"grpc": {"port": 8080}, "periodSeconds": 1, "initialDelaySeconds": 2}
    ),
    "file": container(f"echo ok > /tmp/health; {FOREVER}", livenessProbe=FILE),
    "slow": container(
        readinessProbe={"exec": {"command": ["true"]}, "initialDelaySeconds": DELAY_SECONDS, "periodSeconds": 1}
    ),
    "never": container(readinessProbe={"exec": {"command": ["false"]}, "periodSeconds": 1}),
}


@pytest.fixture(scope="module")
def probed(shared: Running) -> Running:
    shared.start(*(pod(name, main, restartPolicy="Always") for name, main in PROBED.items()))
    return shared


def restarts(running: Running, name: str) -> int:
    return int(running.container(name).get("restartCount", 0))


def test_a_failing_probe_restarts(probed: Running) -> None:
    probed.wait(lambda: restarts(probed, "sick") >= 1, "it is restarted")
    assert {"Unhealthy", "Killing"} <= probed.reasons("sick")


def test_not_ready_before_the_initial_delay(probed: Running) -> None:
    probed.ready("slow")
    status = probed.get("slow")["status"]
    (since,) = [entry["lastTransitionTime"] for entry in status["conditions"] if entry["type"] == "Ready"]
    started = status["containerStatuses"][0]["state"]["running"]["startedAt"]
    waited = datetime.datetime.fromisoformat(since) - datetime.datetime.fromisoformat(started)
    # Both are whole seconds.
    assert waited.total_seconds() >= DELAY_SECONDS - 1
    assert restarts(probed, "slow") == 0


def test_restarts_are_counted_one_by_one(probed: Running) -> None:
    """To the third: the delays between them grow."""
    seen = [restarts(probed, "sick")]

    def third() -> bool:
        if (count := restarts(probed, "sick")) != seen[-1]:
            seen.append(count)
        return count >= 3

    probed.wait(third, "the third restart")
    assert seen == sorted(seen)


def test_a_probe_of_a_file_that_stays(probed: Running) -> None:
    probed.ready("file")
    assert restarts(probed, "file") == 0


def test_a_healthy_grpc_server_goes_on(probed: Running) -> None:
    probed.ready("grpc")
    assert restarts(probed, "grpc") == 0
    assert "Unhealthy" not in probed.reasons("grpc")


def test_never_ready_and_never_restarted(probed: Running) -> None:
    """It has been asked for as long as the tests before this one took."""
    probed.wait(lambda: "Unhealthy" in probed.reasons("never"), "it is asked")
    assert not probed.is_ready("never")
    assert restarts(probed, "never") == 0
