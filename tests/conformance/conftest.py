"""One API server and the operators that need no machine, as processes, for the whole folder; a namespace per test."""

import contextlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox import layers, recipe
from tests.conformance.cluster import Cluster, Kubectl, Space
from tests.conformance.kubelet import Kubelet
from tests.conformance.listed import BEHAVIOURS, name_of
from tests.servers import operators, server

OPERATORS = (
    "clusterrole",
    "cronjob",
    "daemonset",
    "deployment",
    "disruptionbudget",
    "endpointslice",
    "garbagecollector",
    "job",
    "namespace",
    "persistentvolume",
    "replicaset",
    "replicationcontroller",
    "resourcequota",
    "serviceaccount",
    "statefulset",
    "ttlafterfinished",
    "volumeprotection",
)
numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the list calls pending must fail: the day it passes, its reason has to go."""
    reasons = {entry["shown"]: entry["pending"] for entry in BEHAVIOURS if "shown" in entry and "pending" in entry}
    for item in items:
        if reason := reasons.get(name_of(item)):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data = tmp_path_factory.mktemp("conformance")
    with server(data), operators(data, *OPERATORS) as path:
        yield path


@pytest.fixture(scope="session")
def cluster(kubeconfig: Path) -> Iterator[Cluster]:
    with contextlib.closing(Cluster(kubeconfig)) as cluster:
        yield cluster


@pytest.fixture
def space(cluster: Cluster, request: pytest.FixtureRequest) -> Space:
    """A namespace of the test's own, with its ServiceAccount."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return cluster.space(f"{words[:40].strip('-')}-{next(numbers)}")


@pytest.fixture
def kubelet(space: Space) -> Iterator[Kubelet]:
    """Reports the namespace's Pods as running and ready: there are no containers here."""
    with Kubelet(space) as kubelet:
        yield kubelet


@pytest.fixture(scope="session")
def kubectl_program() -> Path:
    return layers.tools(print, recipe.TOOLS) / "usr/local/bin/kubectl"


@pytest.fixture
def kubectl(kubectl_program: Path, kubeconfig: Path, space: Space) -> Kubectl:
    """The newest kubectl that is promised, in the test's namespace."""
    return Kubectl(kubectl_program, kubeconfig, space.name)
