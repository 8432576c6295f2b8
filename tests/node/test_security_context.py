"""Who containers run as, what they may do, which namespaces they share: upstream's Security Context, Sysctls."""

import json
import re
from typing import Any

import pytest

from tests.node.pods import FOREVER, Pods, container

NUMBERS = {
    "CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8,
    "NET_BIND_SERVICE": 10, "NET_ADMIN": 12, "NET_RAW": 13, "SYS_CHROOT": 18, "MKNOD": 27, "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}  # fmt: skip
DEFAULT = set(NUMBERS) - {"NET_ADMIN"}
FACTS = "id -u; id -g; id -G; grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def said(pods: Pods, name: str, *containers: dict[str, Any], **spec: Any) -> str:
    """What the Pod prints until it has succeeded."""
    pods.create(name, *containers, **{"restartPolicy": "Never", **spec})
    pods.node.wait_for(f"{name} has ended", lambda: pods.phase(name) in ("Succeeded", "Failed"), 30)
    assert pods.phase(name) == "Succeeded", pods.get(name)["status"]
    return pods.logs(name)


def facts(text: str) -> dict[str, Any]:
    uid, gid, groups, *lines = text.splitlines()
    found = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return {"uid": int(uid), "gid": int(gid), "groups": {*map(int, groups.split())}, **found}


def mask(names: set[str]) -> str:
    return f"{sum(1 << NUMBERS[name] for name in names):016x}"


def test_capabilities_of_a_plain_container_are_upstreams(pods):
    found = facts(said(pods, "plain", container("c", FACTS)))
    assert {found[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {mask(DEFAULT)}
    assert (found["CapAmb"], found["NoNewPrivs"], found["Seccomp"]) == ("0" * 16, "0", "2")
    user = pods.status("plain", "c")["user"]
    assert user == {"linux": {"uid": 0, "gid": 0, "supplementalGroups": [0]}}


def test_capabilities_added_and_dropped(pods):
    added = {"capabilities": {"add": ["NET_ADMIN"], "drop": ["CHOWN"]}}
    found = facts(said(pods, "some", container("c", FACTS, securityContext=added)))
    assert found["CapEff"] == mask((DEFAULT | {"NET_ADMIN"}) - {"CHOWN"})
    only = {"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}
    found = facts(said(pods, "one", container("c", FACTS, securityContext=only)))
    assert found["CapEff"] == mask({"CHOWN"})


def test_capabilities_of_other_users_are_bounds_only(pods):
    asked = {"runAsUser": 1000, "capabilities": {"add": ["NET_ADMIN"]}}
    found = facts(said(pods, "user", container("c", FACTS, securityContext=asked)))
    assert (found["CapEff"], found["CapAmb"]) == ("0" * 16, "0" * 16)
    assert found["CapBnd"] == mask(DEFAULT | {"NET_ADMIN"})


def test_a_restricted_pod(node, pods):
    label = "pod-security.kubernetes.io/enforce=restricted"
    node.kubectl("label", "namespace", pods.namespace, label)
    found = facts(said(pods, "restricted", container("c", FACTS, securityContext=RESTRICTED)))
    assert (found["uid"], found["gid"], found["NoNewPrivs"], found["Seccomp"]) == (1000, 0, "1", "2")
    assert found["CapBnd"] == "0" * 16


def test_run_as_user_and_group(pods):
    own = {"runAsUser": 1001, "runAsGroup": 2002}
    whole = {"runAsUser": 5, "runAsGroup": 6, "fsGroup": 3003, "supplementalGroups": [4004, 4005]}
    found = facts(said(pods, "own", container("c", FACTS, securityContext=own), securityContext=whole))
    assert (found["uid"], found["gid"], found["groups"]) == (1001, 2002, {2002, 3003, 4004, 4005})
    groups = [2002, 3003, 4004, 4005]
    assert pods.status("own", "c")["user"]["linux"] == {"uid": 1001, "gid": 2002, "supplementalGroups": groups}


@pytest.fixture(scope="module")
def staffed(node):
    """An image with a user who is in two groups, and is not root."""
    lines = "FROM localhost/busybox:latest\nRUN true\n"
    script = """
        dir=$(mktemp -d); cd "$dir"; mkdir -p etc
        printf 'root:x:0:0:root:/root:/bin/sh\\nalice:x:1000:1000::/home:/bin/sh\\n' > etc/passwd
        printf 'root:x:0:\\nalice:x:1000:\\nstaff:x:50000:alice\\n' > etc/group
        cid=$(podman create localhost/busybox:latest sh); podman cp etc/passwd "$cid:/etc/passwd"
        podman cp etc/group "$cid:/etc/group"
        podman commit -q --change 'USER alice:staff' "$cid" localhost/staffed:latest
        podman rm -f "$cid" """
    assert lines
    node.run(["sh", "-ec", script], timeout=60)
    return "localhost/staffed:latest"


@pytest.mark.parametrize(
    ("context", "own", "expected"),
    [
        ({}, {}, (1000, 1000, {1000, 50000})),
        ({"runAsUser": 1000, "runAsGroup": 3000, "supplementalGroups": [4000]}, {}, (1000, 3000, {3000, 4000, 50000})),
        (
            {"runAsUser": 1000, "runAsGroup": 3000, "supplementalGroups": [4000], "supplementalGroupsPolicy": "Strict"},
            {},
            (1000, 3000, {3000, 4000}),
        ),
        ({"supplementalGroupsPolicy": "Strict"}, {}, (1000, 1000, {1000})),
        ({"runAsUser": 1000}, {"runAsUser": 77}, (77, 0, {0})),
    ],
)
def test_groups_of_the_image(pods, staffed, context, own, expected):
    who = {**container("c", FACTS, securityContext=own), "image": staffed}
    found = facts(said(pods, "staff", who, securityContext=context))
    assert (found["uid"], found["gid"], found["groups"]) == expected
    uid, gid, groups = expected
    linux = {"uid": uid, "gid": gid, "supplementalGroups": [gid, *sorted(groups - {gid})]}
    assert pods.status("staff", "c")["user"] == {"linux": linux}


def test_non_root_is_checked(pods, staffed):
    pods.create("named", {**container("c"), "image": staffed}, securityContext={"runAsNonRoot": True})
    pods.create("zero", container("c", securityContext={"runAsUser": 0}), securityContext={"runAsNonRoot": True})
    pods.create("root", container("c"), securityContext={"runAsNonRoot": True})
    says = {
        "named": "container has runAsNonRoot and image has non-numeric user (alice), cannot verify user is non-root",
        "zero": "container's runAsUser breaks non-root policy",
        "root": "container has runAsNonRoot and image will run as root",
    }
    for name, words in says.items():
        pods.node.wait_for(f"{name} waits", lambda n=name: pods.waiting(n, "c") == "CreateContainerConfigError")
        uid = pods.get(name)["metadata"]["uid"]
        message = pods.status(name, "c")["state"]["waiting"]["message"]
        assert message == f'{words} (pod: "{name}_{pods.namespace}({uid})", container: c)'
        pods.node.wait_for("its Event", lambda n=name, m=message: ("Failed", f"Error: {m}") in pods.events(n))


def test_read_only_root(pods):
    script = "touch /x 2>&1; touch /dev/shm/x && echo memory"
    text = said(pods, "ro", container("c", script, securityContext={"readOnlyRootFilesystem": True}))
    assert text == "touch: /x: Read-only file system\nmemory\n"
    assert said(pods, "rw", container("c", "touch /x && echo ok")) == "ok\n"


def test_privileged(pods):
    script = FACTS + "; mount | grep -c '^sysfs on /sys .*[(]rw'; ls /dev | grep -c -e fuse -e net"
    *lines, writable, devices = said(
        pods, "p", container("c", script, securityContext={"privileged": True})
    ).splitlines()
    found = facts("\n".join(lines))
    assert int(found["CapEff"], 16) & (1 << 21)  # SYS_ADMIN
    assert (found["Seccomp"], writable) == ("0", "1")
    assert int(devices) > 0


def test_seccomp_profiles(node, pods):
    node.write("/var/lib/kubelet/seccomp/profiles/log.json", '{"defaultAction": "SCMP_ACT_LOG"}')
    node.write("/var/lib/kubelet/seccomp/bad.json", "{")
    refuse = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}
    node.write(
        "/var/lib/kubelet/seccomp/mkdir.json", json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refuse]})
    )

    def local(path: str) -> dict[str, Any]:
        return {"seccompProfile": {"type": "Localhost", "localhostProfile": path}}

    assert facts(said(pods, "log", container("c", FACTS), securityContext=local("profiles/log.json")))["Seccomp"] == "2"
    text = said(pods, "mkdir", container("c", "mkdir /a 2>&1 || true", securityContext=local("mkdir.json")))
    assert "Operation not permitted" in text
    free = {"seccompProfile": {"type": "Unconfined"}}
    assert facts(said(pods, "free", container("c", FACTS), securityContext=free))["Seccomp"] == "0"
    for name, path, cause in (("gone", "no/such.json", "no such file or directory"), ("bad", "bad.json", "decoding")):
        pods.create(name, container("c"), securityContext=local(path))
        node.wait_for(f"{name} waits", lambda n=name: pods.waiting(n, "c") == "CreateContainerError")
        message = pods.status(name, "c")["state"]["waiting"]["message"]
        assert message.startswith(f'cannot load seccomp profile "/var/lib/kubelet/seccomp/{path}": ')
        assert cause in message


