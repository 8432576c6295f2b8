"""How Pods begin, go on and end."""

import ssl
import urllib.parse
from collections.abc import Iterator

import pytest
import websocket

from tests.conformance.cluster import Object
from tests.conformance.node.running import FOREVER, IMAGE, Running, container, mount, pod
from tests.node.conftest import TestNode
from tests.node.registry import PLAIN, Registry

#: Fails at first, succeeds the second time, and then goes on.
THRICE = "echo x >> /v/runs; case $(wc -l < /v/runs) in 1) exit 1;; 2) exit 0;; esac; " + FOREVER
POLICIES = {"Always": ("Running", 2, True), "OnFailure": ("Succeeded", 1, False), "Never": ("Failed", 0, False)}


def condition(found: Object, kind: str) -> Object:
    return next(entry for entry in found["status"]["conditions"] if entry["type"] == kind)


def test_policies_phases_and_counts(running: Running) -> None:
    for policy in POLICIES:
        main = container(THRICE, volumeMounts=[mount("/v")])
        volumes = [{"name": "volume", "emptyDir": {}}]
        running.start(pod(policy.lower(), main, restartPolicy=policy, volumes=volumes))
    for policy, expected in POLICIES.items():
        name = policy.lower()

        def found(name: str = name) -> tuple[str, int, bool]:
            status = running.container(name)
            return running.phase(name), status.get("restartCount", 0), status.get("ready", False)

        running.wait(lambda: found() == expected, f"{policy}: {expected}")  # noqa: B023


def initialised(running: Running, policy: str, script: str) -> None:
    steps = [container("true", "init1"), container("true", "init2")]
    running.start(pod("pod", container(script), initContainers=steps, restartPolicy=policy))


def check_steps(found: Object) -> None:
    assert condition(found, "Initialized")["status"] == "True"
    for status in found["status"]["initContainerStatuses"]:
        assert status["ready"]
        assert status["state"]["terminated"]["exitCode"] == 0


def test_init_containers_of_a_pod_that_goes_on(running: Running) -> None:
    initialised(running, "Always", FOREVER)
    running.ready("pod")
    found = running.get("pod")
    check_steps(found)
    assert "running" in found["status"]["containerStatuses"][0]["state"]


def test_init_containers_of_a_pod_that_ends(running: Running) -> None:
    initialised(running, "Never", "true")
    found = running.ended("pod")
    assert found["status"]["phase"] == "Succeeded"
    check_steps(found)


def test_failing_init_containers_hold_the_pod_back(running: Running) -> None:
    steps = [container("false", "init1"), container("true", "init2")]
    running.start(pod("pod", container(), initContainers=steps, restartPolicy="Always"))
    first = "initContainerStatuses"
    running.wait(lambda: running.container("pod", "init1", first).get("restartCount", 0) >= 2, "it is tried again")
    found = running.get("pod")
    assert found["status"]["phase"] == "Pending"
    assert condition(found, "Initialized")["status"] == "False"
    assert condition(found, "Initialized")["reason"] == "ContainersNotInitialized"
    assert condition(found, "Initialized")["message"] == "containers with incomplete status: [init1 init2]"
    for status in (found["status"][first][1], found["status"]["containerStatuses"][0]):
        assert status["state"] == {"waiting": {"reason": "PodInitializing"}}


def test_a_pod_that_always_fails_can_be_deleted(running: Running) -> None:
    running.start(pod("pod", container("false"), restartPolicy="Always"))
    running.wait(lambda: running.container("pod").get("restartCount", 0) >= 1, "it has failed")
    running.space.delete("pods", "pod")
    running.gone("pod")


def test_a_deadline_may_be_set_later(running: Running) -> None:
    running.start(pod("pod", container(), metadata={"labels": {"name": "foo"}}, activeDeadlineSeconds=300))
    assert running.space.names("pods", labelSelector="name=foo") == ["pod"]
    running.ready("pod")
    running.space.patch("pods", "pod", {"spec": {"activeDeadlineSeconds": 3}})
    found = running.ended("pod")
    assert (found["status"]["phase"], found["status"]["reason"]) == ("Failed", "DeadlineExceeded")


def test_logs_over_a_websocket(running: Running) -> None:
    running.start(pod("pod", container("echo container is alive; " + FOREVER)))
    running.ready("pod")
    settings = running.cluster.api.configuration
    context = ssl.create_default_context(cafile=settings.ssl_ca_cert)
    context.load_cert_chain(settings.cert_file, settings.key_file)
    path = running.space.path("pods", "pod", "log")
    url = f"wss://{urllib.parse.urlsplit(settings.host).netloc}{path}?container=main"
    protocols = ["binary.k8s.io"]
    connection = websocket.create_connection(url, subprotocols=protocols, sslopt={"context": context}, timeout=20)
    text = b""
    try:
        while message := connection.recv():
            text += message if isinstance(message, bytes) else message.encode()
    finally:
        connection.shutdown()
    assert text == b"container is alive\n"


def hosts(running: Running, node: TestNode, name: str, of: str) -> str:
    words = ["exec", name, "-n", running.space.name, "-c", of, "--", "cat", "/etc/hosts"]
    return node.kubectl(*words).stdout


def test_hosts_files(running: Running, node: TestNode) -> None:
    file = [{"name": "volume", "hostPath": {"path": "/etc/hosts", "type": "File"}}]
    own = container(name="own", volumeMounts=[mount("/etc/hosts")])
    running.start(
        pod("pod", container(), container(name="other"), own, volumes=file),
        pod("host", container(), own, volumes=file, hostNetwork=True),
    )
    running.ready("pod", "host")
    managed = "# Kubernetes-managed hosts file.\n"
    address = running.get("pod")["status"]["podIP"]
    for of in ("main", "other"):
        text = hosts(running, node, "pod", of)
        assert text.startswith(managed)
        assert f"{address}\tpod\n" in text
    assert hosts(running, node, "pod", "own") == node.read("/etc/hosts")
    assert managed not in hosts(running, node, "host", "main")
    assert hosts(running, node, "host", "own") == node.read("/etc/hosts")


@pytest.fixture
def reference(node: TestNode) -> Iterator[str]:
    """An image that is only in a registry."""
    registry = Registry(node)
    registry.start()
    try:
        name = f"{PLAIN}/conformance/image-volume:1"
        node.run(["podman", "tag", IMAGE, name])
        node.run(["podman", "push", "-q", "--tls-verify=false", name])
        node.run(["podman", "rmi", name])
        yield name
    finally:
        registry.stop()


def test_image_volumes(running: Running, reference: str) -> None:
    main = container("ls /v/bin/busybox && { touch /v/x 2>/dev/null || echo read-only; }", volumeMounts=[mount("/v")])
    image = {"reference": reference, "pullPolicy": "Always"}
    running.start(pod("pod", main, volumes=[{"name": "volume", "image": image}]))
    assert running.ended("pod")["status"]["phase"] == "Succeeded"
    assert running.log("pod").splitlines()[0] == "/v/bin/busybox"
    assert running.last("pod") == "read-only"
