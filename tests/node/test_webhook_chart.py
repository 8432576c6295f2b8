"""A chart that brings admission webhooks, and the Pod that answers them."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.node import charts, images
from tests.node.charts import Helm
from tests.node.conftest import TestNode

ON_THE_NODE = "/root/charts/gate"


@pytest.fixture
def helm(node: TestNode, namespace: str) -> Iterator[Helm]:
    images.python(node)
    charts.place(node, "gate")
    run = charts.helm(node, namespace)
    yield run
    run("uninstall", "gate", "--ignore-not-found", "--wait", "--timeout=60s", check=False)


@pytest.mark.timeout(300)
def test_webhooks_of_a_chart(node: TestNode, namespace: str, helm: Helm) -> None:
    guarded = f"{namespace}-guarded"

    def create(name: str, word: str) -> "subprocess.CompletedProcess[str]":
        return node.kubectl("create", "configmap", name, "-n", guarded, f"--from-literal=word={word}", check=False)

    helm("install", "gate", ON_THE_NODE, "--wait", "--timeout=90s")
    node.kubectl("create", "namespace", guarded)
    node.kubectl("label", "namespace", guarded, "gate=closed")
    node.wait_for("the webhook lets a harmless ConfigMap pass", lambda: create("harmless", "hello").returncode == 0)
    assert node.json("get", "configmap", "harmless", "-n", guarded)["metadata"]["labels"] == {"gate": "passed"}
    refused = create("bad", "swordfish")
    text = 'admission webhook "validate.gate.example.com" denied the request: swordfish is not for everybody'
    assert text in refused.stderr
    node.kubectl("create", "configmap", "free", "-n", namespace, "--from-literal=word=swordfish")

    node.kubectl("scale", "deployment/gate", "-n", namespace, "--replicas=0")
    node.wait_for("nothing passes a gate without its keeper", lambda: _is_closed(create("late", "hello").stderr))
    node.kubectl("scale", "deployment/gate", "-n", namespace, "--replicas=1")
    node.wait_for("its keeper is back", lambda: create("late", "hello").returncode == 0, timeout=60)

    helm("uninstall", "gate", "--wait", "--timeout=60s")
    assert create("bad", "swordfish").returncode == 0
    node.kubectl("delete", "namespace", guarded, "--timeout=60s", timeout=70)


def _is_closed(error: str) -> bool:
    return 'failed calling webhook "mutate.gate.example.com": failed to call webhook: Post "https://gate.' in error
