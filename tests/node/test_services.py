"""Services that answer: real sockets between real Pods, and from the node."""

import json
import time

import pytest

from deploy.sandbox import node as sandbox
from tests.node.pods import Pods, container, manifest

# Answers on TCP and UDP with its Pod's name and who asked.
SERVER = r"""
import selectors, signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
me, chosen = socket.gethostname(), selectors.DefaultSelector()
tcp, udp = socket.create_server(("", 8080)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", 8080))
for each in (tcp, udp):
    chosen.register(each, selectors.EVENT_READ)
while True:
    for key, _ in chosen.select():
        if key.fileobj is tcp:
            client, (peer, _) = tcp.accept()
            with client:
                client.sendall(f"{me} {peer}".encode())
        else:
            _, (peer, port) = udp.recvfrom(100)
            udp.sendto(f"{me} {peer}".encode(), (peer, port))
"""
# PROTOCOL HOST PORT COUNT: one line for each connection: the answer, or the error's name. COUNT 0: until it is told to
# stop, by a file.
CLIENT = r"""
import itertools, os, socket, sys, time
protocol, host, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
for n in itertools.count(1):
    if count and n > count or os.path.exists("/srv/stop"):
        break
    time.sleep(0 if count else 0.005)
    with socket.socket(socket.AF_INET, kind) as it:
        it.settimeout(2)
        try:
            it.connect((host, port))
            if protocol == "udp":
                it.send(b"?")
            print(it.recv(100).decode(), flush=True)
        except OSError as error:
            print(type(error).__name__, flush=True)
"""


@pytest.fixture(scope="module")
def scripts(node):
    node.write("/srv/answer.py", SERVER)
    node.write("/srv/ask.py", CLIENT)


def python(name, script):
    """Runs the node's own Python in the Pod: the images are too small for one."""
    mounts = [{"name": "node", "mountPath": "/node"}]
    probe = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}
    ready = {"readinessProbe": probe} if "answer" in script else {}
    return container(name, f"exec chroot /node /usr/bin/python3 {script}", volumeMounts=mounts, **ready)


ROOT = [{"name": "node", "hostPath": {"path": "/"}}]


class World:
    """One namespace's Pods and Services."""

    def __init__(self, node, namespace):
        self.node, self.namespace, self.pods = node, namespace, Pods(node, namespace)

    def server(self, name, **labels):
        pod = manifest(name, python("app", "/srv/answer.py"), volumes=ROOT)
        pod["metadata"]["labels"] = {"app": "web", **labels}
        self.pods.apply(pod)

    def service(self, name="web", *, protocol="TCP", **spec):
        fields = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080, "protocol": protocol}], **spec}
        self.pods.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": fields})
        return self.get(name)["spec"]

    def get(self, name="web"):
        return self.node.json("get", "service", name, "-n", self.namespace)

    def ask(self, host, port, count=1, protocol="tcp", pod=None):
        """[(who answered, whom it saw)], or [(error, "")]."""
        words = ["/usr/bin/python3", "/srv/ask.py", protocol, host, str(port), str(count)]
        if pod:
            words = ["kubectl", "exec", "-n", self.namespace, pod, "--", "chroot", "/node", *words]
        lines = self.node.run(words).stdout.splitlines()
        return [(*line.split(), "")[:2] for line in lines]

    def names(self, *args, **options):
        return {name for name, _ in self.ask(*args, **options)}

    def until(self, what, host, port, expected, **options):
        self.node.wait_for(what, lambda: self.names(host, port, 10, **options) == expected, timeout=20)

    def address(self, pod):
        return self.pods.get(pod)["status"]["podIP"]


@pytest.fixture(scope="module")
def world(node, scripts):
    node.kubectl("create", "namespace", "services")
    world = World(node, "services")
    for name in ("one", "two"):
        world.server(name)
    for name in ("one", "two"):
        world.pods.wait_ready(name, 60)
    yield world
    node.kubectl("delete", "namespace", "services", "--timeout=60s", timeout=70)


