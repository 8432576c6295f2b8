"""Volumes of Pods on a node: contents, modes, changes while the Pod runs, what is left when it is gone."""

import base64
import json
import time

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, IMAGE, Pods, container, machinery, manifest


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    return Pods(node, namespace)


def config_map(name: str, **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **data: str) -> dict:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


def sh(pods: Pods, pod: str, script: str, check: bool = True) -> str:
    """What a command prints in the Pod's first container."""
    return pods.node.kubectl("exec", pod, "-n", pods.namespace, "--", "sh", "-c", script, check=check).stdout


def replace(pods: Pods, obj: dict, verb: str = "replace") -> None:
    """For what is too large for apply's annotation."""
    pods.node.kubectl(verb, "-n", pods.namespace, "-f", "-", input=json.dumps(obj))


def within(seconds: float, check) -> float:
    """How long it took until `check` held."""
    begun = time.monotonic()
    while not check():
        assert time.monotonic() - begun < seconds, f"not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begun


def mount(name: str, path: str, **fields) -> dict:
    return {"name": name, "mountPath": path, **fields}


def projected(*sources: dict, **fields) -> dict:
    return {"projected": {"sources": list(sources), **fields}}


EVERY_KIND = [
    {"name": "disk", "emptyDir": {}},
    {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
    {"name": "settings", "configMap": {"name": "settings"}},
    {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o400}},
    {"name": "about", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    {"name": "host", "hostPath": {"path": "/srv/volumes-test", "type": "DirectoryOrCreate"}},
    {"name": "image", "image": {"reference": IMAGE, "pullPolicy": "IfNotPresent"}},
    {
        "name": "all",
        **projected(
            {"configMap": {"name": "settings", "items": [{"key": "a", "path": "x/a"}]}},
            {"secret": {"name": "keys"}},
            {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 600}},
        ),
    },
]
EVERYWHERE = [mount(volume["name"], f"/v/{volume['name']}") for volume in EVERY_KIND]
IN_PART = [
    mount("disk", "/s/disk", subPath="a/b"),
    mount("memory", "/s/memory", subPathExpr="$(HOME)-x"),
    mount("settings", "/s/settings", subPath="a"),
    mount("image", "/s/image", subPath="bin"),
    mount("host", "/s/host", readOnly=True, recursiveReadOnly="Enabled"),
]
ENV = [{"name": "HOME", "value": "h"}]


def test_every_kind(pods: Pods) -> None:
    pods.apply(config_map("settings", a="one", b="two"), secret("keys", password="hush"))
    pods.create("p", container("c", volumeMounts=EVERYWHERE + IN_PART, env=ENV), volumes=EVERY_KIND)
    pods.wait_ready("p")
    assert sh(pods, "p", "cat /v/settings/a /v/keys/password /v/about/name /v/all/x/a /v/all/password") == (
        "onehushponehush"
    )
    assert sh(pods, "p", "stat -c %a /v/disk /v/memory /s/disk; stat -Lc %a /v/keys/password").split() == [
        "777", "777", "777", "400",
    ]  # fmt: skip
    assert sh(pods, "p", "cat /s/settings; ls /s/image | grep -cx busybox") == "one1\n"
    mounts = {line.split()[1]: line.split() for line in sh(pods, "p", "cat /proc/mounts").splitlines()}
    assert (mounts["/v/memory"][2], "size=1024k" in mounts["/v/memory"][3]) == ("tmpfs", True)
    assert mounts["/v/keys"][2] == "tmpfs"
    for path in ("/v/keys", "/v/settings", "/v/about", "/v/all", "/v/image", "/s/image", "/s/host"):
        assert mounts[path][3].startswith("ro,"), path
    claims = json.loads(base64.urlsafe_b64decode(sh(pods, "p", "cat /v/all/token").split(".")[1] + "=="))
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (["vault"], 600)
    found = {entry["mountPath"]: entry for entry in pods.status("p", "c")["volumeMounts"]}
    assert found["/s/host"] == {
        "name": "host", "mountPath": "/s/host", "readOnly": True, "recursiveReadOnly": "Enabled",
    }  # fmt: skip
    # Of the secret nothing but the sealed copy is on the disk.
    places = "/var/lib/ukube/pods /var/lib/containers/storage/overlay-containers /etc/systemd/system"
    assert pods.node.run(["sh", "-c", f"grep -rl hush {places}; true"]).stdout == ""


