"""What whoever may create Pods tries in order to get out of them: by names, texts, paths, links, images."""

from typing import Any

import pytest

from operators.pod.paths import Paths
from operators.pod.units import security
from operators.pod.units.parts import Machine
from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, IMAGE, Pods, container

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
MARK = "/run/escaped"
TEXTS = (
    f"x\nExecStartPre=/bin/touch {MARK}\n[Service]\nUser=root",
    f"$(touch {MARK})`touch {MARK}`;touch {MARK}",
    f"%n %h ${{INVOCATION_ID}} $HOME \\\"' ,ro=false,source=/ {MARK}",
    "--privileged",
)


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    node.run(["rm", "-rf", MARK])
    return Pods(node, namespace)


@pytest.fixture
def restricted(node: TestNode, pods: Pods) -> Pods:
    node.kubectl("label", "namespace", pods.namespace, "pod-security.kubernetes.io/enforce=restricted")
    return pods


def nothing_escaped(node: TestNode) -> bool:
    return node.run(["ls", "-d", MARK], check=False).stdout == ""


def execute(pods: Pods, name: str, script: str, of: str = "c") -> str:
    words = ["exec", name, "-n", pods.namespace, "-c", of, "--", "sh", "-c", script]
    return pods.node.kubectl(*words, check=False).stdout


def test_texts_stay_texts(node: TestNode, restricted: Pods) -> None:
    pods = restricted
    for index, text in enumerate(TEXTS):
        env = [{"name": "TEXT", "value": text}, {"name": f"A.{index}-b", "value": text}]
        script = 'for each; do printf "%s|" "$each"; done; printf "%s" "$TEXT"'
        plain = {
            **container("c", securityContext=RESTRICTED, env=env),
            "command": ["sh", "-c", script, text],
            "args": [text, "--", text],
        }
        manifest: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"t{index}", "annotations": {"a": text}},
            "spec": {"containers": [plain], "restartPolicy": "Never"},
        }
        pods.apply(manifest)
    for index, text in enumerate(TEXTS):
        pods.wait_phase(f"t{index}", "Succeeded")
        assert pods.logs(f"t{index}") == f"{text}|--|{text}|{text}"
    assert nothing_escaped(node)


@pytest.mark.parametrize("path", [f"/../../../..{MARK}", f"/tmp/a,source=/etc,dst={MARK}", '/tmp/"a" b\n'])
def test_paths_of_termination_messages(node: TestNode, restricted: Pods, path: str) -> None:
    pods = restricted
    asked = container("c", 'echo mine > "$FILE"', securityContext=RESTRICTED, terminationMessagePath=path)
    asked["env"] = [{"name": "FILE", "value": path}]
    pods.create("t", asked, restartPolicy="Never")
    node.wait_for("it has ended or cannot start", lambda: pods.phase("t") != "Pending" or pods.waiting("t", "c"))
    assert nothing_escaped(node)


def test_working_directories(node: TestNode, restricted: Pods) -> None:
    for index, path in enumerate((f"/../../..{MARK}", f"/a\nUser=root {MARK}")):
        restricted.create(
            f"w{index}", container("c", "pwd", securityContext=RESTRICTED, workingDir=path), restartPolicy="Never"
        )
    node.wait_for("they ended or cannot start", lambda: all(_is_settled(restricted, f"w{i}") for i in range(2)))
    assert nothing_escaped(node)


def _is_settled(pods: Pods, name: str) -> bool:
    return pods.phase(name) not in ("", "Pending") or pods.waiting(name, "c") not in ("", "ContainerCreating")


def test_sub_paths_that_lead_out(node: TestNode, restricted: Pods) -> None:
    """A link that one container makes, and another mounts."""
    pods = restricted
    volumes: list[dict[str, Any]] = [{"name": "v", "emptyDir": {}}]
    whole = [{"name": "v", "mountPath": "/v"}]
    part = [{"name": "v", "mountPath": "/got", "subPath": "link"}]
    for index, target in enumerate(("/etc", "/var/lib/ukube/apiserver", "../../../../../../../../etc", "/proc/1/root")):
        maker = container("i", f"ln -s {target} /v/link", volumeMounts=whole, securityContext=RESTRICTED)
        taker = container("c", FOREVER, volumeMounts=part, securityContext=RESTRICTED)
        pods.create(f"s{index}", taker, initContainers=[maker], volumes=volumes)
    node.wait_for(
        "they are kept", lambda: all(pods.waiting(f"s{i}", "c") not in ("", "PodInitializing") for i in range(4))
    )
    for index in range(4):
        assert pods.phase(f"s{index}") == "Pending"


