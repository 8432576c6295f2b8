"""Volumes of Pods on a node: contents, modes, changes while the Pod runs."""

import base64
import json

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import IMAGE, Pods, container
from tests.node.volumes import ENV, EVERY_KIND, EVERYWHERE, IN_PART, config_map, mount, projected, secret, sh, within


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    return Pods(node, namespace)


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
