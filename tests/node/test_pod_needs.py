"""What Pods need to start: images, ConfigMaps, Secrets, ports of the node."""

import base64

import pytest

from tests.node.pods import FOREVER, IMAGE, Pods, container


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def test_a_missing_image(node, pods):
    pods.create("web", {"name": "app", "image": "localhost/no-such-image"})
    node.wait_for("it is put off", lambda: pods.waiting("web", "app") == "ImagePullBackOff")
    message = pods.status("web", "app")["state"]["waiting"]["message"]
    assert message.startswith('Back-off pulling image "localhost/no-such-image": ErrImagePull: ')
    reasons = {reason for reason, _ in pods.events("web")}
    assert {"Pulling", "Failed", "BackOff"} <= reasons
    assert pods.phase("web") == "Pending"


def test_an_image_that_must_not_be_pulled(node, pods):
    pods.create("web", {"name": "app", "image": "localhost/absent", "imagePullPolicy": "Never"})
    node.wait_for("it waits", lambda: pods.waiting("web", "app") == "ErrImageNeverPull")


def test_an_image_that_is_no_name(node, pods):
    pods.create("web", {"name": "app", "image": "Not:A:Name"})
    node.wait_for("it waits", lambda: pods.waiting("web", "app") == "InvalidImageName")


def test_waits_for_a_config_map(node, pods):
    key = {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}}
    pods.create("web", container("app", f"echo $COLOR; {FOREVER}", env=[key]))
    node.wait_for("it waits", lambda: pods.waiting("web", "app") == "CreateContainerConfigError")
    assert pods.status("web", "app")["state"]["waiting"]["message"] == 'configmap "settings" not found'
    pods.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "green"}})
    pods.wait_ready("web", timeout=5)
    node.wait_for("it has printed", lambda: pods.logs("web") == "green\n")


def test_secrets_are_in_no_unit_no_log_no_command_and_no_open_file(node, pods):
    secret = "planted-4711-secret"
    data = {"password": base64.b64encode(secret.encode()).decode()}
    pods.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": data})
    env = [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}}]
    mounts = [{"name": "keys", "mountPath": "/keys"}]
    volumes = [{"name": "keys", "secret": {"secretName": "keys"}}]
    pods.create("web", container("app", env=env, volumeMounts=mounts), volumes=volumes)
    pods.wait_ready("web")
    read = node.kubectl(
        "exec", "web", "-n", pods.namespace, "--", "sh", "-c", "echo $PASSWORD; cat /keys/password"
    ).stdout
    assert read == f"{secret}\n{secret}"
    places = "/etc/systemd /var/lib/ukube/pods /var/log/pods /var/lib/ukube/libexec"
    assert node.run(["sh", "-c", f"grep -rl {secret} {places}; true"]).stdout == ""
    arguments = node.run(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]).stdout.replace(
        f"grep -rl {secret}", ""
    )
    assert secret not in arguments
    readable = node.run(
        ["sh", "-c", f"find /run/ukube -type f -perm /077 -exec grep -l {secret} {{}} + 2>/dev/null; true"]
    )
    folder = node.run(["sh", "-c", "stat -c %a /run/ukube/pods/*"]).stdout.split()
    assert readable.stdout == "" or set(folder) == {"700"}


def test_variables_of_any_shape(node, pods):
    values = {"LINES": "a\nb", "QUOTED": '"it\'s" $HOME `id` %n \\', "EMPTY": "", "EDGES": "  x  "}
    env = [{"name": name, "value": value} for name, value in values.items()]
    pods.create("web", container("app", env=env))
    pods.wait_ready("web")
    raw = node.kubectl("exec", "web", "-n", pods.namespace, "--", "base64", "/proc/1/environ").stdout
    entries = base64.b64decode(raw).decode().split("\0")
    assert [entry for entry in (f"{name}={value}" for name, value in values.items()) if entry not in entries] == []


def test_shared_volumes(node, pods):
    mount = [{"name": "shared", "mountPath": "/shared"}]
    writer = container("writer", f"echo hello > /shared/file; {FOREVER}", volumeMounts=mount)
    reader = container("reader", f"until cat /shared/file; do sleep 0.1; done; {FOREVER}", volumeMounts=mount)
    pods.create("pair", writer, reader, volumes=[{"name": "shared", "emptyDir": {"medium": "Memory"}}])
    node.wait_for("it has read", lambda: "hello" in pods.logs("pair", "-c", "reader"))
    pods.delete("pair")
    assert pods.traces() == []


def test_host_ports(node, pods):
    ports = [{"containerPort": 8080, "hostPort": 18080}]
    serve = "mkdir /tmp/w; echo here > /tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w"
    pods.create("one", container("app", serve, ports=ports))
    pods.wait_ready("one")
    address = pods.get("one")["status"]["hostIP"]
    fetch = ["curl", "-s", "--max-time", "3", f"http://{address}:18080/"]
    node.wait_for("it answers", lambda: node.run(fetch, check=False).stdout == "here\n", timeout=5)
    assert node.run(["curl", "-s", "--max-time", "3", "http://127.0.0.1:18080/"], check=False).stdout == "here\n"
    pods.create("two", container("app", serve, ports=ports))
    node.wait_for("it is not scheduled", lambda: any(reason == "FailedScheduling" for reason, _ in pods.events("two")))
    pods.delete("one")
    pods.wait_ready("two")


assert IMAGE
