"""Kernel parameters: which may be set, and how they are told to the sandbox."""

import pytest

from operators.pod.admission import admit
from operators.pod.admission.rejection import Scene
from operators.pod.security import sysctls


def pod(*names, **spec):
    entries = [{"name": name, "value": "1"} for name in names]
    return {"metadata": {}, "spec": {"securityContext": {"sysctls": entries}, "containers": [], **spec}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net.ipv4.tcp_syncookies", "net.ipv4.tcp_syncookies"),
        ("net/ipv4/tcp_syncookies", "net.ipv4.tcp_syncookies"),
        ("net/ipv4/conf/eth0.100/forwarding", "net.ipv4.conf.eth0/100.forwarding"),
        ("net.ipv4.conf.eth0/100.forwarding", "net.ipv4.conf.eth0/100.forwarding"),
        ("plain", "plain"),
    ],
)
def test_normalise(name, expected):
    assert sysctls.normalise(name) == expected


@pytest.mark.parametrize(
    ("asked", "allowed", "cause"),
    [
        (pod(), (), None),
        (pod(*sysctls.SAFE), (), None),
        (pod("kernel/shm_rmid_forced"), (), None),
        (pod("kernel.shm_rmid_forced", "kernel.msgmax"), (), '"kernel.msgmax" not allowlisted'),
        (pod("kernel.msgmax"), ("kernel.msg*",), None),
        (pod("net.core.somaxconn"), ("net.core.somaxconn",), None),
        (pod("net.core.somaxconn2"), ("net.core.somaxconn",), '"net.core.somaxconn2" not allowlisted'),
        (pod("vm.swappiness"), ("vm.*", "*"), '"vm.swappiness" not allowlisted'),
        (pod("net.."), ("net.*",), '"net.." not allowlisted'),
        (pod("net.../../kernel/core_pattern"), ("net.*",), '"net.../../kernel/core_pattern" not allowlisted'),
        (pod("net.ipv4.tcp_rmem", hostNetwork=True), (), '"net.ipv4.tcp_rmem" not allowed with host net enabled'),
        (pod("kernel.shm_rmid_forced", hostIPC=True), (), '"kernel.shm_rmid_forced" not allowed with host ipc enabled'),
        (pod("kernel.shm_rmid_forced", hostNetwork=True), (), None),
        (pod("kernel.msgmax", hostIPC=True), ("kernel.msg*",), '"kernel.msgmax" not allowed with host ipc enabled'),
    ],
)
def test_objections(asked, allowed, cause):
    assert sysctls.objection(asked, allowed) == cause
    refused = admit.admit(asked, Scene(unsafe_sysctls=tuple(allowed)))
    expected = None if cause is None else ("SysctlForbidden", f"forbidden sysctl: {cause}")
    assert (refused and (refused.reason, refused.message)) == expected


def test_settings_are_paths():
    asked = pod("net/ipv4/conf/eth0.100/forwarding", "kernel.shm_rmid_forced")
    assert sysctls.settings(asked) == ["net/ipv4/conf/eth0.100/forwarding=1", "kernel/shm_rmid_forced=1"]