@pytest.fixture
def own(node):
    """The node's address."""
    entries = node.json("get", "nodes")["items"][0]["status"]["addresses"]
    return next(entry["address"] for entry in entries if entry["type"] == "InternalIP")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_cluster_ip_leads_to_every_endpoint(world, protocol):
    spec = world.service(f"plain-{protocol}", protocol=protocol.upper())
    world.until("both answer the node", spec["clusterIP"], 80, {"one", "two"}, protocol=protocol)
    seen = world.ask(spec["clusterIP"], 80, 20, protocol, pod="one")
    assert {name for name, _ in seen} == {"one", "two"}
    # Who asks is seen as it is, but for a Pod that asks itself.
    assert {peer for name, peer in seen if name == "two"} == {world.address("one")}


def test_a_node_port_answers_at_each_of_the_nodes_addresses(world, own):
    port = world.service("ported", type="NodePort")["ports"][0]["nodePort"]
    for address in (own, "127.0.0.1", "10.244.0.1"):
        world.until(f"both answer at {address}", address, port, {"one", "two"})
    assert world.names(own, port, 10, pod="one") == {"one", "two"}


def test_a_client_keeps_its_endpoint_until_affinity_is_switched_off(node, world):
    spec = world.service("sticky", sessionAffinity="ClientIP")
    node.wait_for("it answers", lambda: world.names(spec["clusterIP"], 80) <= {"one", "two"})
    first = world.names(spec["clusterIP"], 80, 10)
    assert len(first) == 1
    world.service("unrelated")
    node.wait_for("rules were changed", lambda: world.names(world.get("unrelated")["spec"]["clusterIP"], 80) != set())
    assert world.names(spec["clusterIP"], 80, 10) == first
    world.service("sticky", sessionAffinity="None")
    world.until("both answer", spec["clusterIP"], 80, {"one", "two"})


def test_affinity_ends(node, world):
    config = {"clientIP": {"timeoutSeconds": 1}}
    spec = world.service("fickle", sessionAffinity="ClientIP", sessionAffinityConfig=config)
    node.wait_for("it answers", lambda: world.names(spec["clusterIP"], 80) <= {"one", "two"})
    found = set()

    def after_a_while():
        time.sleep(1.1)
        found.update(world.names(spec["clusterIP"], 80))
        return found == {"one", "two"}

    node.wait_for("another one answers", after_a_while, timeout=40)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_without_endpoints_the_answer_is_no(node, world, own, protocol):
    spec = world.service(f"empty-{protocol}", protocol=protocol.upper(), type="NodePort", selector={"app": "none"})
    refused = [("ConnectionRefusedError", "")]
    # The kernel tells a program of its own at once, in other words, that its datagram may not leave.
    here = refused if protocol == "tcp" else [("PermissionError", "")]
    node.wait_for("refused", lambda: world.ask(spec["clusterIP"], 80, 1, protocol) == here)
    assert world.ask(spec["clusterIP"], 80, 1, protocol, pod="one") == refused
    assert world.ask(own, spec["ports"][0]["nodePort"], 1, protocol, pod="one") == refused
    began = time.monotonic()
    assert world.ask(spec["clusterIP"], 81, 1, protocol) == here  # a port that it does not have
    assert time.monotonic() - began < 1.5


def test_a_pod_reaches_itself_through_its_service(node, world):
    spec = world.service("self", selector={"app": "web", "only": "me"})
    node.kubectl("label", "pod", "one", "only=me", "-n", world.namespace)
    world.until("one answers", spec["clusterIP"], 80, {"one"})
    assert world.names(spec["clusterIP"], 80, 5, pod="one") == {"one"}
    assert world.names(spec["clusterIP"], 80, 5, pod="two") == {"one"}


def test_one_port_with_two_protocols(world):
    ports = [
        {"name": "t", "port": 80, "targetPort": 8080, "protocol": "TCP"},
        {"name": "u", "port": 80, "targetPort": 8080, "protocol": "UDP"},
    ]
    spec = world.service("both", ports=ports)
    for protocol in ("tcp", "udp"):
        world.until("both answer", spec["clusterIP"], 80, {"one", "two"}, protocol=protocol)


