"""Probes of real containers: what they find, and what follows from it."""

import pytest

from tests.node.pods import FOREVER, Pods, container, manifest

NONE_SERVING = "HTTP/1.1 302 Found\\r\\nLocation: http://elsewhere.invalid/\\r\\nContent-Length: 4\\r\\n\\r\\ngone"
# SETTINGS; HEADERS with :status 200; DATA with the status; HEADERS with grpc-status 0 that end the stream.
GRPC = (
    "\\0\\0\\0\\004\\0\\0\\0\\0\\0\\0\\0\\001\\001\\004\\0\\0\\0\\001\\210\\0\\0\\007\\0\\0\\0\\0\\0\\001\\0\\0\\0\\0\\002\\010\\00%d"
    "\\0\\0\\017\\001\\005\\0\\0\\0\\001\\0\\013grpc-status\\0010"
)


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def answering(text: str, port: int = 8080) -> str:
    """A script that answers every connection with `text`, given as printf takes it."""
    return f"printf '{text}' > /tmp/answer; trap 'exit 0' TERM; nc -ll -p {port} -e cat /tmp/answer & wait $!"


def every_second(handler: dict, **fields) -> dict:
    return {**handler, "periodSeconds": 1, **fields}


def has_event(pods: Pods, name: str, reason: str, *texts: str) -> bool:
    return any(found == reason and all(text in message for text in texts) for found, message in pods.events(name))


def wait_event(pods: Pods, name: str, reason: str, *texts: str, timeout: float = 20) -> None:
    pods.node.wait_for(f"{reason} {texts} of {name}", lambda: has_event(pods, name, reason, *texts), timeout, every=0.5)


def test_verdicts_of_every_kind_of_handler(node, pods):
    """A Pod per handler and outcome, all at once."""
    http = {"httpGet": {"port": "web", "path": "/ok"}}
    named = {"ports": [{"name": "web", "containerPort": 8080}]}
    web = "mkdir /w; echo ok > /w/ok; trap 'exit 0' TERM; httpd -f -p 8080 -h /w & wait $!"
    grpc = {"grpc": {"port": 8080, "service": "s"}}
    scripts = {
        "http": (web, http),
        "http-404": (web, {"httpGet": {"port": 8080, "path": "/none"}}),
        "http-refused": (FOREVER, http),
        "no-port": (FOREVER, {"httpGet": {"port": "other"}}),
        "redirect": (answering(NONE_SERVING), http),
        "tcp": (web, {"tcpSocket": {"port": "web"}}),
        "tcp-refused": (FOREVER, {"tcpSocket": {"port": "web"}}),
        "grpc": (answering(GRPC % 1), grpc),
        "grpc-down": (answering(GRPC % 2), grpc),
        "grpc-refused": (FOREVER, grpc),
        "exec": ("touch /tmp/ok; " + FOREVER, {"exec": {"command": ["cat", "/tmp/ok"]}}),
        "exec-fails": (FOREVER, {"exec": {"command": ["sh", "-c", "echo why; exit 3"]}}),
        "exec-late": (FOREVER, {"exec": {"command": ["sleep", "77"]}}),
        "exec-nothing": (FOREVER, {"exec": {"command": ["/no/such/program"]}}),
    }
    pods.apply(
        *(manifest(n, container("c", s, readinessProbe=every_second(h), **named)) for n, (s, h) in scripts.items())
    )
    web = container("c", "trap 'exit 0' TERM; httpd -f -p 18080 -h / & wait $!")
    web["readinessProbe"] = every_second({"httpGet": {"port": 18080, "path": "/etc/hosts"}})
    pods.create("host", web, hostNetwork=True)
    for name in ("http", "redirect", "tcp", "grpc", "exec", "host"):
        pods.wait_ready(name, timeout=60)
    at = {name: pods.get(name)["status"]["podIP"] + ":8080" for name in scripts}
    refused = "connect: connection refused"
    failed, errored = "Readiness probe failed: ", "Readiness probe errored and resulted in unknown state: "
    expected = {
        "http-404": failed + "HTTP probe failed with statuscode: 404",
        "http-refused": f'{failed}Get "http://{at["http-refused"]}/ok": dial tcp {at["http-refused"]}: {refused}',
        "no-port": errored + 'strconv.Atoi: parsing "other": invalid syntax',
        "tcp-refused": f"{failed}dial tcp {at['tcp-refused']}: {refused}",
        "grpc-down": failed + 'service unhealthy (responded with "NOT_SERVING")',
        "grpc-refused": f'{failed}timeout: failed to connect service "{at["grpc-refused"]}" within 1s: context',
        "exec-fails": failed + "why\n",
        "exec-late": failed + 'command timed out: "sleep 77" timed out after 1s',
        "exec-nothing": errored + "rpc error: code = Unknown desc = command error: ",
    }  # fmt: skip
    for name, message in expected.items():
        wait_event(pods, name, "Unhealthy", message)
        assert not pods.ready(name), name
    wait_event(
        pods, "redirect", "ProbeWarning", "Readiness probe warning: Probe terminated redirects, Response body: gone"
    )
    assert node.run(["pgrep", "-fxc", "sleep 77"], check=False).stdout.strip() in ("0", "1"), (
        "late commands stay behind"
    )