def test_sub_paths_that_are_swapped_while_it_runs(node: TestNode, restricted: Pods) -> None:
    pods = restricted
    volumes: list[dict[str, Any]] = [{"name": "v", "emptyDir": {}}]
    whole = container("w", FOREVER, volumeMounts=[{"name": "v", "mountPath": "/v"}], securityContext=RESTRICTED)
    part = [{"name": "v", "mountPath": "/got", "subPath": "dir"}]
    pods.create("p", container("c", volumeMounts=part, securityContext=RESTRICTED), whole, volumes=volumes)
    pods.wait_ready("p")
    execute(pods, "p", "mv /v/dir /v/old; ln -s /etc /v/dir", of="w")
    uid = pods.get("p")["metadata"]["uid"]
    node.run(["sh", "-c", f"kill -9 $(cat /run/ukube/pods/{uid}/c.pid)"])
    node.wait_for("it is kept", lambda: pods.waiting("p", "c") != "", 20)
    assert "machine-id" not in execute(pods, "p", "ls /got")


def test_a_privileged_looking_pod_is_refused(node: TestNode, restricted: Pods) -> None:
    for own in ({"privileged": True}, {"procMount": "Unmasked"}, {"capabilities": {"add": ["SYS_ADMIN"]}}, {}):
        body = container("c", securityContext={**RESTRICTED, **own} if own else {})
        with pytest.raises(pytest.fail.Exception, match=r"[Ff]orbidden|Invalid"):
            restricted.create("no", body)


def test_nothing_of_the_node_is_in_reach(node: TestNode, restricted: Pods) -> None:
    pods = restricted
    pods.create("p", container("c", securityContext=RESTRICTED), shareProcessNamespace=True)
    pods.wait_ready("p")
    script = """
        ls -d /run/* /run/ukube /run/podman /run/dbus /run/systemd /var/lib/ukube /var/lib/containers | tr '\\n' ' '
        for pid in /proc/[0-9]*; do cat "$pid/root/etc/shadow" "$pid/environ" 2>/dev/null | grep -a -c ukube; done
        cat /proc/kcore /proc/keys /proc/timer_list /proc/sysrq-trigger 2>/dev/null | head -c 10
        echo 1 > /proc/sys/kernel/hostname; echo b > /proc/sysrq-trigger; mount -t tmpfs x /mnt; mknod /tmp/x b 254 0
        dmesg; unshare -U true; nsenter -t 1 -m true"""
    assert execute(pods, "p", f"({script}) 2>/dev/null").strip(" \n0") == ""


def test_the_holder_of_processes_shows_nothing(node: TestNode, pods: Pods) -> None:
    asked = {"capabilities": {"add": ["SYS_PTRACE"]}}
    pods.create("p", container("c", securityContext=asked), shareProcessNamespace=True)
    pods.wait_ready("p")
    assert execute(pods, "p", "ls /proc/1/root/").split() == ["catatonit", "dev", "etc", "proc", "run", "sys"]
    assert execute(pods, "p", "ls /proc/1/root/../../../etc /proc/1/cwd/..").split().count("catatonit") == 1
    assert "passwd" not in execute(pods, "p", "find /proc/1/root/etc /proc/1/root/run")
    assert execute(pods, "p", "grep CapBnd /proc/1/status").split()[1] == "0" * 16
    assert "ukube" not in execute(pods, "p", "cat /proc/1/environ | tr '\\0' '\\n' | grep -v container_uuid")


def test_devices_made_inside_are_dead(node: TestNode, pods: Pods) -> None:
    """The capability to make devices is upstream's default; what they lead to is not reached."""
    disk = node.run(["sh", "-c", "awk 'NR > 2 {print $1, $2; exit}' /proc/partitions"]).stdout.split() or ["8", "0"]
    pods.create("p", container("c"))
    pods.wait_ready("p")
    script = f"mknod /d b {disk[0]} {disk[1]}; head -c 1 /d | wc -c; mknod /m c 1 1; head -c 1 /m | wc -c"
    assert execute(pods, "p", f"({script}) 2>/dev/null").split() == ["0", "0"]


