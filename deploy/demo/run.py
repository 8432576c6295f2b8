"""Deploys the demo onto a machine and waits for it; each stage is a timed step."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploy import command
from deploy.demo import pods
from deploy.failure import Failure
from deploy.images import build, recipes
from deploy.machine import Machine
from deploy.progress import Steps

MANIFESTS = Path(__file__).parent
NAMESPACE = "demo"
IMAGES = {"localhost/ukube-demo/web:1": recipes.WEB, "localhost/ukube-demo/client:1": recipes.CLIENT}
WEB_SECONDS = 60.0
CLIENT_SECONDS = 60.0
ADDRESSES = "web-addresses"


def run(machine: Machine, steps: Steps) -> None:
    """Leaves the demo running. Raises Failure, with what the machine says, if anything is not ready in time."""
    with steps.step("Make two images from distribution packages") as step:
        for name, recipe in IMAGES.items():
            build.ensure(machine, recipe, name, step.say)
        step.say("")
    try:
        _deploy(machine, steps)
    except Failure as failure:
        detail = "\n".join(part for part in (failure.detail, diagnose(machine)) if part)
        raise Failure(failure.sentence, detail) from failure


def _deploy(machine: Machine, steps: Steps) -> None:
    with steps.step("kubectl apply -f deploy/demo/") as step:
        applied = kubectl(machine, "apply", "-f", "-", stdin=manifests()).strip().splitlines()
        step.say(f"{len(applied)} objects")
    with steps.step("Web: 3 Pods ready") as step:
        web = _wait(machine, "web", pods.all_ready, WEB_SECONDS, step.say)
    given = " ".join(sorted(pod["status"]["podIP"] for pod in web))
    if _addresses(machine) != given:
        _start_clients(machine, given, steps)
    with steps.step("Clients: 2 Pods ready, each has fetched a page") as step:
        _wait(machine, "client", pods.all_ready, CLIENT_SECONDS, step.say)


def _start_clients(machine: Machine, given: str, steps: Steps) -> None:
    """Makes the ConfigMap for which the clients wait."""
    first = _addresses(machine) is None
    if first:
        with steps.step("Clients wait for a ConfigMap that is not there") as step:
            _wait(machine, "client", pods.all_waiting_for_config, CLIENT_SECONDS, step.say)
    with steps.step(f"kubectl create configmap {ADDRESSES}"):
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": ADDRESSES, "namespace": NAMESPACE},
            "data": {"addresses": given},
        }
        kubectl(machine, "apply", "-f", "-", stdin=json.dumps(body))
    if not first:
        with steps.step("The web Pods have new addresses: kubectl rollout restart deployment/client"):
            kubectl(machine, "rollout", "restart", "deployment/client", "-n", NAMESPACE)
            kubectl(machine, "rollout", "status", "deployment/client", "-n", NAMESPACE, "--timeout=60s", timeout=70)


def manifests() -> str:
    """All of deploy/demo/*.yaml, in order."""
    return "\n---\n".join(file.read_text() for file in sorted(MANIFESTS.glob("*.yaml")))


def kubectl(machine: Machine, *words: str, stdin: str | None = None, timeout: float = 60) -> str:
    """Runs kubectl on the machine; returns its output. Raises Failure with kubectl's own words."""
    done = machine.run(["kubectl", *words], check=False, stdin=stdin, timeout=timeout)
    if done.returncode != 0:
        raise Failure(f"kubectl {' '.join(words)} failed", command.tail(done.stdout + done.stderr))
    return done.stdout


def diagnose(machine: Machine) -> str:
    """What one would ask next: objects, descriptions, events, units, journal."""
    asked = (
        ["kubectl", "get", "all", "-n", NAMESPACE, "-o", "wide"],
        ["kubectl", "describe", "pods", "-n", NAMESPACE],
        ["kubectl", "logs", "-n", NAMESPACE, "-l", "app in (web, client)", "--prefix", "--tail=5"],
        ["kubectl", "get", "events", "-n", NAMESPACE, "--sort-by=.metadata.creationTimestamp"],
        ["systemctl", "--no-pager", "--all", "list-units", "ukube*"],
        ["journalctl", "--no-pager", "-n", "60", "-u", "ukube-apiserver", "-u", "ukube-operators", "-u", "ukube-*_*"],
    )
    parts = []
    for words in asked:
        done = machine.run(words, check=False)
        parts.append(f"--- {' '.join(words)}\n{command.tail(done.stdout + done.stderr, 80)}")
    return "\n".join(parts)


def _addresses(machine: Machine) -> str | None:
    """What the clients have been told, None if nothing."""
    words = ["kubectl", "get", "configmap", ADDRESSES, "-n", NAMESPACE, "-o", "jsonpath={.data.addresses}"]
    done = machine.run(words, check=False)
    return done.stdout if done.returncode == 0 else None


def _wait(
    machine: Machine,
    app: str,
    check: Callable[[Sequence[Any], int], bool],
    timeout: float,
    say: Callable[[str], None],
) -> list[Any]:
    """Polls the Pods of the Deployment `app` until `check` holds of them and of spec.replicas; returns them."""
    until = time.monotonic() + timeout
    shown = ""
    while True:
        asked = ("get", f"deployment/{app}", "-n", NAMESPACE, "-o", "json")
        wanted = json.loads(kubectl(machine, *asked))["spec"]["replicas"]
        listed = json.loads(kubectl(machine, "get", "pods", "-n", NAMESPACE, "-l", f"app={app}", "-o", "json"))["items"]
        current: list[Any] = [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]
        words = pods.summary(current, wanted)
        if words != shown:
            say(words)
            shown = words
        if check(current, wanted):
            return current
        if time.monotonic() > until:
            raise Failure(f"the Pods of deployment/{app} are not ready after {timeout:.0f} s: {words}")
        time.sleep(0.2)