def test_changes_are_in_the_files_within_two_seconds(pods: Pods) -> None:
    pods.apply(config_map("settings", a="1", gone="x"), secret("keys", password="1"), config_map("passing", k="v"))
    sources = [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
        {
            "name": "all",
            **projected(
                {"configMap": {"name": "later", "optional": True}},
                {"configMap": {"name": "passing", "optional": True}},
                {
                    "downwardAPI": {
                        "items": [
                            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                            {"path": "notes", "fieldRef": {"fieldPath": "metadata.annotations"}},
                        ]
                    }
                },
            ),
        },
    ]
    shown = [mount(source["name"], f"/v/{source['name']}") for source in sources]
    pods.create("p", container("c", volumeMounts=[*shown, mount("settings", "/one", subPath="a")]), volumes=sources)
    pods.wait_ready("p")
    node, uid = pods.node, pods.get("p")["metadata"]["uid"]

    def root(volume: str) -> str:
        kind = "kubernetes.io~" + {"settings": "configmap", "keys": "secret", "all": "projected"}[volume]
        base = "/run/ukube/pods" if volume == "keys" else "/var/lib/ukube/pods"
        return f"{base}/{uid}/volumes/{kind}/{volume}"

    def reads(volume: str, path: str, text: str) -> bool:
        return node.run(["cat", f"{root(volume)}/{path}"], check=False).stdout == text

    def lists(volume: str) -> set[str]:
        return set(node.run(["ls", root(volume)]).stdout.split())

    def kubectl(*words: str) -> None:
        node.kubectl(*words, "-n", pods.namespace)

    took = {}
    before = node.run(["readlink", f"{root('settings')}/..data"]).stdout
    pods.apply(config_map("settings", a="2", new="y"))
    took["ConfigMap"] = within(2, lambda: reads("settings", "a", "2"))
    assert lists("settings") == {"a", "new"}
    assert node.run(["readlink", f"{root('settings')}/..data"]).stdout != before
    assert sh(pods, "p", "cat /v/settings/a /one") == "21", "a sub path keeps what it began with"
    pods.apply(secret("keys", password="2"))
    took["Secret"] = within(2, lambda: reads("keys", "password", "2"))
    kubectl("label", "pod", "p", "color=green")
    took["label"] = within(2, lambda: reads("all", "labels", 'color="green"'))
    kubectl("annotate", "pod", "p", "a/b=1\n2")
    took["annotation"] = within(2, lambda: 'a/b="1\\n2"' in node.read(f"{root('all')}/notes"))
    pods.apply(config_map("later", l="here"))
    took["optional comes"] = within(2, lambda: reads("all", "l", "here"))
    kubectl("delete", "configmap", "passing")
    took["optional goes"] = within(2, lambda: "k" not in lists("all"))
    assert sh(pods, "p", "cat /v/all/l; ls /v/all") == "here" + "l\nlabels\nnotes\n"
    print({what: round(seconds, 2) for what, seconds in took.items()})
    assert pods.status("p", "c")["restartCount"] == 0


