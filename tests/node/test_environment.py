"""What containers find in their environment: variables, names, DNS; and that a change is there at the next start."""

import base64
import math

import pytest

from operators._kube import quantity
from tests.node.pods import FOREVER, Pods, container, manifest

_ODD = "#1 !\"$%&'()*+,-./:;<>?@[\\]^`{|}~"  # all that a prefix may have in it

_TRICKY = "/bin\n$HOME ${HOME} \"x\" 'y' `id` \\ \\n %n #\n"


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def read(pods, pod, *argv, of="app"):
    return pods.node.kubectl("exec", pod, "-n", pods.namespace, "-c", of, "--", *argv).stdout


def environ(pods, pod, of="app"):
    raw = base64.b64decode(read(pods, pod, "/bin/base64", "/proc/1/environ", of=of))
    return dict(entry.split(b"=", 1) for entry in raw.rstrip(b"\0").split(b"\0"))


def field(name, path):
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def amount(name, resource, divisor="0"):
    return {"name": name, "valueFrom": {"resourceFieldRef": {"resource": resource, "divisor": divisor}}}


def test_downward_fields_and_resources(node, pods):
    paths = {
        "NAME": "metadata.name",
        "NAMESPACE": "metadata.namespace",
        "UID_": "metadata.uid",
        "LABEL": "metadata.labels['app.kubernetes.io/name']",
        "NOTE": "metadata.annotations['note']",
        "NODE": "spec.nodeName",
        "ACCOUNT": "spec.serviceAccountName",
        "HOST_IP": "status.hostIP",
        "HOST_IPS": "status.hostIPs",
        "POD_IP": "status.podIP",
        "POD_IPS": "status.podIPs",
    }
    env = [field(name, path) for name, path in paths.items()]
    env += [amount("CPU", "limits.cpu"), amount("CPU_M", "requests.cpu", "1m"), amount("MEM", "limits.memory", "1Mi")]
    env += [amount("MEM_DEFAULT", "limits.ephemeral-storage"), {"name": "SUM", "value": "$(NAME)-$(CPU)-$$(CPU)-$(NO)"}]
    resources = {"requests": {"cpu": "10m"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}
    made = manifest(
        "web",
        container("app", f'echo "$0 $1"; {FOREVER}', env=env, resources=resources, args=["$(SUM)", "$$(SUM) $(NO)"]),
    )
    made["metadata"] |= {"labels": {"app.kubernetes.io/name": "shop"}, "annotations": {"note": "a\nb"}}
    pods.apply(made)
    pods.wait_ready("web")
    pod, found = pods.get("web"), {name.decode(): value.decode() for name, value in environ(pods, "web").items()}
    status = pod["status"]
    assert {name: found[name] for name in paths} == {
        "NAME": "web",
        "NAMESPACE": pods.namespace,
        "UID_": pod["metadata"]["uid"],
        "LABEL": "shop",
        "NOTE": "a\nb",
        "NODE": pod["spec"]["nodeName"],
        "ACCOUNT": "default",
        "HOST_IP": status["hostIP"],
        "HOST_IPS": ",".join(entry["ip"] for entry in status["hostIPs"]),
        "POD_IP": status["podIP"],
        "POD_IPS": status["podIP"],
    }
    assert [found[name] for name in ("CPU", "CPU_M", "MEM", "SUM")] == ["2", "10", "64", "web-2-$(CPU)-$(NO)"]
    assert pods.logs("web") == "web-2-$(CPU)-$(NO) $(SUM) $(NO)\n"
    assert found["HOSTNAME"] == "web"
    assert found["KUBERNETES_SERVICE_PORT_HTTPS"] == "443"


def test_limits_that_are_not_set_are_the_nodes(node, pods):
    env = [amount("CPU", "limits.cpu", "1m"), amount("MEM", "limits.memory"), amount("NONE", "requests.memory")]
    pods.create("web", container("app", env=env))
    pods.wait_ready("web")
    name = pods.get("web")["spec"]["nodeName"]
    allocatable = node.json("get", "node", name)["status"]["allocatable"]
    found = environ(pods, "web")
    assert found[b"CPU"].decode() == str(math.ceil(quantity.parse(allocatable["cpu"]) * 1000))
    assert found[b"MEM"].decode() == str(math.ceil(quantity.parse(allocatable["memory"])))
    assert found[b"NONE"] == b"0"


def test_command_and_arguments_of_the_image(node, pods):
    image = "localhost/greeter:latest"
    script = """
        id=$(podman create localhost/busybox:latest true)
        podman commit -q --change='ENTRYPOINT ["echo","image"]' --change='CMD ["default"]' $id localhost/greeter:latest
        podman rm $id"""
    node.run(["sh", "-c", script])
    cases = {
        "neither": ({}, "image default"),
        "args": ({"args": ["own"]}, "image own"),
        "command": ({"command": ["echo", "mine"]}, "mine"),
        "both": ({"command": ["echo", "$(A)"], "args": ["own"], "env": [{"name": "A", "value": "x y"}]}, "x y own"),
    }
    containers = [{"name": name, "image": image, "imagePullPolicy": "Never", **f} for name, (f, _) in cases.items()]
    pods.create("web", *containers, restartPolicy="Never")
    pods.wait_phase("web", "Succeeded")
    assert {name: pods.logs("web", "-c", name) for name in cases} == {
        name: f"{text}\n" for name, (_, text) in cases.items()
    }


def test_variables_from_objects(node, pods):
    encoded = base64.b64encode(b"s3cret\nline 2\n").decode()
    long = "x" * 100_000
    pods.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a.b-c": "1", "LONG": long}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"TEXT": encoded}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "raw"}, "data": {"R": "/w=="}},
    )
    sources = [
        {"configMapRef": {"name": "m"}},
        {"prefix": _ODD, "configMapRef": {"name": "m"}},
        {"prefix": "P_", "secretRef": {"name": "s"}},
        {"secretRef": {"name": "absent", "optional": True}},
    ]
    over = [
        {"name": "P_TEXT", "value": "mine"},
        {"name": "PATH", "value": _TRICKY},
        {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "TEXT"}}},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "none", "optional": True}}},
    ]
    raw = [{"name": "R", "valueFrom": {"secretKeyRef": {"name": "raw", "key": "R"}}}]
    app = {**container("app", envFrom=sources, env=over), "command": ["/bin/sh", "-c", FOREVER]}
    pods.create("web", app)
    pods.create("raw", container("app", env=raw))
    pods.wait_ready("web")
    found = environ(pods, "web")
    assert found[b"a.b-c"] == b"1"
    assert found[b"LONG"] == long.encode()
    assert found[_ODD.encode() + b"a.b-c"] == b"1"
    assert found[b"P_TEXT"] == b"mine"
    assert found[b"PATH"] == _TRICKY.encode()
    assert found[b"K"] == b"s3cret\nline 2\n"
    assert not [name for name in found if name in (b"NONE", b"TEXT") or b"UKUBE" in name]
    node.wait_for("raw waits", lambda: pods.waiting("raw", "app") == "CreateContainerConfigError")
    assert pods.status("raw", "app")["state"]["waiting"]["message"] == "variable R: the value contains invalid UTF-8"


