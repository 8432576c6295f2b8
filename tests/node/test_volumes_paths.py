"""Sub paths of volumes on a node: where they come from, hostile ones, after a boot; how mounts propagate."""

import time

import pytest

from deploy.sandbox import node as sandbox
from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, Pods, container


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    return Pods(node, namespace)


def mount(name: str, path: str, **fields) -> dict:
    return {"name": name, "mountPath": path, **fields}


def sh(pods: Pods, pod: str, script: str, of: str = "c") -> str:
    return pods.node.kubectl("exec", pod, "-c", of, "-n", pods.namespace, "--", "sh", "-c", script).stdout


SHARED = [{"name": "v", "emptyDir": {}}]


def from_annotation(name: str) -> list[dict]:
    return [{"name": "SUB", "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{name}']"}}}]


def test_what_an_init_container_makes_is_mounted(pods: Pods) -> None:
    """A file, and a link within the volume; neither is there before the init container has run."""
    init = container("i", "echo text > /v/file; mkdir /v/real; ln -s real /v/link", volumeMounts=[mount("v", "/v")])
    shown = [mount("v", "/file", subPath="file"), mount("v", "/link", subPath="link/new")]
    user = {"runAsUser": 1000}
    pods.create("p", container("c", volumeMounts=shown, securityContext=user), initContainers=[init], volumes=SHARED)
    pods.wait_ready("p")
    assert sh(pods, "p", "cat /file; touch /link/x; stat -c %a /link") == "text\n777\n"


def test_a_failing_expression_is_mended_by_an_annotation(pods: Pods) -> None:
    env = from_annotation("sub")
    shown = [mount("v", "/part", subPathExpr="$(SUB)"), mount("v", "/v")]
    for annotation, message in [
        ("/abs", "error SubPath `/abs` must not be an absolute path"),
        ("", "missing value for SUB"),
    ]:
        name = f"p{len(annotation)}"
        manifest = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "annotations": {"sub": annotation}},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [container("c", env=env, volumeMounts=shown)],
                "volumes": SHARED,
            },
        }
        pods.apply(manifest)
        pods.node.wait_for("it waits", lambda n=name: pods.waiting(n, "c") == "CreateContainerConfigError")
        assert pods.status(name, "c")["state"]["waiting"]["message"] == message
        assert ("Failed", f"Error: {message}") in pods.events(name)
        pods.node.kubectl("annotate", "pod", name, "sub=good", "--overwrite", "-n", pods.namespace)
        pods.wait_ready(name, timeout=6)
        assert sh(pods, name, "touch /part/x; ls /v/good") == "x\n"
        assert pods.status(name, "c")["restartCount"] == 0


def test_links_out_of_the_volume_are_refused(pods: Pods) -> None:
    init = container("i", "ln -s /etc /v/out", volumeMounts=[mount("v", "/v")])
    shown = [mount("v", "/x", subPath="out/ukube-planted")]
    pods.create("p", container("c", volumeMounts=shown), initContainers=[init], volumes=SHARED)
    message = 'failed to prepare subPath for volumeMount "v" of container "c"'
    pods.node.wait_for("it waits", lambda: pods.waiting("p", "c") == "CreateContainerConfigError")
    assert pods.status("p", "c")["state"]["waiting"]["message"] == message
    assert pods.node.run(["test", "-e", "/etc/ukube-planted"], check=False).returncode == 1
    pods.node.wait_for("it is told", lambda: ("Failed", f"Error: {message}") in pods.events("p"))


def test_a_race_for_a_sub_path_is_lost(pods: Pods) -> None:
    """One container swaps folder, link to a folder and link to a file, as fast as it can, while another starts."""
    node = pods.node
    node.run(["sh", "-c", "mkdir -p /srv/treasure; echo gold > /srv/treasure/file; rm -rf /srv/treasure/new"])
    swap = """
        cd /v; mkdir -p real; echo mine > real/file; echo f > f
        ln -s /srv/treasure out; ln -s /srv/treasure/file outfile
        while :; do
            mv -T real sub 2>/dev/null; mv -T sub real; mv -T out sub; mv -T sub out
            mv -T f single; mv -T single f; mv -T outfile single; mv -T single outfile
        done"""
    steal = "cat /sub/file /single 2>/dev/null; touch /sub/new; exit 1"
    shown = [mount("v", "/sub", subPath="sub"), mount("v", "/single", subPath="single")]
    pods.create(
        "p", container("swapper", swap, volumeMounts=[mount("v", "/v")]),
        container("c", steal, volumeMounts=shown), volumes=SHARED, terminationGracePeriodSeconds=0,
    )  # fmt: skip
    pods.node.wait_for("it swaps", lambda: pods.status("p", "swapper")["state"].get("running"))
    unit, uid = pods.unit("p", "c"), pods.get("p")["metadata"]["uid"]
    state, run = f"/var/lib/ukube/pods/{uid}", f"/run/ukube/pods/{uid}"
    # The script itself, again and again, is quicker than the unit with podman in it.
    script = f"""
        systemctl stop {unit}; good=0
        for n in $(seq 60); do
            /var/lib/ukube/libexec/mounts.sh {state}/mounts/c {run}/pins/c c 2>/dev/null && good=$((good + 1))
            cat {run}/pins/c/*/file {run}/pins/c/[01] 2>/dev/null | grep -c gold
        done | sort | uniq -c
        ls /srv/treasure"""
    found = node.run(["sh", "-c", script], timeout=90).stdout.split()
    assert found == ["60", "0", "file"]
    assert "gold" not in pods.logs("p", "-c", "c")


