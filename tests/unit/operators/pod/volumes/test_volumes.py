"""Volumes: what they hold, where they are mounted, and that nothing leads out of them."""

import base64
import os
import stat
from pathlib import Path

import pytest

from operators.pod import sources
from operators.pod.sources import NodeFacts
from operators.pod.volumes import disk
from operators.pod.volumes import plan as volumes
from operators.pod.volumes.plan import Roots


class Objects:
    def services(self, namespace):
        return ()

    def token(self, pod, audience, seconds):
        return f"token for {audience}"

    def config_map(self, namespace, name):
        return {"data": {"a.conf": "one", "b.conf": "two"}} if name == "settings" else None

    def secret(self, namespace, name):
        return {"data": {"key": base64.b64encode(b"\x00\xff").decode()}} if name == "keys" else None


def plan(*declared, roots=None, **spec):
    pod = {
        "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"app": "x"}},
        "spec": {"volumes": list(declared), **spec},
    }
    return volumes.plan(pod, Objects(), roots or Roots("/disk", "/memory"), NodeFacts())


def files_of(volume):
    return {path: (file.data, file.mode) for path, file in volume.files.items()}


@pytest.mark.parametrize(
    ("declared", "path", "files"),
    [
        (
            {"configMap": {"name": "settings"}},
            "/disk/kubernetes.io~configmap/v",
            {"a.conf": (b"one", 0o644), "b.conf": (b"two", 0o644)},
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "x/y", "mode": 0o600}]}},
            "/disk/kubernetes.io~configmap/v",
            {"x/y": (b"one", 0o600)},
        ),
        (
            {"secret": {"secretName": "keys", "defaultMode": 0o400}},
            "/memory/kubernetes.io~secret/v",
            {"key": (b"\x00\xff", 0o400)},
        ),
        ({"configMap": {"name": "none", "optional": True}}, "/disk/kubernetes.io~configmap/v", {}),
        (
            {
                "projected": {
                    "defaultMode": 0o440,
                    "sources": [
                        {"secret": {"name": "keys"}},
                        {"configMap": {"name": "settings", "items": [{"key": "b.conf", "path": "b"}]}},
                        {"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                    ],
                }
            },
            "/memory/kubernetes.io~projected/v",
            {"key": (b"\x00\xff", 0o440), "b": (b"two", 0o440), "l": (b'app="x"', 0o440)},
        ),
        ({"emptyDir": {}}, "/disk/kubernetes.io~empty-dir/v", {}),
        ({"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}, "/memory/kubernetes.io~empty-dir/v", {}),
        ({"hostPath": {"path": "/srv", "type": "Directory"}}, "/srv", {}),
    ],
)
def test_plan(declared, path, files):
    volume = plan({"name": "v", **declared})["v"]
    assert (volume.path, files_of(volume)) == (path, files)


@pytest.mark.parametrize(
    ("declared", "error", "message"),
    [
        ({"configMap": {"name": "none"}}, sources.Missing, 'configmap "none" not found'),
        ({"secret": {"secretName": "none"}}, sources.Missing, 'secret "none" not found'),
        (
            {"configMap": {"name": "settings", "items": [{"key": "zz", "path": "p"}]}},
            sources.Missing,
            "references non-existent configmap key: zz",
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "../../etc/passwd"}]}},
            sources.Unsupported,
            "must be relative",
        ),
        (
            {"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "/etc/passwd"}]}},
            sources.Unsupported,
            "must be relative",
        ),
        ({"nfs": {"server": "x", "path": "/"}}, sources.Unsupported, "nfs volumes are not supported"),
        (
            {"projected": {"sources": [{"clusterTrustBundle": {}}]}},
            sources.Unsupported,
            "projected clusterTrustBundle sources",
        ),
    ],
)
def test_refusals(declared, error, message):
    with pytest.raises(error, match=message):
        plan({"name": "v", **declared})


def test_mounts_are_ordered_and_object_volumes_read_only():
    planned = plan({"name": "v", "configMap": {"name": "settings"}}, {"name": "d", "emptyDir": {}})
    container = {
        "volumeMounts": [
            {"name": "d", "mountPath": "/data/x", "mountPropagation": "HostToContainer", "subPathExpr": "$(A)/b"},
            {"name": "v", "mountPath": "/data"},
        ]
    }
    first, second = volumes.mounts(container, planned, {"A": "1"})
    assert (first.target, first.read_only) == ("/data", True)
    assert (second.target, second.read_only, second.propagation, second.sub_path) == ("/data/x", False, "rslave", "1/b")
    container["volumeMounts"][0]["subPathExpr"] = "../$(A)"
    with pytest.raises(sources.Unsupported, match="must stay below"):
        volumes.mounts(container, planned, {"A": "1"})


