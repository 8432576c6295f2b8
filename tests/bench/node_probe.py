"""Measures on a node, with the node's own Python; prints one JSON document. Sent there by tests/bench/node.py.

argv: one JSON object {"image", "runs", "burst", "idle_pods", "idle_seconds", "many"}; many: Pods at once, 0: none.
"""

import asyncio
import base64
import json
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import yaml

KUBECONFIG = "/var/lib/ukube/apiserver/admin.kubeconfig"
NAMESPACE = "bench"
SERVICES = ("ukube-apiserver.service", "ukube-operators.service")
# Ends at once when asked to, so that a stop costs what stopping costs.
COMMAND = ["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"]
GRACE = 10
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


def connection() -> tuple[str, ssl.SSLContext]:
    """Server and TLS context of the admin kubeconfig."""
    config = yaml.safe_load(Path(KUBECONFIG).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile() as pair:
        pair.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        pair.flush()
        context.load_cert_chain(pair.name)
    return cluster["server"], context


def pod(name: str, image: str) -> dict[str, Any]:
    container = {"name": "c", "image": image, "imagePullPolicy": "Never", "command": COMMAND}
    spec = {"containers": [container], "terminationGracePeriodSeconds": GRACE, "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


class Api:
    """POST, DELETE and one watch that notes when each Pod became Ready or went."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.ready: dict[str, asyncio.Future[float]] = {}
        self.gone: dict[str, asyncio.Future[float]] = {}

    async def watch(self) -> None:
        async with self.session.get(PODS, params={"watch": "1"}, timeout=aiohttp.ClientTimeout(None)) as answer:
            async for line in answer.content:
                event = json.loads(line)
                now = time.perf_counter()
                name = event["object"]["metadata"].get("name")
                if event["type"] == "DELETED":
                    self._note(self.gone, name, now)
                elif any(
                    one["type"] == "Ready" and one["status"] == "True"
                    for one in event["object"].get("status", {}).get("conditions", [])
                ):
                    self._note(self.ready, name, now)

    @staticmethod
    def _note(waiting: dict[str, asyncio.Future[float]], name: str, now: float) -> None:
        future = waiting.get(name)
        if future and not future.done():
            future.set_result(now)

    async def start(self, name: str, image: str) -> float:
        """Seconds from POST to Ready."""
        self.ready[name] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        async with self.session.post(PODS, json=pod(name, image)) as answer:
            if answer.status != 201:
                raise SystemExit(f"POST of a Pod: {answer.status} {await answer.text()}")
        return await asyncio.wait_for(self.ready[name], 600) - began

    async def stop(self, name: str) -> float:
        """Seconds from DELETE to gone."""
        self.gone[name] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        async with self.session.delete(f"{PODS}/{name}") as answer:
            await answer.read()
        return await asyncio.wait_for(self.gone[name], 600) - began


async def podman_run(name: str, image: str) -> float:
    """Seconds `podman run -d` takes, with a network as Pods have."""
    began = time.perf_counter()
    words = ["podman", "run", "-d", "--name", name, "--pull=never", image, *COMMAND]
    process = await asyncio.create_subprocess_exec(*words, stdout=subprocess.DEVNULL)
    if await process.wait() != 0:
        raise SystemExit("podman run failed")
    return time.perf_counter() - began


async def podman_rm(*names: str) -> float:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        "podman", "rm", "-f", "-t", str(GRACE), *names, stdout=subprocess.DEVNULL
    )
    await process.wait()
    return time.perf_counter() - began


async def one_by_one(api: Api, image: str, runs: int) -> dict[str, list[float]]:
    """The floor and we in turns, so that the machine's moods hit both."""
    found: dict[str, list[float]] = {"podman run -d": [], "pod ready": [], "podman rm -f": [], "pod gone": []}
    for number in range(runs + 1):
        podman = await podman_run(f"floor{number}", image)
        ready = await api.start(f"one{number}", image)
        gone = await api.stop(f"one{number}")
        removed = await podman_rm(f"floor{number}")
        if number:  # the first of each warms caches
            for name, seconds in zip(found, (podman, ready, removed, gone), strict=True):
                found[name].append(seconds)
    return found


async def at_once(api: Api, image: str, count: int) -> dict[str, float]:
    """`count` at once; the floor with all podman processes in parallel."""
    began = time.perf_counter()
    await asyncio.gather(*(podman_run(f"burst{number}", image) for number in range(count)))
    podman = time.perf_counter() - began
    await podman_rm(*(f"burst{number}" for number in range(count)))
    began = time.perf_counter()
    await asyncio.gather(*(api.start(f"burst{number}", image) for number in range(count)))
    ready = time.perf_counter() - began
    began = time.perf_counter()
    await asyncio.gather(*(api.stop(f"burst{number}") for number in range(count)))
    return {"podman": podman, "pods": ready, "gone": time.perf_counter() - began}


def show(unit: str, *properties: str) -> list[str]:
    words = ["systemctl", "show", f"--property={','.join(properties)}", unit]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    values = dict(line.partition("=")[::2] for line in out.splitlines())
    return [values[name] for name in properties]


def usage(unit: str) -> tuple[float, float, int]:
    """PSS in MB, CPU seconds and how often it has been woken up, of all processes of a service."""
    (group,) = show(unit, "ControlGroup")
    pss = cpu = 0.0
    wakes = 0
    for pid in Path(f"/sys/fs/cgroup{group}/cgroup.procs").read_text().split():
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
        except (FileNotFoundError, ProcessLookupError):
            continue
        pss += int(rollup.partition("\nPss:")[2].split()[0]) / 1024
        cpu += (int(fields[11]) + int(fields[12])) / 100
        wakes += sum(int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for text in status)
    return pss, cpu, wakes


async def idle(api: Api, image: str, pods: int, seconds: float) -> dict[str, dict[str, float]]:
    """Memory, and CPU in percent of one core, with that many Pods and nothing to do."""
    await asyncio.gather(*(api.start(f"idle{number}", image) for number in range(pods)))
    await asyncio.sleep(3)
    before = {unit: usage(unit) for unit in SERVICES}
    await asyncio.sleep(seconds)
    after = {unit: usage(unit) for unit in SERVICES}
    await asyncio.gather(*(api.stop(f"idle{number}") for number in range(pods)))
    return {
        unit: {
            "pss_mb": after[unit][0],
            "cpu_percent": 100 * (after[unit][1] - before[unit][1]) / seconds,
            "wakes_per_second": (after[unit][2] - before[unit][2]) / seconds,
        }
        for unit in SERVICES
    }


async def many(api: Api, image: str, pods: int) -> dict[str, float]:
    """As many Pods as a node is to hold; what each adds to the operators' memory."""
    before, began = usage(SERVICES[1])[0], time.perf_counter()
    await asyncio.gather(*(api.start(f"many{number}", image) for number in range(pods)))
    ready = time.perf_counter() - began
    await asyncio.sleep(5)
    after, began = usage(SERVICES[1])[0], time.perf_counter()
    await asyncio.gather(*(api.stop(f"many{number}") for number in range(pods)))
    gone = time.perf_counter() - began
    return {"pods": pods, "ready": ready, "gone": gone, "pss_mb": after, "kb_per_pod": (after - before) * 1024 / pods}


async def start_up(api: Api) -> dict[str, float]:
    """Seconds from a restart to the API's first answer, and to all operators having listed everything."""
    found = {}
    for unit in SERVICES:
        await asyncio.to_thread(subprocess.run, ["systemctl", "restart", unit], check=True)
        began, ready = show(unit, "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        found[unit] = (int(ready) - int(began)) / 1e6
        if unit == SERVICES[0]:
            async with api.session.get("/readyz") as answer:
                answer.raise_for_status()
    return found


async def main() -> None:
    asked = json.loads(sys.argv[1])
    server, context = connection()
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(server, connector=connector) as session:
        api = Api(session)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        async with session.post("/api/v1/namespaces", json=namespace) as answer:
            await answer.read()
        watching = asyncio.create_task(api.watch())
        # First, as memory that a burst has taken is given back only in part.
        found: dict[str, Any] = {"idle": await idle(api, asked["image"], asked["idle_pods"], asked["idle_seconds"])}
        found["start"] = await one_by_one(api, asked["image"], asked["runs"])
        found["burst"] = await at_once(api, asked["image"], asked["burst"])
        if asked["many"]:
            found["many"] = await many(api, asked["image"], asked["many"])
        watching.cancel()
        found["start_up"] = await start_up(api)
        async with session.delete(f"/api/v1/namespaces/{NAMESPACE}") as answer:
            await answer.read()
    json.dump(found, sys.stdout)


asyncio.run(main())