def test_apparmor_is_not_promised_where_there_is_none(pods):
    profile = {"appArmorProfile": {"type": "RuntimeDefault"}}
    pods.create("armed", container("c", securityContext=profile))
    pods.wait_phase("armed", "Failed")
    status = pods.get("armed")["status"]
    assert status["reason"] == "AppArmor"
    assert status["message"] == "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host"
    unarmed = {"appArmorProfile": {"type": "Unconfined"}}
    assert said(pods, "unarmed", container("c", "echo ok", securityContext=unarmed)) == "ok\n"


def test_sysctls(pods):
    wanted = {
        "kernel.shm_rmid_forced": "1",
        "net/ipv4/tcp_keepalive_time": "600",
        "net.ipv4.tcp_rmem": "4096 8192 9216",
    }
    script = "sysctl kernel.shm_rmid_forced; cat /proc/sys/net/ipv4/tcp_keepalive_time /proc/sys/net/ipv4/tcp_rmem"
    asked = {"sysctls": [{"name": name, "value": value} for name, value in wanted.items()]}
    text = said(pods, "set", container("c", script), securityContext=asked)
    assert text == "kernel.shm_rmid_forced = 1\n600\n4096\t8192\t9216\n"


def test_low_ports_and_ping_are_for_everybody(pods):
    files = "/proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range"
    script = f"cat {files}; httpd -p 80 -h /tmp && netstat -ltn | grep -c ':80 '"
    assert said(pods, "low", container("c", script, securityContext=RESTRICTED)) == "0\n0\t2147483647\n1\n"