def test_what_becomes_unavailable_is_used_on(pods: Pods) -> None:
    pods.apply(config_map("settings", a="1"), config_map("other", b="1"))
    sources = [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "other", "configMap": {"name": "other"}},
    ]
    shown = [mount(source["name"], f"/v/{source['name']}") for source in sources]
    pods.create("p", container("c", volumeMounts=shown), volumes=sources)
    pods.wait_ready("p")
    pods.node.kubectl("delete", "configmap", "settings", "-n", pods.namespace)
    message = 'MountVolume.SetUp failed for volume "settings" : configmap "settings" not found'
    pods.node.wait_for("it is told", lambda: ("FailedMount", message) in pods.events("p"))
    pods.apply(config_map("other", b="2"))
    within(3, lambda: sh(pods, "p", "cat /v/settings/a /v/other/b") == "12")
    sh(pods, "p", "kill 1", check=False)
    pods.node.wait_for("it is started again", lambda: pods.status("p", "c")["restartCount"] == 1)
    pods.wait_ready("p")


def test_what_is_missing_is_waited_for(pods: Pods) -> None:
    sources = [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
        {"name": "wire", "nfs": {"server": "nowhere", "path": "/"}},
    ]
    pods.create("p", container("c"), volumes=sources[:2])
    pods.create("never", container("c"), volumes=sources[2:])
    for pod, volume, cause in [
        ("p", "settings", 'configmap "settings" not found'),
        ("p", "keys", 'secret "keys" not found'),
        ("never", "wire", "nfs volumes are not supported on this node"),
    ]:
        message = f'MountVolume.SetUp failed for volume "{volume}" : {cause}'
        pods.node.wait_for(message, lambda p=pod, m=message: ("FailedMount", m) in pods.events(p), 10)
    assert pods.waiting("p", "c") == "ContainerCreating"
    pods.apply(config_map("settings", a="1"))
    pods.apply(secret("keys", password="1"))
    pods.wait_ready("p", timeout=6)


def test_modes_and_owners(pods: Pods) -> None:
    pods.apply(config_map("settings", a="1"), secret("keys", password="hush"))
    token = {"serviceAccountToken": {"path": "token"}}
    sources = [
        {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o440}},
        {
            "name": "settings",
            "configMap": {"name": "settings", "items": [{"key": "a", "path": "d/a", "mode": 0o400}]},
        },
        {"name": "token", **projected(token)},
        {"name": "disk", "emptyDir": {}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
    ]
    shown = [mount(source["name"], f"/v/{source['name']}") for source in sources]
    script = (
        "cd /v; stat -Lc '%n %a %u %g' keys/password settings/d/a settings/d token/token disk memory;"
        "touch disk/f memory/f; stat -c '%n %g' disk/f memory/f; cat keys/password settings/d/a token/token >/dev/null"
    )
    user = {"runAsUser": 1000, "fsGroup": 1001}
    pods.create(
        "p", container("c", script, volumeMounts=shown), volumes=sources, securityContext=user, restartPolicy="Never"
    )
    pods.wait_phase("p", "Succeeded")
    assert pods.logs("p").splitlines() == [
        "keys/password 440 0 1001",
        "settings/d/a 440 0 1001",
        "settings/d 2755 0 1001",
        "token/token 640 1000 1001",
        "disk 2777 0 1001",
        "memory 2777 0 1001",
        "disk/f 1001",
        "memory/f 1001",
    ]


