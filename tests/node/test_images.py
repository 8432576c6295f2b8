"""Images from registries: with and without a password, by digest, from a mirror, and what is said when it fails."""

import json
import re

import pytest

from tests.node.pods import FOREVER, IMAGE, Pods, container
from tests.node.registry import FAILING, PASSWORD, PLAIN, SECURE, Registry, secret

PULLED = re.compile(
    r'Successfully pulled image "(.*)" in [0-9.ms]+ \([0-9.ms]+ including waiting\)\. Image size: \d+ bytes\.'
)


@pytest.fixture(scope="module")
def registry(node):
    made = Registry(node)
    try:
        made.start()
        made.digest = made.push(IMAGE, "team/app:v1")
        yield made
    finally:
        made.stop()
        names = node.run(["podman", "images", "--format", "{{.Repository}}:{{.Tag}}"]).stdout.split()
        node.run(["podman", "rmi", "-i", *(n for n in names if not n.startswith("localhost/"))], check=False)


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


@pytest.fixture
def account(node, pods):
    node.wait_for(
        "the service account",
        lambda: node.kubectl("get", "sa", "default", "-n", pods.namespace, check=False).returncode == 0,
    )


def app(image, **fields):
    return container("app", FOREVER, **{"image": image, **fields})


def failed(pods, name, reason="ErrImagePull"):
    pods.node.wait_for(f"{name} fails", lambda: pods.waiting(name, "app") == "ImagePullBackOff", timeout=15)
    message = pods.status(name, "app")["state"]["waiting"]["message"]
    image = pods.get(name)["spec"]["containers"][0]["image"]
    assert message.startswith(f'Back-off pulling image "{image}": {reason}: ')
    return message


def test_by_tag_and_by_digest(node, pods, registry):
    by_tag, by_digest = f"{PLAIN}/team/app:v1", f"{PLAIN}/team/app:v1@{registry.digest}"
    pods.create("tag", app(by_tag, imagePullPolicy="Always"))
    pods.create("digest", app(by_digest))
    for name, image in (("tag", by_tag), ("digest", by_digest)):
        pods.wait_ready(name)
        assert pods.status(name, "app")["imageID"].startswith(f"{PLAIN}/team/app@sha256:")
        assert pods.status(name, "app")["image"] == image
    events = pods.events("tag")
    assert ("Pulling", f'Pulling image "{by_tag}"') in events
    assert [PULLED.fullmatch(m)[1] for r, m in events if r == "Pulled" and "Success" in m] == [by_tag]


def test_an_unknown_tag(node, pods, registry):
    pods.create("web", app(f"{PLAIN}/team/app:v9"))
    assert "manifest unknown" in failed(pods, "web")
    reasons = {(reason, message) for reason, message in pods.events("web")}
    assert {("Failed", "Error: ErrImagePull"), ("Failed", "Error: ImagePullBackOff")} <= reasons
    assert ("BackOff", f'Back-off pulling image "{PLAIN}/team/app:v9"') in reasons


def test_no_registry_there(node, pods, registry):
    pods.create("web", app("127.0.0.1:5999/team/app"))
    assert "because the registry is unavailable: " in failed(pods, "web", "RegistryUnavailable")


def test_a_mirror(node, pods, registry):
    pods.create("web", app("origin.invalid/team/app:v1"))
    pods.wait_ready("web")


def test_a_password(node, pods, registry, account):
    image = f"{SECURE}/team/app:v1"
    node.run(["podman", "rmi", "-i", image], check=False)
    pods.apply(secret("good"), secret("bad", "wrong"))
    pods.create("none", app(image))
    pods.create("absent", app(image), imagePullSecrets=[{"name": "no-such"}])
    pods.create("bad", app(image), imagePullSecrets=[{"name": "bad"}])
    for name in ("none", "absent", "bad"):
        assert "authentication required" in failed(pods, name)
    assert (
        "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (no-such); attempting to pull the image may not succeed.",
    ) in pods.events("absent")
    pods.create("good", app(image), imagePullSecrets=[{"name": "good"}])
    pods.wait_ready("good")
    # It is on the node now, but for those only who may have it.
    pods.create("stranger", app(image, imagePullPolicy="Never"))
    node.wait_for("it waits", lambda: pods.waiting("stranger", "app") == "ErrImageNeverPull")
    pods.create("other", app(image))
    assert "authentication required" in failed(pods, "other")
    node.kubectl(
        "patch", "sa", "default", "-n", pods.namespace, "-p", json.dumps({"imagePullSecrets": [{"name": "good"}]})
    )
    pods.create("account", app(image))
    pods.wait_ready("account")
    present = f'Container image "{image}" already present on machine and can be accessed by the pod'
    assert ("Pulled", present) in pods.events("account")


def test_no_password_is_left_anywhere(node, pods, registry):
    pods.apply(secret("good"))
    node.run(["podman", "rmi", "-i", f"{SECURE}/team/app:v1"], check=False)
    pods.create("good", app(f"{SECURE}/team/app:v1"), imagePullSecrets=[{"name": "good"}])
    pods.wait_ready("good")
    places = "/etc/systemd /var/lib/ukube/pods /var/lib/ukube/images /run/ukube /var/log/pods"
    assert node.run(["sh", "-c", f"grep -rl {PASSWORD} {places}; true"]).stdout == ""
    journal = node.run(["sh", "-c", f"journalctl -u ukube-operators -u podman --no-pager | grep -c {PASSWORD}; true"])
    assert journal.stdout == "0\n"
    loose = node.run(["find", "/var/lib/ukube/images", "-perm", "/077"])
    assert loose.stdout == ""


def test_a_registry_that_dies_midway(node, pods, registry):
    registry.large("team/large:v1", 40_000_000)
    registry.fail(True)
    pods.create("web", app(f"{FAILING}/team/large:v1"))
    node.wait_for("it fails", lambda: pods.waiting("web", "app") in ("ErrImagePull", "ImagePullBackOff"), timeout=40)
    left = node.run(["sh", "-c", "ls -d /var/tmp/container_images_storage* 2>/dev/null; true"])
    assert left.stdout == ""
    registry.fail(False)
    pods.wait_ready("web", timeout=40)
    assert node.run(["sh", "-c", "ls /var/lib/ukube/images/pulling | wc -l"]).stdout == "0\n"
