"""The same tests' cluster on a sandbox node, where Pods are containers."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import kubeconfig as kubeconfigs
from tests.conformance.cluster import Cluster, Space, eventually
from tests.conformance.node.running import Running
from tests.node.conftest import TestNode, bare_node, node

__all__ = ["bare_node", "node"]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.node)


@pytest.fixture(scope="session")
def kubeconfig(node: TestNode, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reaches the node's API from the host."""
    path = tmp_path_factory.mktemp("conformance") / "admin.kubeconfig"
    path.write_text(kubeconfigs.for_host(node.node, node.node.port))
    return path


@contextlib.contextmanager
def _namespace(cluster: Cluster) -> Iterator[Running]:
    name = f"c-{uuid.uuid4().hex[:8]}"
    cluster.create("/api/v1/namespaces", {"metadata": {"name": name}})
    space = Space(cluster, name)
    eventually(lambda: cluster.exists(space.path("serviceaccounts", "default")), "the default ServiceAccount")
    yield Running(space)
    cluster.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def running(cluster: Cluster) -> Iterator[Running]:
    """A namespace of the test's own."""
    with _namespace(cluster) as running:
        yield running


@pytest.fixture(scope="module")
def shared(cluster: Cluster) -> Iterator[Running]:
    """A namespace for all tests of a file, whose Pods start together."""
    with _namespace(cluster) as running:
        yield running
