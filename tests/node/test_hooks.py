"""Lifecycle hooks of real containers."""

import pytest

from tests.node.pods import FOREVER, Pods, container, manifest

WEB = "mkdir /w; echo 1 > /w/started; trap 'exit 0' TERM; httpd -vv -f -p 8080 -h /w & wait $!"


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def hooks(**lifecycle) -> dict:
    return {"lifecycle": lifecycle}


def test_hooks_by_http_reach_another_pod(node, pods):
    """As upstream's "should execute poststart http hook properly" and "prestop http hook"."""
    pods.create("server", container("c", WEB))
    pods.wait_ready("server")
    host = pods.get("server")["status"]["podIP"]
    headers = [{"name": "X-Secret", "value": "hidden-value"}]
    to = {"host": host, "port": 8080, "httpHeaders": headers}
    life = hooks(
        postStart={"httpGet": {**to, "path": "/started?by=hook"}}, preStop={"httpGet": {**to, "path": "/ended"}}
    )
    pods.create("p", container("c", FOREVER, **life))
    pods.wait_ready("p")
    assert "url:/started" in pods.logs("server")
    assert "/ended" not in pods.logs("server")
    text = node.run(["sh", "-c", f"cat /etc/systemd/system/{pods.unit('p', 'c')}; ps axww"]).stdout
    assert "hidden-value" not in text
    pods.delete("p")
    node.wait_for("the preStop hook", lambda: "/ended" in pods.logs("server"), 5)
    assert not any(reason.startswith("Failed") for reason, _ in pods.events("p"))


def test_a_pre_stop_hook_by_http_without_the_operator(node, pods):
    pods.create("server", container("c", WEB))
    pods.wait_ready("server")
    host = pods.get("server")["status"]["podIP"]
    life = hooks(preStop={"httpGet": {"host": host, "port": 8080, "path": "/bye"}})
    pods.create("p", container("c", FOREVER, **life))
    pods.wait_ready("p")
    node.run(["systemctl", "stop", "ukube-operators.service"])
    try:
        node.run(["systemctl", "stop", pods.unit("p", "c")])
        logs = node.run(["sh", "-c", f"cat /var/log/pods/{pods.namespace}_server_*/c/*"]).stdout
        assert "/bye" in logs
    finally:
        node.run(["systemctl", "start", "ukube-operators.service"])


def test_hooks_that_fail(node, pods):
    fails = {"exec": {"command": ["false"]}}
    nobody = {"httpGet": {"port": 1}}
    pods.apply(
        manifest("start", container("c", FOREVER, **hooks(postStart=fails, preStop=fails))),
        manifest("start-http", container("c", FOREVER, **hooks(postStart=nobody)), restartPolicy="Never"),
        manifest("stop", container("c", FOREVER, **hooks(preStop=fails))),
        manifest("stop-http", container("c", FOREVER, **hooks(preStop=nobody))),
        manifest("stop-late", container("c", FOREVER, **hooks(preStop={"exec": {"command": ["sleep", "600"]}}))),
    )
    for name in ("stop", "stop-http", "stop-late"):
        pods.wait_ready(name)
    node.kubectl("delete", "pod", "stop", "stop-http", "stop-late", "-n", pods.namespace, "--timeout=30s")
    failed = ("FailedPreStopHook", "PreStopHook failed")
    for name in ("stop", "stop-http"):
        node.wait_for(f"Event of {name}", lambda n=name: failed in pods.events(n), 5)
    assert failed not in pods.events("stop-late")
    pods.wait_phase("start-http", "Succeeded")  # as it says itself when it is told to end
    node.wait_for("a restart", lambda: pods.status("start", "c").get("restartCount", 0) >= 1)
    for name in ("start", "start-http"):
        events = pods.events(name)
        assert ("FailedPostStartHook", "PostStartHook failed") in events
        assert ("Killing", "FailedPostStartHook") in events
        assert ("Started", "Container started") in events
    assert failed in pods.events("start")
    assert failed not in pods.events("start-http")


def test_https_hooks_fall_back_to_http(node, pods):
    """As upstream, where a server speaks HTTP only."""
    pods.create("server", container("c", WEB))
    pods.wait_ready("server")
    host = pods.get("server")["status"]["podIP"]
    to = {"host": host, "port": 8080, "path": "/plain", "scheme": "HTTPS"}
    pods.create("p", container("c", FOREVER, **hooks(postStart={"httpGet": to})))
    pods.wait_ready("p")
    text = f"request to HTTPS lifecycle hook {host}:8080 got HTTP response, retry with HTTP succeeded"
    node.wait_for("the Event", lambda: ("LifecycleHTTPFallback", text) in pods.events("p"), 5)