def test_propagation(pods: Pods) -> None:
    node = pods.node
    node.run(["sh", "-c", "mkdir -p /srv/prop; grep -q ' /srv/prop ' /proc/mounts || mount -t tmpfs tmpfs /srv/prop"])
    node.run(["sh", "-c", "mount --make-shared /srv/prop; mkdir -p /srv/prop/part /srv/prop/in /srv/prop/part/deep"])
    volumes = [{"name": "v", "hostPath": {"path": "/srv/prop"}}]

    def one(name: str, mode: str, **fields) -> dict:
        return container(name, volumeMounts=[mount("v", "/v", mountPropagation=mode)], **fields)

    part = container("part", volumeMounts=[mount("v", "/v", subPath="part", mountPropagation="HostToContainer")])
    try:
        shared = one("shared", "Bidirectional", securityContext={"privileged": True})
        pods.create("p", one("c", "None"), one("slave", "HostToContainer"), part, shared, volumes=volumes)
        pods.wait_ready("p")
        node.run(["mount", "-t", "tmpfs", "fromhost", "/srv/prop/in"])
        node.run(["mount", "-t", "tmpfs", "fromhost", "/srv/prop/part/deep"])
        sh(pods, "p", "mkdir /v/out; mount -t tmpfs fromcontainer /v/out", "shared")
        sees = {name: sh(pods, "p", "cat /proc/mounts", name) for name in ("c", "slave", "shared", "part")}
        assert {name: ("fromhost /v/in" in text, "fromcontainer /v/out" in text) for name, text in sees.items()} == {
            "c": (False, False), "slave": (True, True), "shared": (True, True), "part": (False, False),
        }  # fmt: skip
        assert "fromhost /v/deep" in sees["part"]
        assert "fromcontainer /srv/prop/out" in node.read("/proc/mounts")
        pods.delete("p")
        # What a sub path was bound from stays.
        assert "fromhost /srv/prop/part/deep" in node.read("/proc/mounts")
    finally:
        node.run(["sh", "-c", "umount -R -l /srv/prop; rm -rf /srv/prop"])


def test_it_boots_without_the_operators(pods: Pods) -> None:
    """Sub paths, volumes in memory and folders of the host are made by the units alone."""
    node = pods.node
    node.run(["rm", "-rf", "/run/volumes-test"])
    volumes = [
        {"name": "v", "emptyDir": {}},
        {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "2Mi"}},
        {"name": "h", "hostPath": {"path": "/run/volumes-test/a b", "type": "DirectoryOrCreate"}},
    ]
    shown = [
        mount("v", "/part", subPath="a b/$c"),
        mount("m", "/m"),
        mount("m", "/file", subPath="file"),
        mount("h", "/h"),
        mount("v", "/ro", readOnly=True, recursiveReadOnly="IfPossible"),
    ]
    init = container("i", "echo made >> /m/file", volumeMounts=[mount("m", "/m")])
    script = f"date >> /part/starts; {FOREVER}"
    pods.create("p", container("c", script, volumeMounts=shown), initContainers=[init], volumes=volumes)
    pods.wait_ready("p")
    assert sh(pods, "p", "wc -l < /part/starts; cat /file") == "1\nmade\n"
    found = {entry["mountPath"]: entry for entry in pods.status("p", "c")["volumeMounts"]}
    assert found["/ro"]["recursiveReadOnly"] == "Enabled"
    uid = pods.get("p")["metadata"]["uid"]
    kept = f"/var/lib/ukube/pods/{uid}/sealed"
    node.wait_for("it is sealed", lambda: node.run(["test", "-s", kept], check=False).returncode == 0)
    node.run(["systemctl", "disable", "ukube-operators.service"])
    try:
        sandbox.reboot(node.node)
        asked = ["systemctl", "is-active", pods.unit("p", "c")]
        node.wait_for("it runs", lambda: node.run(asked, check=False).stdout.strip() == "active")
        pid = node.read(f"/run/ukube/pods/{uid}/c.pid").strip()
        inside = f"/proc/{pid}/root"
        time.sleep(0.5)
        got = node.run(
            ["sh", "-c", f"wc -l < {inside}/part/starts; cat {inside}/file; grep -c ' /m ' /proc/{pid}/mounts"]
        )
        assert got.stdout == "2\nmade\n1\n"
        assert node.run(["touch", f"{inside}/ro/x"], check=False).returncode != 0
    finally:
        node.run(["systemctl", "enable", "--now", "ukube-operators.service"])
    node.wait_for("it is adopted", lambda: pods.status("p", "c").get("restartCount") == 1)