def test_object_names():
    pod = {
        "spec": {
            "volumes": [
                {"name": "a", "configMap": {"name": "c1"}},
                {"name": "b", "projected": {"sources": [{"secret": {"name": "s1"}}]}},
                {"name": "c", "secret": {"secretName": "s2"}},
            ],
            "containers": [
                {
                    "name": "x",
                    "envFrom": [{"configMapRef": {"name": "c2"}}],
                    "env": [{"name": "E", "valueFrom": {"secretKeyRef": {"name": "s3", "key": "k"}}}],
                }
            ],
        }
    }
    expected = {("ConfigMap", n) for n in ("c1", "c2")} | {("Secret", n) for n in ("s1", "s2", "s3")}
    assert volumes.object_names(pod) == expected


def test_files_are_swapped_as_a_whole(tmp_path):
    roots = Roots(str(tmp_path / "disk"), str(tmp_path / "memory"))
    planned = plan({"name": "v", "configMap": {"name": "settings", "defaultMode": 0o600}}, roots=roots)["v"]
    root = Path(planned.path)
    disk.ensure([planned])
    assert (root / "a.conf").read_text() == "one"
    assert stat.S_IMODE((root / "a.conf").stat().st_mode) == 0o600
    before = (root / "..data").readlink()
    disk.ensure([planned])
    assert (root / "..data").readlink() == before, "an unchanged volume is not touched"

    changed = plan(
        {"name": "v", "configMap": {"name": "settings", "items": [{"key": "b.conf", "path": "sub/new"}]}}, roots=roots
    )["v"]
    disk.ensure([changed])
    assert (root / "sub/new").read_text() == "two"
    assert sorted(p.name for p in root.iterdir() if not p.name.startswith("..")) == ["sub"]
    assert len([p for p in root.iterdir() if p.name.startswith("..") and p.name != "..data"]) == 1


def test_folders_are_open_to_any_user_whatever_the_umask(tmp_path):
    roots = Roots(str(tmp_path / "disk"), str(tmp_path / "memory"))
    planned = plan(
        {"name": "v", "configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "x/y/z"}]}}, roots=roots
    )["v"]
    before = os.umask(0o077)
    try:
        disk.ensure([planned])
    finally:
        os.umask(before)
    for folder in ("", "..data/", "..data/x", "..data/x/y"):
        assert stat.S_IMODE((Path(planned.path) / folder).stat().st_mode) == 0o755, folder
    assert stat.S_IMODE((Path(planned.path) / "x/y/z").stat().st_mode) == 0o644


def test_host_path_types(tmp_path):
    def host(kind, path=tmp_path):
        return [volumes.Volume("v", "host", str(path), host_type=kind)]

    disk.ensure(host("Directory"))
    disk.ensure(host("DirectoryOrCreate", tmp_path / "made"))
    disk.ensure(host("FileOrCreate", tmp_path / "file"))
    assert (tmp_path / "made").is_dir()
    assert (tmp_path / "file").is_file()
    with pytest.raises(sources.Missing, match=r"hostPath type check failed: .* is not a file"):
        disk.ensure(host("File"))
    with pytest.raises(sources.Missing, match="is not a directory"):
        disk.ensure(host("Directory", tmp_path / "absent"))


@pytest.mark.skipif(os.geteuid() != 0, reason="bind mounts need root")
def test_sub_path_cannot_leave_its_volume(tmp_path):
    volume = tmp_path / "disk" / "v"
    volume.mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (volume / "evil").symlink_to(outside)
    mount = volumes.Mount(str(volume), "/x", False, sub_path="evil/deep")
    with pytest.raises(sources.Missing):
        disk.resolve(mount, tmp_path / "disk" / "pins" / "0", is_files=False)
    with pytest.raises(sources.Missing, match="symbolic link"):
        disk.resolve(volumes.Mount(str(volume), "/x", False, sub_path="evil"), tmp_path / "disk/pins/1", is_files=False)

    pin = tmp_path / "disk" / "pins" / "2"
    resolved = disk.resolve(volumes.Mount(str(volume), "/x", False, sub_path="fine/sub"), pin, is_files=False)
    assert resolved == str(pin)
    (pin / "seen").touch()
    assert (volume / "fine/sub/seen").exists()
    # What the container does to the name afterwards changes nothing: the pin stays where it was.
    (volume / "fine/sub").rename(volume / "moved")
    (volume / "fine/sub").symlink_to(outside)
    assert [p.name for p in pin.iterdir()] == ["seen"]

    disk.remove(tmp_path / "disk")
    assert not (tmp_path / "disk").exists()
    assert (outside / "kept").exists()