def test_a_service_changes_its_type(node, world, own):
    world.service("moving", type="ExternalName", externalName="example.com", ports=None, selector=None)
    ports = [{"port": 80, "targetPort": 8080}]
    world.service("moving", type="NodePort", externalName=None, ports=ports)
    spec = world.get("moving")["spec"]
    world.until("both answer", own, spec["ports"][0]["nodePort"], {"one", "two"})
    change = {"spec": {"type": "ExternalName", "externalName": "example.com", "clusterIP": None, "clusterIPs": None}}
    node.kubectl("patch", "service", "moving", "-n", world.namespace, "--type=merge", "-p", json.dumps(change))
    dead = {"ConnectionRefusedError", "TimeoutError"}
    node.wait_for("nothing answers", lambda: world.names(own, spec["ports"][0]["nodePort"]) <= dead)


def test_endpoints_that_a_user_writes(world):
    spec = world.service("written", selector=None)
    slices = [
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": f"written-{name}", "labels": {"kubernetes.io/service-name": "written"}},
            "addressType": "IPv4",
            "ports": [{"port": 8080, "protocol": "TCP", "name": ""}],
            "endpoints": [{"addresses": [world.address(name)]}],
        }
        for name in ("one", "two")
    ]
    world.pods.apply(*slices)
    world.until("both answer", spec["clusterIP"], 80, {"one", "two"})


def test_a_client_of_a_node_port_keeps_its_endpoint(node, world, own):
    port = world.service("ported-sticky", type="NodePort", sessionAffinity="ClientIP")["ports"][0]["nodePort"]
    node.wait_for("it answers", lambda: world.names(own, port) <= {"one", "two"})
    assert len(world.names(own, port, 10)) == 1
    assert len(world.names(own, port, 10, pod="one")) == 1


def test_external_ips(world):
    world.service("outer", externalIPs=["203.0.113.7"])
    world.until("both answer", "203.0.113.7", 80, {"one", "two"})
    assert world.names("203.0.113.7", 80, 10, pod="two") == {"one", "two"}


def test_a_load_balancer_is_the_node_and_ports_are_taken_once(node, world, own):
    def ingress(name):
        return world.get(name)["status"].get("loadBalancer", {}).get("ingress")

    ports = [{"port": 8081, "targetPort": 8080}]
    world.service("balanced", type="LoadBalancer", ports=ports)
    node.wait_for("an address", lambda: ingress("balanced") == [{"ip": own, "ipMode": "VIP"}])
    world.until("both answer", own, 8081, {"one", "two"})
    assert ("EnsuredLoadBalancer", "Ensured load balancer") in world.pods.events("balanced")
    world.service("late", type="LoadBalancer", ports=ports)
    node.wait_for("a condition", lambda: world.get("late")["status"].get("conditions"))
    assert ingress("late") is None
    text = "port 8081/TCP is already used by the LoadBalancer Service services/balanced"
    assert world.get("late")["status"]["conditions"][0]["message"] == text
    node.wait_for(
        "an Event", lambda: any(reason == "SyncLoadBalancerFailed" for reason, _ in world.pods.events("late"))
    )
    world.service("elsewhere", type="LoadBalancer", loadBalancerClass="example.com/other")
    world.service("ssh", type="LoadBalancer", ports=[{"port": 6443, "targetPort": 8080}])
    node.wait_for("a condition", lambda: world.get("ssh")["status"].get("conditions"))
    node.kubectl("delete", "service", "balanced", "-n", world.namespace)
    node.wait_for("the next one has it", lambda: ingress("late") == [{"ip": own, "ipMode": "VIP"}])
    assert "conditions" not in world.get("late")["status"]
    assert ingress("elsewhere") is None
    world.service("late", type="LoadBalancer", ports=ports, loadBalancerSourceRanges=["198.51.100.0/24"])
    node.wait_for("kept out", lambda: world.ask(own, 8081, 1, pod="two") == [("TimeoutError", "")])


def test_a_udp_client_that_never_stops_is_led_to_the_next_endpoint(node, world):
    spec = world.service("cycle", protocol="UDP", selector={"app": "web", "turn": "now"})
    node.kubectl("label", "pod", "one", "turn=now", "-n", world.namespace)
    talk = f"""
import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
s.connect(("{spec["clusterIP"]}", 80))
while not os.path.exists("/srv/stop"):
    time.sleep(0.2)
    try:
        s.send(b"?"); print(s.recv(100).decode().split()[0], flush=True)
    except OSError as error: print(type(error).__name__, flush=True)
"""
    world.until("one answers", spec["clusterIP"], 80, {"one"}, protocol="udp")
    client = node.popen(["/usr/bin/python3", "-c", talk])
    try:
        assert client.stdout.readline() == "one\n"
        node.kubectl("label", "pod", "one", "turn-", "-n", world.namespace)
        node.kubectl("label", "pod", "two", "turn=now", "-n", world.namespace)
        until = time.monotonic() + 15
        while (line := client.stdout.readline()) != "two\n":
            assert time.monotonic() < until and line
    finally:
        node.run(["touch", "/srv/stop"])
        client.communicate()
        node.run(["rm", "/srv/stop"])