def test_a_changed_config_map_is_read_at_the_next_start(node, pods):
    def put(color):
        pods.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"COLOR": color}})

    put("green")
    env = [{"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "COLOR"}}}]
    app = container("app", 'echo "$COLOR $0"; sleep 1; read line < /proc/uptime; exec sleep 1000', env=env)
    pods.create("web", {**app, "args": ["arg-$(COLOR)"]})
    pods.wait_ready("web")
    put("red")
    uid = pods.get("web")["metadata"]["uid"]
    path = f"/run/ukube/pods/{uid}/env/app"
    node.wait_for("the file has it", lambda: "COLOR=red" in node.read(path), timeout=5)
    # systemd starts it again by itself: the operator has no part in that.
    node.run(["systemctl", "stop", "ukube-operators"])
    try:
        node.run(["systemctl", "restart", pods.unit("web", "app")])
        logs = f"cat /var/log/pods/{pods.namespace}_web_{uid}/app/*.log"
        node.wait_for("it is started again", lambda: "red arg-red" in node.run(["sh", "-c", logs]).stdout, timeout=20)
    finally:
        node.run(["systemctl", "start", "ukube-operators"])


def test_variables_from_a_file_that_an_init_container_wrote(node, pods):
    text = "# settings\nCOLOR='green'\nTEXT='two\nlines'\n"
    init = container(
        "init", 'sleep 1; printf %s "$0" > /data/app.env', volumeMounts=[{"name": "d", "mountPath": "/data"}]
    )

    def of(name, key, **more):
        ref = {"volumeName": "d", "path": "app.env", "key": key, **more}
        return {"name": name, "valueFrom": {"fileKeyRef": ref}}

    env = [of("COLOR", "COLOR"), of("TEXT", "TEXT"), of("NONE", "NONE", optional=True)]
    volumes = [{"name": "d", "emptyDir": {}}]
    pods.create("web", container("app", env=env), initContainers=[{**init, "args": [text]}], volumes=volumes)
    pods.create("bad", container("app", env=[of("X", "COLOR")]), volumes=volumes)
    node.wait_for("bad waits", lambda: pods.waiting("bad", "app") == "CreateContainerConfigError")
    assert pods.status("bad", "app")["state"]["waiting"]["message"] == "couldn't parse env file"
    pods.wait_ready("web")
    found = environ(pods, "web")
    assert (found[b"COLOR"], found[b"TEXT"]) == (b"green", b"two\nlines")
    assert b"NONE" not in found


def test_names_and_hosts(node, pods):
    aliases = [{"ip": "192.0.2.9", "hostnames": ["db", "db.example.org"]}]
    mount = [{"name": "hosts", "mountPath": "/etc/hosts"}]
    pods.create(
        "own",
        container("app"),
        container("other", volumeMounts=mount),
        hostname="web",
        subdomain="svc",
        setHostnameAsFQDN=True,
        hostAliases=aliases,
        volumes=[{"name": "hosts", "hostPath": {"path": "/etc/hosts", "type": "File"}}],
    )
    pods.create("host", container("app"), hostNetwork=True)
    pods.create("long", container("app"), hostname="x" * 50, subdomain="svc", setHostnameAsFQDN=True)
    pods.create("other", container("app"), hostnameOverride="db.example.org")
    for name in ("own", "host", "other"):
        pods.wait_ready(name)
    full = f"web.svc.{pods.namespace}.svc.cluster.local"
    assert read(pods, "own", "hostname").strip() == full
    assert read(pods, "own", "cat", "/etc/hostname").strip() == full
    assert environ(pods, "own")[b"HOSTNAME"] == full.encode()
    hosts = read(pods, "own", "cat", "/etc/hosts")
    address = pods.get("own")["status"]["podIP"]
    assert hosts.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert hosts.endswith(f"{address}\t{full}\tweb\n\n# Entries added by HostAliases.\n192.0.2.9\tdb\tdb.example.org\n")
    theirs = node.read("/etc/hosts")
    assert read(pods, "own", "cat", "/etc/hosts", of="other") == theirs
    assert read(pods, "host", "cat", "/etc/hosts") == f"# Kubernetes-managed hosts file (host network).\n{theirs}"
    assert read(pods, "host", "hostname").strip() == node.run(["hostname"]).stdout.strip()
    assert read(pods, "other", "hostname").strip() == "db.example.org"
    assert read(pods, "other", "cat", "/etc/hosts").endswith("\tdb.example.org\n")
    told = f"FQDN {'x' * 50}.svc.{pods.namespace}.svc.cluster.local is too long"
    node.wait_for(
        "it is refused",
        lambda: any(r == "FailedCreatePodSandBox" and told in m for r, m in pods.events("long")),
    )
    assert pods.waiting("long", "app") == "ContainerCreating"


def test_dns(node, pods):
    config = {
        "nameservers": ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
        "searches": ["a.example"],
        "options": [{"name": "ndots", "value": "2"}],
    }
    pods.create("none", container("app"), dnsPolicy="None", dnsConfig=config)
    before = node.run(["cat", "/etc/resolv.conf"], check=False)
    node.write("/etc/resolv.conf", "nameserver 192.0.2.53\nsearch example.org.\noptions ndots:1 edns0\n")
    try:
        pods.create("default", container("app"), dnsPolicy="Default", dnsConfig=config)
        pods.create("cluster", container("app"))
        for name in ("none", "default", "cluster"):
            pods.wait_ready(name)
    finally:
        if before.returncode == 0:
            node.write("/etc/resolv.conf", before.stdout)
        else:
            node.run(["rm", "/etc/resolv.conf"])
    assert read(pods, "none", "cat", "/etc/resolv.conf") == (
        "search a.example\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\noptions ndots:2\n"
    )
    assert read(pods, "default", "cat", "/etc/resolv.conf") == (
        "search example.org a.example\nnameserver 192.0.2.53\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n"
        "options ndots:2 edns0\n"
    )
    cause = "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
    told = ("DNSConfigForming", cause + "192.0.2.53 192.0.2.1 192.0.2.2")
    node.wait_for("it is told", lambda: told in pods.events("default"))
    has_dns = node.kubectl("get", "service", "kube-dns", "-n", "kube-system", check=False).returncode == 0
    if not has_dns:
        text = read(pods, "cluster", "cat", "/etc/resolv.conf")
        assert text == "search example.org\nnameserver 192.0.2.53\noptions ndots:1 edns0\n"
        assert "MissingClusterDNS" in {reason for reason, _ in pods.events("cluster")}
        node.kubectl("create", "service", "clusterip", "kube-dns", "--tcp=53", "-n", "kube-system")
    try:
        address = node.json("get", "service", "kube-dns", "-n", "kube-system")["spec"]["clusterIP"]
        pods.create("served", container("app"), dnsConfig={"searches": ["a.example"]})
        pods.wait_ready("served")
    finally:
        if not has_dns:
            node.kubectl("delete", "service", "kube-dns", "-n", "kube-system")
    below = f"{pods.namespace}.svc.cluster.local svc.cluster.local cluster.local"
    text = read(pods, "served", "cat", "/etc/resolv.conf")
    assert text == f"search {below} a.example\nnameserver {address}\noptions ndots:5\n"