def test_a_container_that_fails_its_liveness_probe_is_killed_within_the_probes_grace(node, pods):
    stubborn = "touch /tmp/ok; (sleep 2; rm /tmp/ok) & trap '' TERM; while :; do sleep 1; done"
    gone = every_second({"exec": {"command": ["cat", "/tmp/ok"]}}, failureThreshold=1, initialDelaySeconds=1)
    again = container("c", stubborn, livenessProbe={**gone, "terminationGracePeriodSeconds": 1})
    pods.create("again", again, terminationGracePeriodSeconds=300)
    pods.create("never", again, terminationGracePeriodSeconds=300, restartPolicy="Never")
    startup = {**gone, "exec": {"command": ["false"]}, "terminationGracePeriodSeconds": 1}
    pods.create("startup", container("c", stubborn, startupProbe=startup), terminationGracePeriodSeconds=300)
    for name, kind in (("again", "liveness"), ("startup", "startup")):
        node.wait_for(f"{name} is restarted", lambda n=name: pods.status(n, "c").get("restartCount", 0) >= 1, 30)
        assert has_event(pods, name, "Killing", f"Container c failed {kind} probe, will be restarted")
        ended = pods.status(name, "c")["lastState"].get("terminated", {})
        assert (ended.get("exitCode"), ended.get("reason")) == (137, "Error")
    pods.wait_phase("never", "Failed")
    assert ("Killing", "Container c failed liveness probe") in pods.events("never")
    assert pods.status("never", "c")["restartCount"] == 0
    for name in ("again", "never", "startup"):
        pods.delete(name, "--grace-period=1")


def test_readiness_is_asked_until_the_end_and_liveness_is_not(node, pods):
    """As upstream's "should mark readiness on pods to false and disable liveness probes while … terminating"."""
    script = "touch /tmp/ok; trap 'rm /tmp/ok; sleep 6; exit 0' TERM; while :; do sleep 0.1; done"
    probe = every_second({"exec": {"command": ["cat", "/tmp/ok"]}}, failureThreshold=1)
    pods.create(
        "p", container("c", script, readinessProbe=probe, livenessProbe=probe), terminationGracePeriodSeconds=20
    )
    pods.wait_ready("p")
    node.kubectl("delete", "pod", "p", "-n", pods.namespace, "--wait=false")
    node.wait_for("not ready any more", lambda: not pods.ready("p"), 5)
    status = pods.get("p")["status"]
    assert (status["phase"], status["containerStatuses"][0]["restartCount"]) == ("Running", 0)
    node.kubectl("wait", "--for=delete", "pod/p", "-n", pods.namespace, "--timeout=20s")
    assert not has_event(pods, "p", "Killing", "failed liveness probe")


def test_startup_holds_the_others_back(node, pods):
    quick = every_second({"exec": {"command": ["test", "-e", "/tmp/up"]}}, failureThreshold=30)
    script = "sleep 3; touch /tmp/up; " + FOREVER
    never = every_second({"exec": {"command": ["test", "-e", "/tmp/up"]}}, failureThreshold=1)
    pods.create("p", container("c", script, startupProbe=quick, livenessProbe=never, readinessProbe=never))
    node.wait_for("it runs", lambda: "running" in pods.status("p", "c")["state"])
    assert pods.status("p", "c")["started"] is False
    pods.wait_ready("p")
    status = pods.status("p", "c")
    assert (status["started"], status["restartCount"]) == (True, 0)
    text = node.kubectl(
        "get",
        "--raw",
        f"/api/v1/nodes/{node.json('get', 'nodes')['items'][0]['metadata']['name']}/proxy/metrics/probes",
    ).stdout
    assert f'prober_probe_total{{container="c",namespace="{pods.namespace}",pod="p"' in text


def test_what_probes_found_is_known_after_a_restart_of_the_operator(node, pods):
    up = {"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 3000, "failureThreshold": 1}
    script = "touch /tmp/up; " + FOREVER
    pods.create("p", container("c", script, startupProbe=up, readinessProbe=up, livenessProbe=up))
    pods.wait_ready("p")
    before = pods.get("p")["status"]["conditions"]
    # Whatever is asked again from now on fails.
    node.kubectl("exec", "p", "-n", pods.namespace, "--", "rm", "/tmp/up")
    node.run(["systemctl", "restart", "ukube-operators.service"])
    pods.create("later", container("c"))
    pods.wait_ready("later")
    status = pods.status("p", "c")
    assert (status["ready"], status["started"], status["restartCount"]) == (True, True, 0)
    assert pods.get("p")["status"]["conditions"] == before
