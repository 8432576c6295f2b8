"""STATUS, READY and RESTARTS of Pods."""

import datetime as dt
from typing import Any

import pytest

from apiserver_stub.printers import pods

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
JSON = dict[str, Any]

RUNNING = {"running": {"startedAt": "2025-12-31T00:00:00Z"}}
COMPLETED = {"terminated": {"exitCode": 0, "reason": "Completed"}}
INIT = {"initContainers": [{"name": "i1"}, {"name": "i2"}]}
SIDECAR = {"initContainers": [{"name": "i1"}, {"name": "side", "restartPolicy": "Always"}]}
ENDED = {"terminated": {"exitCode": 1, "finishedAt": "2025-12-31T23:55:00Z"}}


def waiting(reason: str) -> JSON:
    return {"waiting": {"reason": reason}}


def ended(code: int = 0, **more: object) -> JSON:
    return {"terminated": {"exitCode": code, **more}}


def status(name: str, state: JSON, *, ready: bool = False, restarts: int = 0, **more: object) -> JSON:
    return {"name": name, "state": state, "ready": ready, "restartCount": restarts, **more}


def summary(spec: JSON, found: JSON, deleting: bool = False) -> tuple[str, str, str]:
    """READY, STATUS, RESTARTS of a Pod with one container named c."""
    metadata = {"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {"name": "p"}
    row = pods.pod({"metadata": metadata, "spec": {"containers": [{"name": "c"}], **spec}, "status": found}, NOW)
    return row[1], row[2], row[3]


CASES = [
    pytest.param({}, {"phase": "Pending"}, ("0/1", "Pending", "0"), id="pending"),
    pytest.param(
        {},
        {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]},
        ("0/1", "SchedulingGated", "0"),
        id="gated",
    ),
    pytest.param(
        {},
        {"phase": "Pending", "containerStatuses": [status("c", waiting("ContainerCreating"))]},
        ("0/1", "ContainerCreating", "0"),
        id="creating",
    ),
    pytest.param(
        {},
        {"phase": "Running", "containerStatuses": [status("c", RUNNING, ready=True)]},
        ("1/1", "Running", "0"),
        id="running",
    ),
    pytest.param(
        {},
        {"phase": "Running", "containerStatuses": [status("c", RUNNING, ready=True, restarts=3, lastState=ENDED)]},
        ("1/1", "Running", "3 (5m ago)"),
        id="restarted",
    ),
    pytest.param(
        {},
        {"phase": "Running", "containerStatuses": [status("c", RUNNING, ready=True, restarts=3)]},
        ("1/1", "Running", "3"),
        id="restarted, nobody knows when",
    ),
    pytest.param(
        {},
        {"phase": "Running", "containerStatuses": [status("c", waiting("CrashLoopBackOff"), restarts=2)]},
        ("0/1", "CrashLoopBackOff", "2"),
        id="crash loop",
    ),
    pytest.param(
        {},
        {"phase": "Failed", "containerStatuses": [status("c", ended(2, reason="Error"))]},
        ("0/1", "Error", "0"),
        id="error",
    ),
    pytest.param(
        {}, {"phase": "Failed", "containerStatuses": [status("c", ended(2))]}, ("0/1", "ExitCode:2", "0"), id="code"
    ),
    pytest.param(
        {},
        {"phase": "Failed", "containerStatuses": [status("c", ended(137, signal=9))]},
        ("0/1", "Signal:9", "0"),
        id="signal",
    ),
    pytest.param({}, {"phase": "Failed", "reason": "Evicted"}, ("0/1", "Evicted", "0"), id="reason of the pod"),
    pytest.param(
        {},
        {"phase": "Succeeded", "containerStatuses": [status("c", COMPLETED)]},
        ("0/1", "Completed", "0"),
        id="completed",
    ),
    pytest.param(
        {"containers": [{"name": "c"}, {"name": "d"}]},
        {"phase": "Running", "containerStatuses": [status("c", COMPLETED), status("d", RUNNING, ready=True)]},
        ("1/2", "NotReady", "0"),
        id="one completed, one running, not ready",
    ),
    pytest.param(
        {"containers": [{"name": "c"}, {"name": "d"}]},
        {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [status("c", COMPLETED), status("d", RUNNING, ready=True)],
        },
        ("1/2", "Running", "0"),
        id="one completed, one running, ready",
    ),
    pytest.param(
        INIT,
        {"phase": "Pending", "initContainerStatuses": [status("i1", waiting("PodInitializing")), status("i2", {})]},
        ("0/1", "Init:0/2", "0"),
        id="first init container",
    ),
    pytest.param(
        INIT,
        {"phase": "Pending", "initContainerStatuses": [status("i1", COMPLETED), status("i2", RUNNING)]},
        ("0/1", "Init:1/2", "0"),
        id="second init container",
    ),
    pytest.param(
        INIT,
        {
            "phase": "Pending",
            "initContainerStatuses": [status("i1", COMPLETED), status("i2", COMPLETED)],
            "containerStatuses": [status("c", waiting("PodInitializing"))],
        },
        ("0/1", "PodInitializing", "0"),
        id="initialised",
    ),
    pytest.param(
        INIT,
        {"phase": "Pending", "initContainerStatuses": [status("i1", waiting("ImagePullBackOff"))]},
        ("0/1", "Init:ImagePullBackOff", "0"),
        id="init image",
    ),
    pytest.param(
        INIT,
        {"phase": "Pending", "initContainerStatuses": [status("i1", ended(2), restarts=4, lastState=ENDED)]},
        ("0/1", "Init:ExitCode:2", "4 (5m ago)"),
        id="init failed with a code",
    ),
    pytest.param(
        INIT,
        {"phase": "Pending", "initContainerStatuses": [status("i1", ended(137, signal=9))]},
        ("0/1", "Init:Signal:9", "0"),
        id="init killed",
    ),
    pytest.param(
        SIDECAR,
        {
            "phase": "Running",
            "initContainerStatuses": [
                status("i1", COMPLETED, restarts=7),
                status("side", RUNNING, ready=True, started=True, restarts=1),
            ],
            "containerStatuses": [status("c", RUNNING, ready=True, restarts=2)],
        },
        ("2/2", "Running", "3"),
        id="sidecars count, finished init containers don't",
    ),
]


