"""The kubelet endpoint of a real node: figures, rights, and streams that carry a lot."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import IMAGE, Pods, container

MEGABYTES = 100


@pytest.fixture(scope="module")
def pods(node: TestNode) -> Iterator[Pods]:
    node.kubectl("create", "namespace", "endpoint")
    made = Pods(node, "endpoint")
    busy = (
        "trap 'exit 0' TERM; echo hello; while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.05; done"
    )
    made.create("main", container("c", busy), volumes=[{"name": "v", "emptyDir": {}}])
    made.wait_ready("main")
    yield made
    node.kubectl("delete", "namespace", "endpoint", "--timeout=60s", check=False, timeout=70)


def raw(node: TestNode, path: str) -> str:
    return node.kubectl("get", "--raw", f"/api/v1/nodes/{node.name}/proxy{path}").stdout


def test_summary(node: TestNode, pods: Pods) -> None:
    found = json.loads(raw(node, "/stats/summary"))
    assert found["node"]["nodeName"] == node.name
    assert found["node"]["cpu"]["usageCoreNanoSeconds"] > 0
    assert found["node"]["memory"]["availableBytes"] > 0
    assert found["node"]["fs"]["capacityBytes"] > found["node"]["fs"]["availableBytes"] > 0
    pod = next(pod for pod in found["pods"] if pod["podRef"]["name"] == "main")
    assert pod["podRef"]["uid"] == pods.get("main")["metadata"]["uid"]
    assert pod["network"]["name"] == "eth0"
    (used,) = pod["containers"]
    assert used["cpu"]["usageNanoCores"] > 1_000_000
    assert used["memory"]["workingSetBytes"] > 0
    assert used["logs"]["usedBytes"] > 0
    only = json.loads(raw(node, "/stats/summary?only_cpu_and_memory=true"))
    assert "fs" not in only["node"] and "network" not in only["pods"][0]


def test_metrics_pages(node: TestNode, pods: Pods) -> None:
    resource = raw(node, "/metrics/resource")
    line = next(li for li in resource.splitlines() if li.startswith("container_cpu_usage_seconds_total{"))
    assert 'container="c",namespace="endpoint",pod="main"' in line and float(line.split()[-2]) > 0
    assert "resource_scrape_error 0" in resource
    assert 'container_network_receive_bytes_total{container="",id="/kubepods' in raw(node, "/metrics/cadvisor")
    assert f'kubelet_node_name{{node="{node.name}"}} 1' in raw(node, "/metrics")
    assert json.loads(raw(node, "/configz"))["kubeletconfig"]["cgroupDriver"] == "systemd"
    assert [p["metadata"]["name"] for p in json.loads(raw(node, "/pods"))["items"]] == ["main"]
    assert json.loads(raw(node, "/runningpods/"))["items"][0]["spec"]["containers"][0]["name"] == "c"
    assert '<a href="pods/">pods/</a>' in raw(node, "/logs/")
    assert "Started ukube-operators" in raw(node, "/logs/?query=ukube-operators&pattern=Started&boot=0")


def test_a_service_account_reads_what_its_role_allows(node: TestNode, pods: Pods) -> None:
    node.kubectl("create", "serviceaccount", "scraper", "-n", "endpoint")
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "scraper"}}
    rule = {"apiGroups": [""], "resources": ["nodes/metrics", "nodes/healthz"], "verbs": ["get"]}
    node.apply(json.dumps({**role, "rules": [rule]}))
    node.kubectl(
        "create", "clusterrolebinding", "scraper", "--clusterrole=scraper", "--serviceaccount=endpoint:scraper"
    )
    token = node.kubectl("create", "token", "scraper", "-n", "endpoint").stdout.strip()
    try:
        for path, code in [("metrics/resource", "200"), ("healthz", "200"), ("pods", "403"), ("stats/summary", "403")]:
            config = f'header = "Authorization: Bearer {token}"\n'
            argv = [
                "curl",
                "-sk",
                "-K",
                "-",
                "-o",
                "/root/body",
                "-w",
                "%{http_code}",
                f"https://127.0.0.1:10250/{path}",
            ]
            assert node.run(argv, input=config).stdout == code, path
        assert node.read("/root/body").startswith("Forbidden (user=system:serviceaccount:endpoint:scraper, verb=get")
        assert node.run(["curl", "-sk", "https://127.0.0.1:10250/metrics"]).stdout == "Unauthorized"
    finally:
        node.kubectl("delete", "clusterrolebinding/scraper", "clusterrole/scraper")


@pytest.mark.parametrize("websocket", [True, False], ids=["websocket", "spdy"])
def test_a_hundred_megabytes_each_way(node: TestNode, pods: Pods, websocket: bool) -> None:
    """Out of the container, into it, and through it."""
    node.run(["sh", "-c", f"[ -s /root/big ] || head -c {MEGABYTES}000000 /dev/urandom > /root/big"])
    wanted = node.run(["md5sum", "/root/big"]).stdout.split()[0]
    env = f"KUBECTL_REMOTE_COMMAND_WEBSOCKETS={str(websocket).lower()}"
    run = f"{env} kubectl exec -i -n endpoint main --"
    script = f"{run} sh -c 'cat > /tmp/big; md5sum < /tmp/big' < /root/big; {run} cat /tmp/big < /dev/null | md5sum"
    done = node.run(["sh", "-c", script], timeout=120)
    assert [line.split()[0] for line in done.stdout.splitlines()] == [wanted, wanted], done.stderr


def test_copies_both_ways(node: TestNode, pods: Pods) -> None:
    node.run(
        [
            "sh",
            "-c",
            "mkdir -p /root/tree/a/b && seq 300000 > /root/tree/a/b/numbers && ln -sf numbers /root/tree/a/b/l",
        ]
    )
    node.kubectl("cp", "/root/tree", "endpoint/main:/tmp/tree")
    node.kubectl("cp", "endpoint/main:/tmp/tree", "/root/tree-back")
    text = "".join(f"{n}\n" for n in range(1, 300_001))
    assert (
        hashlib.md5(node.read("/root/tree-back/a/b/numbers").encode()).digest() == hashlib.md5(text.encode()).digest()
    )


def test_many_connections_through_one_port_forward(node: TestNode, namespace: str) -> None:
    pods = Pods(node, namespace)
    served = "mkdir /tmp/www; head -c 3000000 /dev/zero > /tmp/www/zero; httpd -f -p 8080 -h /tmp/www"
    pods.apply({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [
            {"name": "c", "image": IMAGE, "imagePullPolicy": "Never", "command": ["sh", "-c", served]}]},
    })  # fmt: skip
    pods.wait_ready("web")
    forward = node.popen(["kubectl", "port-forward", "-n", namespace, "pod/web", "18080:8080"])
    try:
        assert forward.stdout is not None
        assert "Forwarding" in forward.stdout.readline()
        get = "for i in $(seq 30); do curl -s -m 20 http://127.0.0.1:18080/zero | wc -c & done; wait"
        assert node.run(["sh", "-c", get]).stdout.split() == ["3000000"] * 30
    finally:
        node.run(["pkill", "--full", f"^kubectl port-forward -n {namespace}"], check=False)
        forward.communicate(timeout=10)


def test_logs_of_a_container_over_a_websocket(node: TestNode, pods: Pods) -> None:
    """Pods should support retrieving logs from the container over websockets: GET …/log as an upgrade."""
    script = """
import asyncio, aiohttp, ssl, base64, sys, json
config = json.load(open("/var/lib/ukube/apiserver/admin.kubeconfig"))
cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
async def main():
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    for name in ("certificate", "key"):
        open(f"/root/client.{name}", "wb").write(base64.b64decode(user[f"client-{name}-data"]))
    context.load_cert_chain("/root/client.certificate", "/root/client.key")
    server = cluster["server"]
    async with aiohttp.ClientSession() as http, http.ws_connect(
        f"{server}/api/v1/namespaces/endpoint/pods/main/log?container=c", protocols=["binary.k8s.io"], ssl=context
    ) as socket:
        async for message in socket:
            sys.stdout.write(message.data.decode())
asyncio.run(main())
"""
    python = node.run(["sh", "-c", "systemctl show -p ExecStart ukube-operators | grep -o 'path=[^ ]*' | cut -d= -f2"])
    done = node.run([python.stdout.strip(), "-c", script])
    assert done.stdout == "hello\n"