@pytest.fixture(scope="module")
def evil(node: TestNode) -> str:
    """An image full of links that lead out, with a health check and a volume."""
    node.run(["sh", "-c", f"mkdir -p {MARK}.secret; echo uuuh:x:0:0:::/bin/sh > {MARK}.secret/passwd"])
    script = f"""
        cid=$(podman create localhost/busybox:latest sh); root=$(podman mount "$cid")
        rm "$root/etc/passwd"; ln -s {MARK}.secret/passwd "$root/etc/passwd"
        ln -s ../../../../../../../../../../run "$root/out"; mkdir "$root/etc/keep"
        ln -s ../../../../../../../../../..{MARK} "$root/etc/hosts"
        podman umount "$cid" >/dev/null
        podman commit -q --format docker --change 'HEALTHCHECK --interval=1s CMD true' --change 'VOLUME /data' \\
            --change 'STOPSIGNAL SIGTERM' "$cid" localhost/evil:latest >/dev/null
        podman rm -f "$cid" >/dev/null"""
    node.run(["sh", "-ec", script], timeout=60)
    return "localhost/evil:latest"


def test_links_of_an_image(node: TestNode, pods: Pods, evil: str) -> None:
    volumes: list[dict[str, Any]] = [{"name": "v", "emptyDir": {}}]
    mounts = [{"name": "v", "mountPath": "/out/escaped"}]
    asked = {
        **container("c", FOREVER, volumeMounts=mounts),
        "image": evil,
        "terminationMessagePath": "/out/escaped-log",
    }
    pods.create("links", asked, volumes=volumes)
    node.wait_for(
        "it settles", lambda: pods.ready("links") or pods.waiting("links", "c") not in ("", "ContainerCreating")
    )
    assert nothing_escaped(node)
    assert node.run(["ls", f"{MARK}-log"], check=False).stdout == ""


def test_users_are_not_read_through_links(node: TestNode, pods: Pods, evil: str) -> None:
    pods.create(
        "user", {**container("c", "id -u", securityContext={"runAsUser": 7}), "image": evil}, restartPolicy="Never"
    )
    node.wait_for("it settles", lambda: _is_settled(pods, "user"))
    assert "uid" not in str(pods.status("user", "c").get("user") or "").replace("'uid': 7", "")


def test_health_checks_and_volumes_of_an_image(node: TestNode, pods: Pods, evil: str) -> None:
    volumes = node.run(["podman", "volume", "ls", "-q"]).stdout
    setup = {**container("i", "echo x > /data/x"), "image": evil}
    pods.create("checked", {**container("c", f"echo x > /data/x; {FOREVER}"), "image": evil}, initContainers=[setup])
    pods.wait_ready("checked")
    timers = node.run(["systemctl", "list-timers", "--all", "--no-legend", "--plain"]).stdout
    cid = pods.status("checked", "c")["containerID"].removeprefix("podman://")
    assert cid not in timers
    assert node.run(["podman", "volume", "ls", "-q"]).stdout != volumes
    uid = pods.get("checked")["metadata"]["uid"]
    node.run(["sh", "-c", f"kill -9 $(cat /run/ukube/pods/{uid}/c.pid)"])
    pods.delete("checked")
    assert node.run(["podman", "volume", "ls", "-q"]).stdout == volumes


def test_files_that_a_vendor_mounts_everywhere(node: TestNode) -> None:
    """SUSE and Red Hat have podman show the machine's subscription to every container, but for this option."""
    node.write(f"{MARK}.secret/credentials", "subscription")
    node.write("/usr/share/containers/mounts.conf", f"{MARK}.secret:/run/secrets\n")
    options = list(security.options(Machine(Paths(), has_default_mounts=True)))
    show = ["run", "--rm", "--net=none", "--cgroups=disabled", IMAGE, "ls", "/run/secrets"]
    try:
        assert "credentials" in node.run(["podman", *show]).stdout
        assert "No such file" in node.run(["podman", *options, *show], check=False).stderr
    finally:
        node.run(["rm", "/usr/share/containers/mounts.conf"])
