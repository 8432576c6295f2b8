"""Helm on the node, for charts of tests/charts."""

from collections.abc import Callable
from pathlib import Path

from tests.node.conftest import TestNode

CHARTS = Path(__file__).parents[1] / "charts"
Helm = Callable[..., str]


def place(node: TestNode, name: str) -> str:
    """Copies a chart onto the node; where it is there."""
    there = f"/root/charts/{name}"
    for path in (CHARTS / name).rglob("*"):
        if path.is_file():
            node.write(f"{there}/{path.relative_to(CHARTS / name)}", path.read_text())
    return there


def helm(node: TestNode, namespace: str) -> Helm:
    """Runs Helm in a namespace and returns what it prints."""

    def run(*words: str, check: bool = True) -> str:
        settings = ["env", "KUBECONFIG=/var/lib/ukube/apiserver/admin.kubeconfig", "HOME=/root"]
        return node.run([*settings, "helm", "-n", namespace, *words], check=check, timeout=130).stdout

    return run