@pytest.mark.parametrize(
    ("name", "spec", "cause"),
    [
        ("kernel.msgmax", {}, '"kernel.msgmax" not allowlisted'),
        ("net.core.somaxconn", {}, '"net.core.somaxconn" not allowlisted'),
        (
            "net.ipv4.tcp_syncookies",
            {"hostNetwork": True},
            '"net.ipv4.tcp_syncookies" not allowed with host net enabled',
        ),
        ("kernel.shm_rmid_forced", {"hostIPC": True}, '"kernel.shm_rmid_forced" not allowed with host ipc enabled'),
    ],
)
def test_sysctls_that_are_refused(pods, name, spec, cause):
    pods.create("bad", container("c"), securityContext={"sysctls": [{"name": name, "value": "1"}]}, **spec)
    pods.wait_phase("bad", "Failed")
    status = pods.get("bad")["status"]
    assert (status["reason"], status["message"]) == ("SysctlForbidden", f"Pod was rejected: forbidden sysctl: {cause}")
    pods.node.wait_for("its Event", lambda: ("SysctlForbidden", f"forbidden sysctl: {cause}") in pods.events("bad"))


def execute(pods: Pods, name: str, of: str, script: str) -> str:
    return pods.node.kubectl("exec", name, "-n", pods.namespace, "-c", of, "--", "sh", "-c", script).stdout


