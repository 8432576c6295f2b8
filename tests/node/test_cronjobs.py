"""Jobs on a node; CronJobs that are due while the control plane is stopped."""

import json
from typing import Any

from tests.node.conftest import TestNode
from tests.node.pods import container

CONTROL_PLANE = ("ukube-operators.service", "ukube-apiserver.service")


def template(script: str) -> dict[str, Any]:
    return {"template": {"spec": {"restartPolicy": "Never", "containers": [container("main", script)]}}}


def apply(node: TestNode, namespace: str, kind: str, name: str, spec: dict[str, Any]) -> None:
    body = {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    node.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(body))


def test_indexed_job_with_real_exit_codes(node: TestNode, namespace: str) -> None:
    """Index 1 ends with 3, which fails that index alone."""
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [3]}}
    spec = template('test "$(hostname)" = "job-$JOB_COMPLETION_INDEX" && exit $((JOB_COMPLETION_INDEX * 3))')
    spec |= {"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 1}
    apply(node, namespace, "Job", "job", {**spec, "podFailurePolicy": {"rules": [rule]}})
    node.kubectl("wait", "--for=condition=Failed", "job/job", "-n", namespace, "--timeout=30s")
    status = node.json("get", "job/job", "-n", namespace)["status"]
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0", "1")
    assert (status["succeeded"], status["failed"], status["uncountedTerminatedPods"]) == (1, 1, {})


def test_due_while_the_control_plane_is_stopped(node: TestNode, namespace: str) -> None:
    apply(node, namespace, "CronJob", "tick", {"schedule": "* * * * *", "jobTemplate": {"spec": template("exit 0")}})
    active = ["systemctl", "is-active", "ukube-cron.timer"]
    node.wait_for("the timer waits", lambda: node.run(active, check=False).stdout == "active\n")
    node.run(["systemctl", "stop", *CONTROL_PLANE])
    assert "inactive" in node.run(["systemctl", "is-active", *CONTROL_PLANE], check=False).stdout

    def answers() -> bool:
        return node.kubectl("get", "--raw", "/readyz", check=False).stdout == "ok"

    node.wait_for("systemd has started it again", answers, timeout=90, every=0.5)
    node.wait_for("a Job ran", lambda: _last_success(node, namespace), timeout=30)
    node.kubectl("delete", "cronjob/tick", "-n", namespace)
    node.wait_for("the timer is gone", lambda: node.run(active, check=False).stdout != "active\n")
    assert node.run(["test", "-e", "/etc/systemd/system/ukube-cron.timer"], check=False).returncode == 1


def _last_success(node: TestNode, namespace: str) -> str:
    return str(node.json("get", "cronjob/tick", "-n", namespace)["status"].get("lastSuccessfulTime", ""))