@pytest.mark.parametrize(("spec", "found", "expected"), CASES)
def test_summary(spec: JSON, found: JSON, expected: tuple[str, str, str]) -> None:
    assert summary(spec, found) == expected


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ({"phase": "Running", "containerStatuses": [status("c", RUNNING, ready=True)]}, "Terminating"),
        ({"phase": "Running", "reason": "NodeLost"}, "Unknown"),
        ({"phase": "Succeeded", "containerStatuses": [status("c", COMPLETED)]}, "Completed"),
    ],
)
def test_deleting(found: JSON, shown: str) -> None:
    assert summary({}, found, deleting=True)[1] == shown


def test_wide_cells() -> None:
    obj = {
        "metadata": {"name": "p", "creationTimestamp": "2025-12-31T23:00:00Z"},
        "spec": {"nodeName": "n", "readinessGates": [{"conditionType": "x/y"}, {"conditionType": "x/z"}]},
        "status": {"podIPs": [{"ip": "10.1.1.1"}], "conditions": [{"type": "x/y", "status": "True"}]},
    }
    assert pods.pod(obj, NOW)[4:] == ["60m", "10.1.1.1", "n", "<none>", "1/2"]
    assert pods.pod({"metadata": {}}, NOW)[4:] == ["<unknown>", "<none>", "<none>", "<none>", "<none>"]


def test_finished_pods_carry_a_row_condition() -> None:
    found = pods.row_conditions({"status": {"phase": "Failed"}})
    assert found == [{"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}]
    assert pods.row_conditions({"status": {"phase": "Running"}}) == []