def test_namespaces_of_one_pod(node, pods):
    show = "for name in net ipc uts; do readlink /proc/self/ns/$name; done"
    pods.create("own", container("a", f"echo x > /dev/shm/x; {FOREVER}"), container("b"))
    pods.wait_ready("own")
    first, second = (execute(pods, "own", of, show).splitlines() for of in ("a", "b"))
    assert (len(first), first) == (3, second)
    shared, processes = execute(pods, "own", "b", "cat /dev/shm/x; ls /proc | grep -c '^[0-9]'").split()
    assert (shared, int(processes) < 8) == ("x", True)
    host = node.run(["sh", "-c", show]).stdout.splitlines()
    assert not set(host) & set(first)


def test_namespaces_of_the_host(node, pods):
    show = "for name in net ipc uts pid; do readlink /proc/self/ns/$name; done; head -1 /etc/hosts"
    host = node.run(["sh", "-c", show]).stdout.splitlines()
    network = said(pods, "net", container("c", show), hostNetwork=True).splitlines()
    assert [a == b for a, b in zip(network[:4], host[:4], strict=True)] == [True, False, True, False]
    pid = said(pods, "pid", container("c", show), hostPID=True, hostIPC=True).splitlines()
    assert [a == b for a, b in zip(pid[:4], host[:4], strict=True)] == [False, True, False, True]


def test_containers_that_share_their_processes(node, pods):
    spec = {"shareProcessNamespace": True}
    pods.create("share", container("a", f"sleep 98765 & {FOREVER}"), container("b"), **spec)
    pods.wait_ready("share")
    assert "sleep 98765" in execute(pods, "share", "b", "ps")
    assert "catatonit" in execute(pods, "share", "b", "cat /proc/1/cmdline")
    before = pods.status("share", "a")["restartCount"]
    execute(pods, "share", "b", "kill -9 $(pidof sleep | tr ' ' '\\n' | sort -n | head -1); true")
    assert pods.status("share", "a")["restartCount"] == before
    # Whoever ends the holder of the namespace ends all in it; the Pod comes back.
    execute(pods, "share", "b", "echo")
    holder = node.run(["sh", "-c", f"podman inspect -f '{{{{.State.Pid}}}}' {pods.namespace}_share_POD"]).stdout.strip()
    node.run(["kill", "-9", holder])
    node.wait_for("it starts again", lambda: pods.status("share", "a")["restartCount"] > before, 30)
    pods.wait_ready("share", timeout=40)
    assert re.search(r"\d+ .*sleep 98765", execute(pods, "share", "b", "ps"))
    pods.delete("share")
    assert pods.traces() == []


