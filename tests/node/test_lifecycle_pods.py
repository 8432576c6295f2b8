"""Ends of Pods, deadlines, back-off and conditions on a real node."""

import json
import time

import pytest

from tests.node.pods import FOREVER, Pods, container

DEAF = "trap '' TERM; while :; do sleep 1; done"


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def conditions(pods, name):
    return {c["type"]: c for c in pods.get(name)["status"]["conditions"]}


def watched(node, pods, name):
    """All states of a Pod until it is gone, as a watcher sees them."""
    path = f"/api/v1/namespaces/{pods.namespace}/pods?watch=1&fieldSelector=metadata.name%3D{name}&timeoutSeconds=20"
    return node.popen(["kubectl", "get", "--raw", path])


@pytest.mark.parametrize("way", ["created with it", "updated"])
def test_an_active_deadline(node, pods, way):
    if way == "created with it":
        pods.create("late", container("app"), activeDeadlineSeconds=2)
    else:
        pods.create("late", container("app"))
        pods.wait_ready("late")
        node.kubectl("patch", "pod", "late", "-n", pods.namespace, "-p", '{"spec": {"activeDeadlineSeconds": 1}}')
    pods.wait_phase("late", "Failed", timeout=15)
    status = pods.get("late")["status"]
    text = "Pod was active on the node longer than the specified deadline"
    assert (status["reason"], status["message"]) == ("DeadlineExceeded", text)
    assert ("DeadlineExceeded", text) in pods.events("late")
    assert "terminated" in status["containerStatuses"][0]["state"]
    node.wait_for("its unit is gone", lambda: pods.unit("late", "app") not in pods.traces())


def test_a_deadline_holds_while_the_operators_are_down(node, pods):
    pods.create("late", container("app"), activeDeadlineSeconds=3)
    pods.wait_ready("late")
    node.run(["systemctl", "stop", "ukube-operators.service"])
    time.sleep(3)
    node.run(["systemctl", "start", "ukube-operators.service"], timeout=90)
    pods.wait_phase("late", "Failed", timeout=20)
    assert pods.get("late")["status"]["reason"] == "DeadlineExceeded"


def test_watchers_see_how_a_deleted_pod_ended(node, pods):
    pods.create("web", container("app", FOREVER.replace("exit 0", "exit 4")))
    pods.wait_ready("web")
    watch = watched(node, pods, "web")
    time.sleep(0.5)
    pods.delete("web")
    events = [json.loads(line) for line in watch.communicate(timeout=30)[0].splitlines()]
    last = events[-1]
    assert last["type"] == "DELETED"
    status = last["object"]["status"]
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 4
    assert status["phase"] == "Failed"


@pytest.mark.parametrize("case", ["no image", "never placed", "init runs"])
def test_pods_that_never_started_can_be_deleted(node, pods, case):
    inits = [container("prep", "sleep 1000")] if case == "init runs" else []
    spec = {"nodeSelector": {"no": "where"}} if case == "never placed" else {}
    app = container("app") if case != "no image" else {"name": "app", "image": "localhost/none:1"}
    pods.create("new", app, initContainers=inits, **spec)
    if case == "init runs":
        node.wait_for("it runs", lambda: "running" in pods.status("new", "prep", "initContainerStatuses")["state"])
    elif case == "no image":
        node.wait_for("it waits", lambda: pods.waiting("new", "app"))
    pods.delete("new")
    assert pods.traces() == []


def test_a_forced_deletion_does_not_wait_for_an_init_container(node, pods):
    pods.create("stuck", container("app"), initContainers=[container("prep", DEAF)], terminationGracePeriodSeconds=60)
    node.wait_for("it runs", lambda: "running" in pods.status("stuck", "prep", "initContainerStatuses")["state"])
    pods.delete("stuck", "--force", "--grace-period=0")
    node.wait_for("nothing is left", lambda: pods.traces() == [], timeout=15)


def test_a_second_deletion_shortens_the_grace(node, pods):
    pods.create("deaf", container("app", DEAF), terminationGracePeriodSeconds=300)
    pods.wait_ready("deaf")
    pods.delete("deaf", "--wait=false")
    time.sleep(1)
    began = time.monotonic()
    pods.delete("deaf", "--grace-period=1")
    assert time.monotonic() - began < 8
    node.wait_for("nothing is left", lambda: pods.traces() == [])


