"""Init containers, sidecars, ephemeral containers, restart rules and messages on a real node."""

import pytest

from tests.node.pods import FOREVER, IMAGE, Pods, container


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def sidecar(name, script=FOREVER, **fields):
    return container(name, script, restartPolicy="Always", **fields)


def started_at(pods, pod, name, kind="containerStatuses"):
    return pods.status(pod, name, kind)["state"]["running"]["startedAt"]


def finished_at(entry):
    return (entry["state"].get("terminated") or entry["lastState"]["terminated"])["finishedAt"]


def test_a_sidecar_gates_what_comes_after_it_by_its_startup_probe(node, pods):
    probe = {"exec": {"command": ["cat", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 30}
    mesh = sidecar("mesh", f"sleep 3; touch /tmp/up; {FOREVER}", startupProbe=probe)
    pods.create("gated", container("app"), initContainers=[mesh, container("after", "true")])
    node.wait_for(
        "the sidecar runs", lambda: pods.status("gated", "mesh", "initContainerStatuses")["state"].get("running")
    )
    assert pods.status("gated", "mesh", "initContainerStatuses")["started"] is False
    assert pods.waiting("gated", "after", "initContainerStatuses") == "PodInitializing"
    pods.wait_ready("gated")
    ended = pods.status("gated", "after", "initContainerStatuses")["state"]["terminated"]
    assert ended["startedAt"] >= started_at(pods, "gated", "mesh", "initContainerStatuses")


def test_sidecars_are_ended_after_the_others_in_reverse_order(node, pods):
    mark = "trap 'read t rest < /proc/uptime; echo $t > /log/{0}; exit 0' TERM; while :; do sleep 1000 & wait $!; done"
    mount = {"volumeMounts": [{"name": "log", "mountPath": "/log"}]}
    where = f"/tmp/{pods.namespace}"
    node.run(["mkdir", "-m", "777", where])
    pods.create(
        "stack",
        container("app", mark.format("app"), **mount),
        initContainers=[sidecar("one", mark.format("one"), **mount), sidecar("two", mark.format("two"), **mount)],
        volumes=[{"name": "log", "hostPath": {"path": where}}],
        terminationGracePeriodSeconds=10,
    )
    pods.wait_ready("stack")
    pods.delete("stack")
    times = {name: float(node.read(f"{where}/{name}")) for name in ("app", "two", "one")}
    assert times["app"] < times["two"] < times["one"]


def test_sidecars_of_a_pod_that_is_done_are_ended_and_do_not_count(node, pods):
    mesh = sidecar("mesh", FOREVER.replace("exit 0", "exit 9"))
    pods.create("job", container("app", "exit 0"), initContainers=[mesh], restartPolicy="Never")
    pods.wait_phase("job", "Succeeded")
    mesh = pods.status("job", "mesh", "initContainerStatuses")
    assert mesh["state"]["terminated"]["exitCode"] == 9
    conditions = {c["type"]: (c["status"], c.get("reason")) for c in pods.get("job")["status"]["conditions"]}
    assert conditions["Ready"] == ("False", "PodCompleted")
    assert conditions["PodReadyToStartContainers"][0] == "False"


def test_a_sidecar_that_is_killed_comes_back_alone(node, pods):
    pods.create("web", container("app"), initContainers=[sidecar("mesh")])
    pods.wait_ready("web")
    app = pods.status("web", "app")["containerID"]
    uid = pods.get("web")["metadata"]["uid"]
    node.run(["kill", "-9", node.read(f"/run/ukube/pods/{uid}/mesh.pid").strip()])
    node.wait_for("it is back", lambda: pods.status("web", "mesh", "initContainerStatuses").get("restartCount") == 1)
    pods.wait_ready("web")
    assert pods.status("web", "app")["containerID"] == app
    assert pods.phase("web") == "Running"


def test_rules_restart_a_container_that_its_policy_would_not(node, pods):
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
    script = "n=$(cat /log/n 2>/dev/null || echo 0); echo $((n + 1)) > /log/n; [ $n -ge 1 ] && exit 7; exit 42"
    mount = {"volumeMounts": [{"name": "log", "mountPath": "/log"}]}
    pods.create(
        "ruled", container("app", script, restartPolicy="Never", restartPolicyRules=rules, **mount),
        volumes=[{"name": "log", "emptyDir": {}}], restartPolicy="Always",
    )  # fmt: skip
    pods.wait_phase("ruled", "Failed")
    found = pods.status("ruled", "app")
    assert (found["restartCount"], found["state"]["terminated"]["exitCode"]) == (1, 7)
    assert found["lastState"]["terminated"]["exitCode"] == 42


def test_ephemeral_containers(node, pods):
    pods.create("web", container("app"))
    pods.wait_ready("web")
    for name in ("debug", "again"):
        script = "ps; exit 3" if name == "debug" else FOREVER
        words = ["debug", "web", "-n", pods.namespace, "-c", name, f"--image={IMAGE}", "--target=app", "--quiet"]
        node.kubectl(*words, "--image-pull-policy=IfNotPresent", "--profile=general", "--", "sh", "-c", script)
    kind = "ephemeralContainerStatuses"
    node.wait_for("the first has ended", lambda: "terminated" in pods.status("web", "debug", kind)["state"])
    assert pods.status("web", "debug", kind)["state"]["terminated"]["exitCode"] == 3
    assert "trap" in pods.logs("web", "-c", "debug")  # it sees the processes of its target
    node.wait_for("the second runs", lambda: "running" in pods.status("web", "again", kind)["state"])
    assert (pods.ready("web"), pods.phase("web")) == (True, "Running")
    node.run(["systemctl", "restart", "ukube-operators.service"], timeout=90)
    node.wait_for("it is not started again", lambda: "terminated" in pods.status("web", "debug", kind)["state"])
    assert pods.status("web", "debug", kind)["restartCount"] == 0
    pods.delete("web")
    assert pods.traces() == []


@pytest.mark.parametrize(
    ("script", "fields", "message"),
    [
        ("echo -n DONE > /dev/termination-custom-log", {"terminationMessagePath": "/dev/termination-custom-log",
         "securityContext": {"runAsUser": 1000}}, "DONE"),
        ("echo -n DONE; exit 1", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "DONE"),
        ("echo -n DONE", {"terminationMessagePolicy": "FallbackToLogsOnError"}, None),
        ("echo -n OK > /dev/termination-log; exit 1", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "OK"),
        ("head -c 9000 /dev/zero | tr '\\0' x > /dev/termination-log; echo -n end >> /dev/termination-log", {}, 4096),
    ],
)  # fmt: skip
def test_termination_messages(pods, script, fields, message):
    pods.create("talk", container("app", script, **fields), restartPolicy="Never")
    pods.wait_phase("talk", "Failed" if "exit 1" in script else "Succeeded")
    found = pods.status("talk", "app")["state"]["terminated"].get("message")
    if isinstance(message, int):
        assert (len(found), found[-3:]) == (message, "end")
    else:
        assert found == message


def test_the_message_of_an_init_container_that_succeeded(pods):
    pods.create("talk", container("app"), initContainers=[container("prep", "echo -n ready > /dev/termination-log")])
    pods.wait_ready("talk")
    assert pods.status("talk", "prep", "initContainerStatuses")["state"]["terminated"]["message"] == "ready"


def test_a_debugging_session(node, pods):
    pods.create("web", container("app"))
    pods.wait_ready("web")
    words = ["debug", "-i", "web", "-n", pods.namespace, f"--image={IMAGE}", "--image-pull-policy=IfNotPresent", "-q"]
    found = node.kubectl(*words, "--target=app", "--profile=general", "--", "sh", input="echo $((6 * 7))\nexit\n")
    assert "42" in found.stdout