def test_host_paths(pods: Pods) -> None:
    node = pods.node
    node.run(["sh", "-c", "mkdir -p /srv/h; echo hi > /srv/h/file; rm -rf /srv/h/new /srv/h/any"])
    good = [("Directory", "/srv/h"), ("File", "/srv/h/file"), ("DirectoryOrCreate", "/srv/h/new/deep"),
            ("FileOrCreate", "/srv/h/newfile"), ("Socket", "/run/dbus/system_bus_socket"), ("CharDevice", "/dev/null"),
            ("", "/srv/h/any")]  # fmt: skip
    volumes = [{"name": f"v{n}", "hostPath": {"path": path, "type": kind}} for n, (kind, path) in enumerate(good)]
    shown = [mount(f"v{n}", f"/v{n}") for n in range(len(good))]
    pods.create("p", container("c", volumeMounts=shown), volumes=volumes)
    pods.wait_ready("p")
    assert sh(pods, "p", "cat /v0/file /v1; stat -c %F /v2 /v3 /v4 /v5 /v6").splitlines() == [
        "hi", "hi", "directory", "regular empty file", "socket", "character special file", "directory",
    ]  # fmt: skip
    bad = [
        ("Directory", "/srv/h/file", "a directory"),
        ("File", "/srv/h", "a file"),
        ("Socket", "/srv", "a socket file"),
        ("CharDevice", "/srv", "a character device"),
        ("BlockDevice", "/dev/null", "a block device"),
    ]
    volumes = [{"name": f"v{n}", "hostPath": {"path": path, "type": kind}} for n, (kind, path, _) in enumerate(bad)]
    pods.create("q", container("c"), volumes=volumes)
    for n, (_, path, what) in enumerate(bad):
        text = f'MountVolume.SetUp failed for volume "v{n}" : hostPath type check failed: {path} is not {what}'
        node.wait_for(text, lambda t=text: ("FailedMount", t) in pods.events("q"), 10)


def test_immutable_objects_are_not_followed(pods: Pods) -> None:
    pods.apply({**config_map("fixed", a="1"), "immutable": True})
    volumes = [{"name": "v", "configMap": {"name": "fixed"}}]
    pods.create("p", container("c", volumeMounts=[mount("v", "/v")]), volumes=volumes)
    pods.wait_ready("p")
    assert sh(pods, "p", "cat /v/a") == "1"
    pods.node.kubectl("delete", "configmap", "fixed", "-n", pods.namespace)
    pods.apply(config_map("fixed", a="2"))
    pods.create("q", container("c", volumeMounts=[mount("v", "/v")]), volumes=volumes)
    pods.wait_ready("q")
    assert sh(pods, "q", "cat /v/a") == "2", "one of that name may be another by now"


def test_image_volumes(pods: Pods) -> None:
    volumes = [{"name": "v", "image": {"reference": "localhost/none:1", "pullPolicy": "Never"}}]
    pods.create("p", container("c", volumeMounts=[mount("v", "/v")]), volumes=volumes)
    pods.node.wait_for("it waits", lambda: pods.waiting("p", "c") == "ErrImageNeverPull")
    assert pods.status("p", "c")["state"]["waiting"]["message"] == (
        'Container image "localhost/none:1" is not present with pull policy of Never'
    )
    present = [{"name": "v", "image": {"reference": IMAGE, "pullPolicy": "IfNotPresent"}}]
    pods.create("q", container("c", volumeMounts=[mount("v", "/v", subPath="none")]), volumes=present)
    pods.node.wait_for("it fails", lambda: pods.waiting("q", "c") in ("RunContainerError", "CrashLoopBackOff"))


def test_a_full_disk_is_told_and_waited_for(pods: Pods) -> None:
    """The Pod's folder is on a file system that is full when its files are written."""
    node = pods.node
    replace(pods, config_map("large", data="x" * 600_000), "create")
    pods.create(
        "p",
        container("c", volumeMounts=[mount("v", "/v")]),
        volumes=[{"name": "v", "configMap": {"name": "large", "optional": True}}],
    )
    pods.wait_ready("p")
    folder = f"/var/lib/ukube/pods/{pods.get('p')['metadata']['uid']}/volumes/kubernetes.io~configmap"
    node.run(
        ["sh", "-c", f"cp -a {folder} /tmp/kept; mount -t tmpfs -o size=1m tmpfs {folder}; cp -a /tmp/kept/. {folder}"]
    )
    try:
        replace(pods, config_map("large", data="y" * 700_000))
        node.wait_for("it is told", lambda: any("no space left on device" in m for _, m in pods.events("p")))
        assert node.run(["sh", "-c", f"ls -A {folder}/v | wc -l; head -c 1 {folder}/v/data"]).stdout == "3\nx"
        node.run(["mount", "-o", "remount,size=9m", folder])
        within(13, lambda: node.run(["head", "-c", "1", f"{folder}/v/data"]).stdout == "y")
        assert node.run(["sh", "-c", f"ls -A {folder}/v | wc -l"]).stdout == "3\n"
    finally:
        node.run(["sh", "-c", f"umount -l {folder}; rm -rf /tmp/kept"])


