"""The cluster's DNS, as this node knows it."""

import pytest

from operators.pod.environment import surroundings


class Services:
    def __init__(self, spec):
        self.spec = spec

    def get_or_none(self, api_version, resource, key):
        assert (api_version, resource, key) == ("v1", "services", ("kube-system", "kube-dns"))
        return None if self.spec is None else {"spec": self.spec}


@pytest.mark.parametrize(
    ("spec", "configured", "expected"),
    [
        (None, "", []),
        ({}, "", []),
        ({"clusterIP": "None", "clusterIPs": ["None"]}, "", []),
        ({"clusterIP": "10.96.0.10"}, "", ["10.96.0.10"]),
        ({"clusterIP": "10.96.0.10", "clusterIPs": ["10.96.0.10", "fd00::a"]}, "", ["10.96.0.10", "fd00::a"]),
        ({"clusterIP": "10.96.0.10"}, "192.0.2.1, fd00::1,", ["192.0.2.1", "fd00::1"]),
    ],
)
def test_cluster_dns(monkeypatch, spec, configured, expected):
    monkeypatch.setenv("UKUBE_CLUSTER_DNS", configured)
    assert surroundings.cluster_dns(Services(spec)).servers == expected


def test_behind_the_stub(monkeypatch, tmp_path):
    for name, text in {"own": "nameserver 127.0.0.53\n", "behind": "nameserver 192.0.2.1\n", "hosts": ""}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(surroundings, "_RESOLV_CONF", tmp_path / "own")
    monkeypatch.setattr(surroundings, "_BEHIND_THE_STUB", tmp_path / "behind")
    pod = {"metadata": {"name": "p", "namespace": "n"}, "spec": {"dnsPolicy": "Default"}}
    texts, _ = surroundings.base_files(pod, ("10.0.0.1",), surroundings.Cluster())
    assert texts["resolv.conf"] == "nameserver 192.0.2.1\n"
    assert texts["hostname"] == "p\n"
    (tmp_path / "behind").unlink()
    texts, _ = surroundings.base_files(pod, ("10.0.0.1",), surroundings.Cluster())
    assert texts["resolv.conf"] == "nameserver 127.0.0.53\n"
