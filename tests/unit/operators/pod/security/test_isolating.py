"""Ranges of users, and runtimes."""

import pytest

from operators.pod.paths import Paths
from operators.pod.security import isolating, ranges, runtimes
from operators.pod.sources import SandboxError
from operators.pod.units import holder, namespaces, unit
from operators.pod.units.parts import Bind, Isolation, Machine

OWN = {"metadata": {"namespace": "n", "name": "p", "uid": "u"}, "spec": {"hostUsers": False, "containers": []}}


def test_no_two_pods_have_the_same_users():
    taken = set()
    for _ in range(300):
        taken.add(ranges.allocate(taken))
    assert len(taken) == 300
    assert all(first % ranges.SIZE == 0 for first in taken)
    assert max(taken) + ranges.SIZE < 2**31
    taken.remove(ranges.FIRST)
    assert ranges.allocate(taken) == ranges.FIRST


def test_when_all_are_taken():
    taken = set(range(ranges.FIRST, 2**31, ranges.SIZE))
    with pytest.raises(ranges.NoRange):
        ranges.allocate(taken)
    with pytest.raises(SandboxError, match="no range of user IDs"):
        isolating.users(OWN, taken)
    assert isolating.users({"spec": {}}, taken) == 0
    assert isolating.users({"spec": {"hostUsers": True}}, taken) == 0


class Kube:
    def __init__(self, *classes):
        self.classes = {c["metadata"]["name"]: c for c in classes}

    async def fetch(self, version, resource, key):
        assert (version, resource, key.namespace) == ("node.k8s.io/v1", "runtimeclasses", "")
        return self.classes.get(key.name)


async def test_runtime_classes(monkeypatch):
    monkeypatch.setattr(runtimes, "is_installed", lambda name: name == "crun")
    kube = Kube(*({"metadata": {"name": n}, "handler": h} for n, h in (("a", "crun"), ("b", "kata"))))
    assert await isolating.runtime({"spec": {}}, kube) == ""
    assert await isolating.runtime({"spec": {"runtimeClassName": "a"}}, kube) == "crun"
    with pytest.raises(SandboxError, match=r'^failed to get sandbox runtime: no runtime for "kata" is configured$'):
        await isolating.runtime({"spec": {"runtimeClassName": "b"}}, kube)
    with pytest.raises(SandboxError, match=r'^runtimeclass.node.k8s.io "c" not found$'):
        await isolating.runtime({"spec": {"runtimeClassName": "c"}}, kube)


def test_runtimes_that_podman_knows(tmp_path, monkeypatch):
    programs, settings = tmp_path / "bin", tmp_path / "etc/containers/containers.conf.d"
    programs.mkdir()
    settings.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(programs))
    assert not runtimes.is_installed("runc", tmp_path)
    for name in ("runc", "evil", "kata-runtime"):
        (programs / name).touch(mode=0o755)
    assert runtimes.is_installed("runc", tmp_path)
    assert runtimes.is_installed("kata", tmp_path)
    assert not runtimes.is_installed("evil", tmp_path)
    (settings / "x.conf").write_text(
        f'[engine.runtimes]\nmine = ["/no/such", "{programs}/evil"]\nrunc = ["/no/such"]\n'
    )
    (settings / "y.conf").write_text("[engine")
    assert runtimes.is_installed("mine", tmp_path)
    assert not runtimes.is_installed("runc", tmp_path)


def test_words_of_a_pod_with_its_own_users():
    machine, isolation = Machine(Paths()), Isolation(users=ranges.FIRST)
    first = f"0:{ranges.FIRST}:65536"
    assert list(namespaces.users(isolation)) == [f"--uidmap={first}", f"--gidmap={first}"]
    assert list(namespaces.users(Isolation())) == list(namespaces.hooks(OWN, Isolation(), machine)) == []
    assert list(namespaces.hooks(OWN, isolation, machine)) == ["--hooks-dir=/run/ukube/pods/u/ns/hooks"]
    binds = (Bind("/a", "/b", options=("nodev",)), Bind("x", "/y", image="i"))
    assert namespaces.mapped(binds, isolation) == (Bind("/a", "/b", options=("nodev", "idmap")), binds[1])
    assert namespaces.mapped(binds, Isolation()) == binds
    units = unit.sandbox(OWN, "BestEffort", "10.244.0.5", machine, isolation=isolation)
    assert f'"own" "{ranges.FIRST}"\n' in next(iter(units.values()))
    assert unit.identity(next(iter(units.values())))["Users"] == str(ranges.FIRST)


def test_the_holder_of_a_shared_pid_namespace_can_do_nothing():
    pod = {**OWN, "spec": {**OWN["spec"], "shareProcessNamespace": True}}
    lines = holder.service(pod, ["up"], ["down"], Isolation(ranges.FIRST), Machine(Paths()))
    assert ("Type", "notify") in lines
    command = next(value for key, value in lines if key == "ExecStart")
    for word in ("--cap-drop=all", "--user=65535:65535", "--read-only", "--security-opt=no-new-privileges"):
        assert f'"{word}"' in command
    assert "--privileged" not in command
    assert [value for key, value in lines if key == "ExecStopPost"][-1] == '-"down"'
    plain = dict(holder.service(OWN, ["up"], ["down"], Isolation(), Machine(Paths())))
    assert plain["Type"] == "oneshot"
