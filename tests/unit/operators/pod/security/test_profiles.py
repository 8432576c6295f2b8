"""Profiles that confine containers."""

from pathlib import Path

import pytest

from operators.pod.admission import security
from operators.pod.admission.rejection import Scene
from operators.pod.security import guard, profiles
from operators.pod.security.profiles import Profile
from operators.pod.sources import Uncreatable

ROOT = Path("/var/lib/kubelet/seccomp")


def pod(context=None, annotations=None, own=None):
    spec = {"name": "c", "securityContext": own or {}}
    return {
        "metadata": {"annotations": annotations or {}},
        "spec": {"securityContext": context or {}, "containers": [spec]},
    }, spec


def local(path):
    return {"type": "Localhost", "localhostProfile": path}


def test_seccomp_of_the_container_wins():
    assert profiles.seccomp(*pod()) == Profile()
    assert profiles.seccomp(*pod({"seccompProfile": {"type": "RuntimeDefault"}})) == Profile("RuntimeDefault")
    both = pod({"seccompProfile": {"type": "Unconfined"}}, own={"seccompProfile": local("a.json")})
    assert profiles.seccomp(*both) == Profile("Localhost", "a.json")


def test_seccomp_files():
    assert profiles.seccomp_file(Profile("Unconfined"), ROOT) is None
    assert profiles.seccomp_file(Profile("Localhost", "a/b.json"), ROOT) == ROOT / "a/b.json"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/shadow", "", "..", "a\0b"])
def test_seccomp_files_outside_of_their_folder(path):
    with pytest.raises(Uncreatable, match="cannot load seccomp profile"):
        profiles.seccomp_file(Profile("Localhost", path), ROOT)


def test_seccomp_files_are_looked_at(tmp_path):
    guard.check_seccomp(None)
    (tmp_path / "good").write_text("{}")
    (tmp_path / "bad").write_text("{")
    guard.check_seccomp(tmp_path / "good")
    with pytest.raises(
        Uncreatable, match=f'^cannot load seccomp profile "{tmp_path}/none": open {tmp_path}/none: no such'
    ):
        guard.check_seccomp(tmp_path / "none")
    with pytest.raises(Uncreatable, match="decoding seccomp profile failed"):
        guard.check_seccomp(tmp_path / "bad")
    with pytest.raises(Uncreatable, match="is a directory"):
        guard.check_seccomp(tmp_path)


ANNOTATION = "container.apparmor.security.beta.kubernetes.io/c"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (pod(), Profile()),
        (pod(annotations={ANNOTATION: "runtime/default"}), Profile("RuntimeDefault")),
        (pod(annotations={ANNOTATION: "localhost/x"}), Profile("Localhost", "x")),
        (pod(annotations={ANNOTATION: "unconfined"}), Profile("Unconfined")),
        (pod({"appArmorProfile": {"type": "Unconfined"}}, {ANNOTATION: "localhost/x"}), Profile("Unconfined")),
        (pod(own={"appArmorProfile": local("y")}), Profile("Localhost", "y")),
    ],
)
def test_apparmor(made, expected):
    assert profiles.apparmor(*made) == expected
    refused = security.check_apparmor(made[0], Scene())
    is_needed = expected.kind in ("RuntimeDefault", "Localhost")
    assert (refused is not None) == is_needed
    assert security.check_apparmor(made[0], Scene(has_apparmor=True)) is None
    if refused:
        assert refused.reason == "AppArmor"
        assert refused.message == "Cannot enforce AppArmor: AppArmor is not enabled on the host"


def test_selinux():
    options = {"user": "u", "type": "t", "level": "s0:c1,c2", "role": ""}
    assert profiles.selinux(*pod({"seLinuxOptions": options})) == ["user:u", "type:t", "level:s0:c1,c2"]
    assert profiles.selinux(*pod()) == []