def test_user_namespaces(node, pods):
    """One for each Pod, to which its network belongs; what root owns on the node, root owns in it."""
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"key": "value"}}
    pods.apply(data)
    mounts = [{"name": "m", "mountPath": "/m"}, {"name": "e", "mountPath": "/e"}]
    volumes = [{"name": "m", "configMap": {"name": "m", "defaultMode": 0o400}}, {"name": "e", "emptyDir": {}}]
    admin = {"capabilities": {"add": ["NET_ADMIN"]}}
    spec = {"hostUsers": False, "volumes": volumes}
    one = container("a", f"echo hi > /e/f; {FOREVER}", volumeMounts=mounts, securityContext=admin)
    pods.create("one", one, container("b", volumeMounts=mounts), **spec)
    pods.create("two", container("a"), hostUsers=False, shareProcessNamespace=True)
    pods.wait_ready("one")
    pods.wait_ready("two")
    show = "readlink /proc/self/ns/user; cat /proc/self/uid_map; id -u"
    first, second, other = (execute(pods, *of, show).split() for of in (("one", "a"), ("one", "b"), ("two", "a")))
    assert first == second
    assert (first[1], first[3], first[4]) == ("0", "65536", "0")
    assert first[0] != other[0]
    assert abs(int(first[2]) - int(other[2])) >= 65536
    assert min(int(first[2]), int(other[2])) >= 65536
    assert execute(pods, "one", "b", "cat /m/key /e/f; stat -c %u /e/f /m/key").split() == ["valuehi", "0", "0"]
    assert execute(pods, "one", "a", "ip link set lo down; ip link set lo up; echo ok") == "ok\n"
    assert execute(pods, "one", "a", "cat /sys/class/net/eth0/operstate") == "up\n"
    assert execute(pods, "two", "a", "ps").count("catatonit") == 1
    uid = pods.get("one")["metadata"]["uid"]
    pid = node.read(f"/run/ukube/pods/{uid}/a.pid").strip()
    assert int(node.run(["stat", "-c", "%u", f"/proc/{pid}"]).stdout) >= 65536
    pods.delete("one")
    pods.delete("two")
    assert pods.traces() == []


def test_unmasked_proc(pods):
    asked = {"procMount": "Unmasked"}
    script = "mount | grep -c ' on /proc/'; true"
    assert said(pods, "un", container("c", script, securityContext=asked), hostUsers=False) == "0\n"
    assert int(said(pods, "masked", container("c", script), hostUsers=False)) > 0


def test_runtime_classes(node, pods):
    kind = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass"}
    names = {"crun": f"{pods.namespace}-crun", "no-such": f"{pods.namespace}-none"}
    pods.apply(*({**kind, "metadata": {"name": name}, "handler": handler} for handler, name in names.items()))
    try:
        assert said(pods, "usual", container("c", "echo ok"), runtimeClassName=names["crun"]) == "ok\n"
        pods.create("unknown", container("c"), runtimeClassName=names["no-such"])
        message = 'Failed to create pod sandbox: failed to get sandbox runtime: no runtime for "no-such" is configured'
        node.wait_for("its Event", lambda: ("FailedCreatePodSandBox", message) in pods.events("unknown"))
        assert (pods.phase("unknown"), pods.waiting("unknown", "c")) == ("Pending", "ContainerCreating")
    finally:
        for name in names.values():
            node.kubectl("delete", "runtimeclass", name)


def test_it_all_comes_back_after_a_reboot(node, pods):
    sysctl = {"sysctls": [{"name": "net.ipv4.tcp_keepalive_time", "value": "601"}]}
    asked = {"runAsUser": 1000, "runAsGroup": 1001, "capabilities": {"add": ["NET_ADMIN"]}}
    spec = {"hostUsers": False, "shareProcessNamespace": True, "securityContext": sysctl}
    pods.create("back", container("a", securityContext=asked), container("b"), **spec)
    pods.wait_ready("back")
    show = f"cat /proc/self/uid_map /proc/sys/net/ipv4/tcp_keepalive_time; {FACTS}; ps | grep -c catatoni[t]"
    before = execute(pods, "back", "a", show)
    assert "601\n" in before
    node.wait_for("it is sealed", lambda: node.run(["sh", "-c", "ls /var/lib/ukube/pods/*/sealed"], check=False).stdout)
    node.reboot()
    words = ["exec", "back", "-n", pods.namespace, "-c", "a", "--", "sh", "-c", show]
    node.wait_for("it is as before", lambda: node.kubectl(*words, check=False).stdout == before, 40)