def test_a_pod_that_has_ended_holds_no_memory(pods: Pods) -> None:
    pods.apply(config_map("settings", a="one", b="two"), secret("keys", password="hush"))
    script = "echo data > /v/disk/file; head -c 500000 /dev/zero > /v/memory/file"
    pods.create(
        "p",
        container("c", script, volumeMounts=EVERYWHERE + IN_PART, env=ENV),
        volumes=EVERY_KIND,
        restartPolicy="Never",
    )
    pods.wait_phase("p", "Succeeded")
    uid, node = pods.get("p")["metadata"]["uid"], pods.node
    held = ["sh", "-c", f"grep -c {uid} /proc/mounts; ls -d /run/ukube/pods/{uid}/volumes"]
    node.wait_for("it is unmounted", lambda: node.run(held, check=False).stdout == "0\n", 10)
    kept = f"/var/lib/ukube/pods/{uid}/volumes/kubernetes.io~empty-dir/disk/file"
    assert node.read(kept) == "data\n"
    pods.delete("p")
    # The object of a Pod that has ended goes at once, what it had a moment later.
    node.wait_for("its files are gone", lambda: node.run(["ls", kept], check=False).returncode != 0, 10)


def test_nothing_is_left_after_many_pods(pods: Pods) -> None:
    """Fifty of them, with every kind of volume."""
    pods.apply(config_map("settings", a="one", b="two"), secret("keys", password="hush"))
    node = pods.node
    before = machinery(node)
    tmpfs = node.run(["grep", "-c", "^tmpfs", "/proc/mounts"]).stdout
    spec = {"volumes": EVERY_KIND, "restartPolicy": "Never", "terminationGracePeriodSeconds": 0}
    shown = EVERYWHERE + IN_PART
    for turn in range(5):
        scripts = {f"p{turn}-{number}": "exit 0" if number % 2 else FOREVER for number in range(10)}
        made = [
            manifest(name, container("c", script, volumeMounts=shown, env=ENV), **spec)
            for name, script in scripts.items()
        ]
        replace(pods, {"apiVersion": "v1", "kind": "List", "items": made}, "create")
        node.wait_for(
            "they run or are done",
            lambda names=tuple(scripts): all(pods.phase(name) in ("Running", "Succeeded") for name in names),
            60,
        )
        node.kubectl("delete", "pods", "--all", "-n", pods.namespace, "--timeout=60s", timeout=70)
    # Without a grace period the objects are gone before what they had is.
    node.wait_for("all is as before", lambda: machinery(node) == before, 20)
    assert node.run(["grep", "-c", "^tmpfs", "/proc/mounts"]).stdout == tmpfs


def test_fifty_config_maps_in_each_of_five_pods(pods: Pods) -> None:
    maps = [config_map(f"m{n}", data=str(n)) for n in range(50)]
    replace(pods, {"apiVersion": "v1", "kind": "List", "items": maps}, "create")
    volumes = [{"name": f"m{n}", "configMap": {"name": f"m{n}"}} for n in range(50)]
    shown = [mount(f"m{n}", f"/m/{n}") for n in range(50)]
    begun = time.monotonic()
    for number in range(5):
        pods.create(f"p{number}", container("c", volumeMounts=shown), volumes=volumes)
    for number in range(5):
        pods.wait_ready(f"p{number}", 60)
    print(f"five Pods of fifty ConfigMaps ready in {time.monotonic() - begun:.1f} s")
    assert not {reason for n in range(5) for reason, _ in pods.events(f"p{n}")} & {"FailedMount", "Failed", "BackOff"}
    assert sh(pods, "p4", "cat /m/0/data /m/49/data") == "049"