def test_a_deletion_may_ask_for_more_time_than_the_pod_does(node, pods):
    pods.create("slow", container("app", "trap 'sleep 5; exit 0' TERM; while :; do sleep 1; done"),
                terminationGracePeriodSeconds=1)  # fmt: skip
    pods.wait_ready("slow")
    watch = watched(node, pods, "slow")
    pods.delete("slow", "--grace-period=20")
    events = [json.loads(line) for line in watch.communicate(timeout=30)[0].splitlines()]
    assert events[-1]["object"]["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_failed_post_start_hook_ends_the_container(node, pods):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "exit 5"]}}}
    pods.create("hooked", container("app", lifecycle=hook), restartPolicy="Never")
    pods.wait_phase("hooked", "Succeeded", timeout=20)
    assert pods.status("hooked", "app")["state"]["terminated"]["exitCode"] == 0  # it was asked to end, and did


def test_labels_and_annotations_change_nothing_and_generation_is_followed(node, pods):
    pods.create("web", container("app"))
    pods.wait_ready("web")
    before = pods.status("web", "app")["containerID"]
    node.kubectl("label", "pod", "web", "a=b", "-n", pods.namespace)
    for number in range(3):
        patch = {"spec": {"activeDeadlineSeconds": 5000 - number}}
        node.kubectl("patch", "pod", "web", "-n", pods.namespace, "-p", json.dumps(patch))
    found = node.wait_for("it is observed", lambda: _observed(pods.get("web")))
    assert found["metadata"]["generation"] == 4
    assert {c["observedGeneration"] for c in found["status"]["conditions"] if c["type"] != "PodScheduled"} <= {1, 4}
    assert (pods.status("web", "app")["containerID"], pods.status("web", "app")["restartCount"]) == (before, 0)


def _observed(pod):
    return pod if pod["status"].get("observedGeneration") == pod["metadata"]["generation"] else None


def test_what_a_running_container_says_of_itself(node, pods):
    pods.create("web", container("app", securityContext={"runAsUser": 1000, "runAsGroup": 2000}))
    pods.wait_ready("web")
    found = pods.status("web", "app")
    assert (found["started"], found["ready"], found["stopSignal"]) == (True, True, "SIGTERM")
    assert (found["user"]["linux"]["uid"], found["user"]["linux"]["gid"]) == (1000, 2000)
    assert {k: v["status"] for k, v in conditions(pods, "web").items()} == dict.fromkeys(
        ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"), "True"
    )


def test_systemd_starts_itself_over(node, pods):
    pods.create("crash", container("app", "exit 3"))
    pods.create("web", container("app"))
    node.wait_for("it is put off", lambda: pods.waiting("crash", "app") == "CrashLoopBackOff")
    pods.wait_ready("web")
    before = pods.status("web", "app")["containerID"]
    node.run(["systemctl", "daemon-reexec"])
    node.wait_for("it is tried again", lambda: pods.status("crash", "app")["restartCount"] >= 2, timeout=25)
    pods.create("next", container("app"))
    pods.wait_ready("next")
    assert (pods.status("web", "app")["containerID"], pods.status("web", "app")["restartCount"]) == (before, 0)


def test_readiness_gates(node, pods):
    pods.create("gated", container("app"), readinessGates=[{"conditionType": "example.com/ok"}])
    node.wait_for(
        "containers are ready", lambda: conditions(pods, "gated").get("ContainersReady", {}).get("status") == "True"
    )
    assert conditions(pods, "gated")["Ready"]["reason"] == "ReadinessGatesNotReady"
    patch = {"status": {"conditions": [{"type": "example.com/ok", "status": "True"}]}}
    node.kubectl("patch", "pod", "gated", "-n", pods.namespace, "--subresource=status", "-p", json.dumps(patch))
    pods.wait_ready("gated")


def test_phases_with_every_policy(node, pods):
    """As upstream's blackbox test of terminated containers: fails twice, then runs, or has ended."""
    script = "n=$(wc -c < /data/n 2>/dev/null || echo 0); echo -n x >> /data/n; [ $n -ge 1 ] && {end}; exit 1"
    mount = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volumes = [{"name": "data", "emptyDir": {}}]
    pods.create("always", container("app", script.replace("{end}", "sleep 1000"), **mount), volumes=volumes)
    pods.create("onfailure", container("app", script.replace("{end}", "exit 0"), **mount), volumes=volumes,
                restartPolicy="OnFailure")  # fmt: skip
    pods.create("never", container("app", script.replace("{end}", "exit 0"), **mount), volumes=volumes,
                restartPolicy="Never")  # fmt: skip
    expected = {"always": ("Running", 1, True), "onfailure": ("Succeeded", 1, False), "never": ("Failed", 0, False)}

    def found(name):
        return pods.phase(name), pods.status(name, "app").get("restartCount"), pods.ready(name)

    node.wait_for("all are as expected", lambda: {name: found(name) for name in expected} == expected, timeout=30)


@pytest.mark.long
def test_a_pod_that_runs_once_is_not_run_again_by_a_reboot(node, pods):
    pods.create("once", container("app", "echo x; sleep 1000"), restartPolicy="Never")
    pods.wait_ready("once")
    pods.create("kept", container("app"))
    pods.wait_ready("kept")
    node.run(["sync"])
    node.kill_power()
    pods.wait_phase("once", "Failed", timeout=60)
    ended = pods.status("once", "app")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (255, "Unknown")
    node.wait_for("the other runs again", lambda: pods.status("kept", "app").get("restartCount") == 1, timeout=60)
