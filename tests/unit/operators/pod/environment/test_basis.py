"""When a Pod's environment is looked at again."""

import copy

import pytest

from operators.pod.environment import basis
from operators.pod.sources import NodeFacts

POD = {"metadata": {"namespace": "n", "generation": 1, "labels": {"a": "1"}, "resourceVersion": "5"}}


class Objects:
    def __init__(self, **versions):
        self.versions = {"m": "1", "s": "1", "svc": "1", **versions}

    def _get(self, name):
        version = self.versions.get(name)
        return None if version is None else {"metadata": {"uid": name, "resourceVersion": version}}

    def config_map(self, namespace, name):
        return self._get(name)

    secret = config_map

    def services(self, namespace):
        return [self._get("svc")]


def take(pod=POD, sources=None, **facts):
    names = [("Secret", "s"), ("ConfigMap", "m")]
    return basis.take(pod, names, sources or Objects(), NodeFacts(pod_ips=("10.0.0.1",), **facts))


def test_what_makes_no_difference():
    pod = copy.deepcopy(POD)
    pod["metadata"]["resourceVersion"] = "6"
    pod["status"] = {"phase": "Running"}
    assert take(pod) == take()


@pytest.mark.parametrize("versions", [{"m": "2"}, {"s": None}, {"svc": "2"}])
def test_objects(versions):
    assert take(sources=Objects(**versions)) != take()


def test_the_pod_and_the_node():
    pod = copy.deepcopy(POD)
    pod["metadata"]["labels"]["a"] = "2"
    assert take(pod) != take()
    assert take(allocatable={"cpu": "1"}) != take()
