"""Where containers see volumes."""

import pytest

from operators.pod import sources
from operators.pod.units.parts import Bind, Device
from operators.pod.volumes import boot, mounts, words
from operators.pod.volumes.parts import Volume
from tests.unit.operators.pod.volumes.build import plan

PLANNED = {
    **plan({"name": "v", "configMap": {"name": "settings"}}, {"name": "d", "emptyDir": {}}),
    "b": Volume("b", "block", "/dev/loop0"),
    "r": Volume("r", "block", "/dev/loop1", read_only=True),
}


def container(*shown, **fields):
    return {"name": "c", "volumeMounts": list(shown), **fields}


def test_in_order_and_object_volumes_read_only():
    first, second = mounts.plan(
        container(
            {"name": "d", "mountPath": "/data/x", "mountPropagation": "HostToContainer", "subPathExpr": "$(A)/b"},
            {"name": "v", "mountPath": "/data"},
        ),
        PLANNED,
        {"A": "1"},
    )
    assert (first.target, first.read_only) == ("/data", True)
    assert (second.target, second.read_only, second.propagation, second.sub_path) == ("/data/x", False, "rslave", "1/b")


@pytest.mark.parametrize(
    ("mount", "message"),
    [
        ({"name": "d", "subPathExpr": "$(A)"}, "error SubPath `/etc` must not be an absolute path"),
        ({"name": "d", "subPathExpr": "../$(B)"}, "unable to provision SubPath `../b`: must not contain '..'"),
        ({"name": "d", "subPathExpr": "$(X)/$(E)/$(B)"}, "missing value for E, X"),
        ({"name": "d", "subPath": "a/../../b"}, "unable to provision SubPath `a/../../b`: must not contain '..'"),
        ({"name": "none"}, 'cannot find volume "none" to mount into container "c"'),
    ],
)
def test_what_cannot_be_mounted(mount, message):
    with pytest.raises(sources.Missing) as error:
        mounts.plan(container({"mountPath": "/x", **mount}), PLANNED, {"A": "/etc", "B": "b", "E": ""})
    assert error.value.message == message


def test_devices():
    asked = {"volumeDevices": [{"name": "b", "devicePath": "/dev/x"}, {"name": "r", "devicePath": "/dev/y"}]}
    assert mounts.devices(container(**asked), PLANNED) == [
        ("/dev/loop0", "/dev/x", "rwm"),
        ("/dev/loop1", "/dev/y", "r"),
    ]
    with pytest.raises(sources.Unsupported, match='volume "d" is not a block device'):
        mounts.devices(container(volumeDevices=[{"name": "d", "devicePath": "/dev/x"}]), PLANNED)


def test_words():
    binds = (
        Bind("/a,b", "/x", read_only=True, relabel=True, options=("noexec",)),
        Bind("sub", "/y", read_only=True, image="abc"),
    )
    assert list(words.words(binds, (Device("/dev/loop0", "/dev/x", "rwm"),))) == [
        '--mount=type=bind,"source=/a,b",destination=/x,bind-propagation=rprivate,ro=true,relabel=shared,noexec',
        "--mount=type=image,source=abc,destination=/y,rw=false,subpath=/sub",
        "--device=/dev/loop0:/dev/x:rwm",
    ]


def test_the_list_of_what_is_made_before_each_start():
    shown = mounts.plan(
        container(
            {"name": "d", "mountPath": "/1", "subPath": "a b\n$"},
            {"name": "d", "mountPath": "/2", "readOnly": True, "recursiveReadOnly": "IfPossible"},
            {"name": "d", "mountPath": "/3", "readOnly": True, "recursiveReadOnly": "Disabled"},
            {"name": "d", "mountPath": "/4", "subPath": "x", "mountPropagation": "Bidirectional"},
        ),
        PLANNED,
        {},
    )
    root = "/disk/kubernetes.io~empty-dir/d"
    assert boot.mounts(shown).splitlines() == [
        rf"0 - d {root} ./a\0040b\0012\0044",
        f"1 IfPossible d {root} ./",
        f"3 shared d {root} ./x",
    ]


def test_the_list_of_what_a_reboot_takes():
    planned = plan(
        {"name": "m", "emptyDir": {"medium": "Memory"}},
        {"name": "d", "emptyDir": {}},
        {"name": "h", "hostPath": {"path": "/srv/a b", "type": "DirectoryOrCreate"}},
        {"name": "f", "hostPath": {"path": "/srv/f", "type": "FileOrCreate"}},
        {"name": "s", "hostPath": {"path": "/run/x.sock"}},
    )
    assert boot.volumes(planned.values()).splitlines() == [
        "tmpfs nosuid,nodev,mode=0777 /memory/kubernetes.io~empty-dir/m",
        r"directory 0755 /srv/a\0040b",
        "file 0644 /srv/f",
    ]
