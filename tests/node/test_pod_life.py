"""A Pod's life on a real node: start, restarts, ends."""

import pytest

from tests.node.pods import FOREVER, IMAGE, Pods, container


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def test_a_pod_is_units_and_containers_by_its_name(node, namespace, pods):
    pods.create("web-0", container("app"), container("side"))
    pods.wait_ready("web-0")
    for unit in (pods.unit("web-0"), pods.unit("web-0", "app"), pods.unit("web-0", "side")):
        assert node.run(["systemctl", "is-active", unit]).stdout.strip() == "active"
    names = node.run(["podman", "ps", "--format", "{{.Names}}"]).stdout.split()
    assert {f"{namespace}_web-0_app", f"{namespace}_web-0_side"} <= set(names)
    found = pods.get("web-0")["status"]
    assert found["podIP"].startswith("10.244.")
    assert found["containerStatuses"][0]["containerID"].startswith("podman://")
    assert {("Pulled", f'Container image "{IMAGE}" already present on machine and can be accessed by the pod'),
            ("Created", "Container created"), ("Started", "Container started")} <= pods.events("web-0")  # fmt: skip


def test_deletion_leaves_nothing(node, pods):
    pods.create("web", container("app"), initContainers=[container("prep", "true")])
    pods.wait_ready("web")
    pods.delete("web")
    assert pods.traces() == []
    assert ("Killing", "Stopping container app") in pods.events("web")


def test_forced_deletion_leaves_nothing(node, pods):
    pods.create("deaf", container("app", "trap '' TERM; sleep 1000"), terminationGracePeriodSeconds=60)
    pods.wait_ready("deaf")
    pods.delete("deaf", "--force", "--grace-period=0")
    node.wait_for("nothing is left", lambda: pods.traces() == [], timeout=10)


def test_a_deaf_container_is_killed_after_its_grace_period(node, pods):
    pods.create("deaf", container("app", "trap '' TERM; sleep 1000"), terminationGracePeriodSeconds=2)
    pods.wait_ready("deaf")
    pods.delete("deaf")
    assert pods.traces() == []


def test_crash_loop(node, pods):
    pods.create("crash", container("app", "echo gone > /dev/termination-log; exit 3"))
    node.wait_for("it is put off", lambda: pods.waiting("crash", "app") == "CrashLoopBackOff")
    found = pods.status("crash", "app")
    uid = pods.get("crash")["metadata"]["uid"]
    assert found["restartCount"] == 1  # the first restart comes at once
    text = f"back-off 10s restarting failed container=app pod=crash_{pods.namespace}({uid})"
    assert found["state"]["waiting"]["message"] == text
    ended = found["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (3, "Error", "gone\n")
    assert pods.phase("crash") == "Running"
    node.wait_for("it is tried again", lambda: pods.status("crash", "app")["restartCount"] == 2, timeout=20)


@pytest.mark.parametrize(
    ("policy", "code", "phase", "reason"),
    [
        ("Never", 0, "Succeeded", "Completed"),
        ("Never", 5, "Failed", "Error"),
        ("OnFailure", 0, "Succeeded", "Completed"),
    ],
)
def test_pods_that_end(pods, policy, code, phase, reason):
    pods.create("job", container("app", f"echo out; exit {code}"), restartPolicy=policy)
    pods.wait_phase("job", phase)
    ended = pods.status("job", "app")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (code, reason)
    assert pods.logs("job") == "out\n"


def test_a_program_that_is_not_there(node, pods):
    pods.create(
        "bad", {"name": "app", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["no-such-program"]}
    )
    node.wait_for("it is put off", lambda: pods.waiting("bad", "app") == "CrashLoopBackOff")
    ended = pods.status("bad", "app")["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert "no-such-program" in ended["message"]


def test_init_containers_run_in_order(node, pods):
    steps = [container("one", "echo 1 >> /out/log"), container("two", "echo 2 >> /out/log")]
    mount = {"volumeMounts": [{"name": "work", "mountPath": "/out"}]}
    volumes = [{"name": "work", "emptyDir": {}}]
    inits = [{**step, **mount} for step in steps]
    pods.create("staged", container("app", f"cat /out/log; {FOREVER}", **mount), initContainers=inits, volumes=volumes)
    pods.wait_ready("staged")
    node.wait_for("it has read the log", lambda: pods.logs("staged", "-c", "app") == "1\n2\n")
    assert pods.status("staged", "two", "initContainerStatuses")["state"]["terminated"]["exitCode"] == 0


def test_a_failing_init_container_holds_the_pod_back(node, pods):
    pods.create("stuck", container("app"), initContainers=[container("prep", "exit 2")])
    node.wait_for("put off", lambda: pods.waiting("stuck", "prep", "initContainerStatuses") == "CrashLoopBackOff")
    assert pods.waiting("stuck", "app") == "PodInitializing"
    assert pods.phase("stuck") == "Pending"


def test_an_init_container_that_may_not_be_retried_fails_the_pod(pods):
    pods.create("stuck", container("app"), initContainers=[container("prep", "exit 2")], restartPolicy="Never")
    pods.wait_phase("stuck", "Failed")


def test_liveness_restarts_and_readiness_does_not(node, pods):
    check = {"exec": {"command": ["cat", "/tmp/well"]}, "periodSeconds": 1, "failureThreshold": 1}
    pods.create("ill", container("app", f"touch /tmp/well; {FOREVER}", livenessProbe=check, readinessProbe=check))
    pods.wait_ready("ill")
    node.kubectl("exec", "ill", "-n", pods.namespace, "--", "rm", "/tmp/well")
    node.wait_for("it was restarted", lambda: pods.status("ill", "app").get("restartCount") == 1)
    pods.wait_ready("ill")
    assert ("Killing", "Container app failed liveness probe, will be restarted") in pods.events("ill")


def test_another_image_restarts_that_container_only(node, pods):
    node.image("other")
    pods.create("web", container("app"), container("side"))
    pods.wait_ready("web")
    side = pods.status("web", "side")["containerID"]
    node.kubectl("set", "image", "pod/web", "app=localhost/other:latest", "-n", pods.namespace)
    node.wait_for("it was restarted", lambda: pods.status("web", "app").get("restartCount") == 1)
    pods.wait_ready("web")
    assert pods.status("web", "side")["containerID"] == side