def test_a_rollout_loses_no_connection(node, world):
    template = manifest("x", python("app", "/srv/answer.py"), volumes=ROOT)["spec"]
    # Nobody is led to it any more before it ends.
    template["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 5}}}
    template["terminationGracePeriodSeconds"] = 15
    labels = {"app": "rolled"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "rolled"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": template},
        },
    }
    world.pods.apply(deployment)
    node.kubectl("rollout", "status", "deployment/rolled", "-n", world.namespace, "--timeout=60s", timeout=70)
    spec = world.service("rolled", selector=labels)
    node.wait_for("it answers", lambda: all(n.startswith("rolled-") for n in world.names(spec["clusterIP"], 80)))
    client = node.popen(["/usr/bin/python3", "/srv/ask.py", "tcp", spec["clusterIP"], "80", "0"])
    try:
        node.kubectl("rollout", "restart", "deployment/rolled", "-n", world.namespace)
        node.kubectl("rollout", "status", "deployment/rolled", "-n", world.namespace, "--timeout=60s", timeout=70)
    finally:
        node.run(["touch", "/srv/stop"])
        output = client.communicate()[0].splitlines()
        node.run(["rm", "/srv/stop"])
    who = {line.split()[0] for line in output if line}
    assert len(output) > 100
    assert all(name.startswith("rolled-") for name in who), who
    assert len(who) >= 3


def test_services_answer_after_a_boot_without_operators(node, world):
    spec = world.service("kept")
    world.until("both answer", spec["clusterIP"], 80, {"one", "two"})
    off = "/etc/systemd/system/ukube-operators.service.d/off.conf"
    node.write(off, "[Unit]\nConditionPathExists=/nowhere\n")
    try:
        sandbox.reboot(node.node)
        node.wait_for("it is up", lambda: node.run(["systemctl", "is-active", "ukube.target"], check=False).stdout)
        world.until("both answer", spec["clusterIP"], 80, {"one", "two"})
        assert node.run(["systemctl", "is-active", "ukube-operators"], check=False).stdout == "inactive\n"
    finally:
        node.run(["rm", off])
        node.run(["systemctl", "daemon-reload"])
        node.run(["systemctl", "start", "ukube-operators"])
    world.service("kept", selector={"app": "none"})
    node.wait_for("refused", lambda: world.names(spec["clusterIP"], 80) == {"ConnectionRefusedError"}, timeout=60)


def test_tables_of_others_are_left_alone(node, world):
    node.run(["nft", "-f", "-"], input="table inet foreign { chain x { counter; }\n}\n")
    before = node.run(["nft", "list", "table", "inet", "foreign"]).stdout
    spec = world.service("beside")
    world.until("both answer", spec["clusterIP"], 80, {"one", "two"})
    assert node.run(["nft", "list", "table", "inet", "foreign"]).stdout == before
    node.run(["nft", "delete", "table", "inet", "foreign"])


def test_rules_that_are_refused_leave_the_old_ones(node, world):
    spec = world.service("steady")
    world.until("both answer", spec["clusterIP"], 80, {"one", "two"})
    node.run(["sh", "-c", "printf '#!/bin/sh\\nexit 1\\n' > /usr/local/sbin/nft; chmod +x /usr/local/sbin/nft"])
    try:
        later = world.service("later")
        told = "SyncServiceRulesFailed"
        node.wait_for("an Event", lambda: told in json.dumps(node.json("get", "events", "-n", "default")))
        assert world.names(spec["clusterIP"], 80, 10) == {"one", "two"}
    finally:
        node.run(["rm", "/usr/local/sbin/nft"])
    world.until("it is tried again", later["clusterIP"], 80, {"one", "two"})
