"""A chart that brings an APIService, and the Pod that answers for its group."""

from collections.abc import Iterator

import pytest

from tests.node import charts, images
from tests.node.charts import Helm
from tests.node.conftest import TestNode

ON_THE_NODE = "/root/charts/extension"
GROUP = "weather.example.com"


@pytest.fixture
def helm(node: TestNode, namespace: str) -> Iterator[Helm]:
    images.python(node)
    charts.place(node, "extension")
    run = charts.helm(node, namespace)
    yield run
    run("uninstall", "weather", "--ignore-not-found", "--wait", "--timeout=60s", check=False)


@pytest.mark.timeout(300)
def test_an_api_service_of_a_chart(node: TestNode, namespace: str, helm: Helm) -> None:
    def available() -> str:
        return node.kubectl("get", "apiservice", f"v1.{GROUP}", "--no-headers").stdout.split()[2]

    helm("install", "weather", ON_THE_NODE, "--wait", "--timeout=90s")
    node.kubectl("wait", "--for=condition=Available", f"apiservice/v1.{GROUP}", "--timeout=30s")
    shown = node.kubectl("api-resources", f"--api-group={GROUP}", "--no-headers").stdout.split()
    assert shown == ["reports", "wr", f"{GROUP}/v1", "false", "Report"]
    assert node.kubectl("get", "wr", "-o", "name").stdout.split() == [f"report.{GROUP}/{n}" for n in ("north", "south")]
    assert node.json("get", "report", "south")["spec"] == {"weather": "sun"}
    assert node.kubectl("get", "reports", "--watch-only", "-o", "name").stdout.count("report") == 2
    # Who may not read reports is refused before the Pod hears of it.
    stranger = node.kubectl("get", "reports", "--as=somebody", check=False).stderr
    assert 'User "somebody" cannot list resource "reports" in API group "weather.example.com"' in stranger

    node.kubectl("scale", "deployment/weather", "-n", namespace, "--replicas=0")
    node.wait_for("without its Pod the API is unavailable", lambda: available() == "False")
    gone = node.kubectl("get", "--raw", f"/apis/{GROUP}/v1/reports", check=False).stderr
    assert "the server is currently unable to handle the request" in gone
    node.kubectl("scale", "deployment/weather", "-n", namespace, "--replicas=1")
    node.wait_for("with it, it is back", lambda: available() == "True", timeout=60)
    assert node.json("get", "report", "north")["spec"] == {"weather": "rain"}

    helm("uninstall", "weather", "--wait", "--timeout=60s")
    assert "could not find the requested resource" in node.kubectl("get", f"reports.{GROUP}", check=False).stderr or (
        GROUP not in node.kubectl("api-versions").stdout
    )
