"""A Pod from POST to Ready against `podman run -d`; memory and CPU when idle; start-up. On a node of its own."""

import argparse
import json
import statistics
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from deploy import health
from deploy.failure import Failure
from deploy.images import build
from deploy.progress import Steps
from deploy.sandbox import node as sandbox

PROBE = Path(__file__).parent / "node_probe.py"
IMAGE = "localhost/busybox:latest"
FULL = {"image": IMAGE, "runs": 30, "burst": 50, "idle_pods": 10, "idle_seconds": 30, "many": 0}
SHORT = {"image": IMAGE, "runs": 5, "burst": 10, "idle_pods": 10, "idle_seconds": 5, "many": 0}


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="ukube bench node", description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer runs: shows that it works, not how fast")
    parser.add_argument("--name", help="measure on this sandbox node, which must be running, instead of a new one")
    parser.add_argument("--many", type=int, default=0, metavar="PODS", help="also this many Pods at once, 250 say")
    options = parser.parse_args(argv)
    with _node(options.name) as node:
        found = measure(node, {**(SHORT if options.short else FULL), "many": options.many})
    for line in report(found):
        click.echo(line)


def measure(node: sandbox.Node, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Runs the probe on the node; see node_probe.py for what comes back."""
    build.busybox(node, IMAGE)
    words = ["/opt/ukube/venv/bin/python", "-", json.dumps(asked)]
    try:
        out = node.run(words, stdin=PROBE.read_text(), timeout=1800).stdout
    except subprocess.CalledProcessError as error:
        raise Failure("the node's benchmark failed", f"{error.stderr[-3000:]}\n{health.journal(node)}") from error
    found: dict[str, Any] = json.loads(out)
    return found


def report(found: Mapping[str, Any]) -> Iterator[str]:
    """The lines to print: each figure beside its floor."""
    start = found["start"]
    yield from _against("Pod POST → Ready", start["pod ready"], "podman run -d", start["podman run -d"])
    yield from _against("Pod DELETE → gone", start["pod gone"], "podman rm -f", start["podman rm -f"])
    burst = found["burst"]
    ratio = _ratio(burst["pods"], burst["podman"])
    yield f"Pods at once       {burst['pods']:.2f} s, podman in parallel {burst['podman']:.2f} s: {ratio}"
    yield f"Pods at once       gone in {burst['gone']:.2f} s"
    if many := found.get("many"):
        yield f"{many['pods']} Pods           ready in {many['ready']:.1f} s, gone in {many['gone']:.1f} s"
        yield f"{many['pods']} Pods           operators {many['pss_mb']:.1f} MB PSS, {many['kb_per_pod']:.0f} kB a Pod"
    total = 0.0
    for unit, use in found["idle"].items():
        total += use["pss_mb"]
        yield f"idle with 10 Pods: {unit:<26} {use['pss_mb']:6.1f} MB PSS  {use['cpu_percent']:5.2f} % of a core"
        yield f"idle with 10 Pods: {unit:<26} {use['wakes_per_second']:6.1f} wake-ups a second"
    yield f"idle with 10 Pods: {'together':<26} {total:6.1f} MB PSS"
    for unit, seconds in found["start_up"].items():
        yield f"start to ready:    {unit:<26} {seconds:6.2f} s"


def _against(what: str, ours: Sequence[float], floor: str, theirs: Sequence[float]) -> Iterator[str]:
    for name, pick in (("p50", statistics.median), ("max", max)):
        mine, base = pick(ours), pick(theirs)
        yield f"{what:<18} {name} {mine * 1000:5.0f} ms, {floor} {base * 1000:5.0f} ms: {_ratio(mine, base)}"


def _ratio(ours: float, floor: float) -> str:
    return f"{ours / floor:.2f} ×"


@contextmanager
def _node(name: str | None) -> Iterator[sandbox.Node]:
    if name:
        yield sandbox.Node(name)
        return
    node = sandbox.Node(f"bench-{uuid.uuid4().hex[:8]}")
    try:
        sandbox.up(node, Steps())
        health.wait_until_ready(node)
        yield node
    finally:
        sandbox.remove(node)
