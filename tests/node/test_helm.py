"""Helm on a node: a chart with a CRD, hooks and a test, from install to uninstall."""

from collections.abc import Iterator

import pytest

from tests.node import charts
from tests.node.charts import Helm
from tests.node.conftest import TestNode

ON_THE_NODE = "/root/charts/shop"


@pytest.fixture
def helm(node: TestNode, namespace: str) -> Iterator[Helm]:
    charts.place(node, "shop")
    yield charts.helm(node, namespace)
    node.kubectl("delete", "crd", "counters.shop.example.com", "--ignore-not-found", "--timeout=60s", timeout=70)


@pytest.mark.timeout(300)
def test_life_of_a_release(node: TestNode, namespace: str, helm: Helm) -> None:
    def greeting() -> str:
        return node.kubectl(
            "exec", "-n", namespace, "deployment/till", "--", "wget", "-qO-", "http://127.0.0.1:8080/"
        ).stdout

    def hooks() -> str:
        found = node.kubectl("get", "events", "-n", namespace, "-o", "jsonpath={.items[*].involvedObject.name}").stdout
        return " ".join(sorted({name for name in found.split() if name.startswith("till-p")}))

    helm("install", "till", ON_THE_NODE, "--wait", "--timeout=60s")
    assert greeting() == "hello"
    assert "till-pre-install" in hooks()
    assert "Succeeded" in helm("test", "till", "--timeout=60s")
    helm("upgrade", "till", ON_THE_NODE, "--wait", "--timeout=60s", "--set", "greeting=ciao,replicas=2")
    assert "till-post-upgrade" in hooks()
    assert node.json("get", "deployment/till", "-n", namespace)["status"]["readyReplicas"] == 2
    node.wait_for("the page is new", lambda: greeting() == "ciao")
    helm("rollback", "till", "1", "--wait", "--timeout=60s")
    assert "till-pre-rollback" in hooks()
    node.wait_for("the page is old again", lambda: greeting() == "hello")
    assert node.json("get", "counters", "-n", namespace)["items"][0]["spec"]["closing"] == "18:00"
    helm("uninstall", "till", "--wait", "--timeout=60s")
    left = node.kubectl("get", "deployments,services,counters", "-n", namespace, "-o", "name").stdout
    assert left == ""
