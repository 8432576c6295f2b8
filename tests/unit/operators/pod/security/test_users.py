"""Who a container runs as, from its spec, the Pod's and the image's accounts."""

import os

import pytest

from operators.pod.security import accounts, users
from operators.pod.security.users import Accounts, User
from operators.pod.sources import Missing, Uncreatable
from operators.pod.units import security

PASSWD = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/home/alice:/bin/sh\nbob:x:07:5::/:\n"
GROUP = "root:x:0:root\nalice:x:1001:\nstaff:x:50000:bob,alice\nwheel:x:10:root,alice\n"
STRICT = {"supplementalGroupsPolicy": "Strict"}


def pod(context):
    return {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"securityContext": context}}


def resolve(whole, own, image="", found=None):
    spec = {"name": "c", "securityContext": own}
    return users.resolve(pod(whole), spec, image, found or Accounts(PASSWD, GROUP))


@pytest.mark.parametrize(
    ("whole", "own", "image", "expected"),
    [
        ({}, {}, "", User(0, 0, (10,), "/root")),
        (None, None, "", User(0, 0, (10,), "/root")),
        ({}, {}, "alice", User(1000, 1001, (10, 50000), "/home/alice")),
        ({}, {}, "1000", User(1000, 1001, (10, 50000), "/home/alice")),
        ({}, {}, "alice:staff", User(1000, 1001, (10, 50000), "/home/alice")),
        ({}, {}, "4711:4712", User(4711, 0)),
        ({"runAsUser": 1000}, {}, "root", User(1000, 1001, (10, 50000), "/home/alice")),
        ({"runAsUser": 1000}, {"runAsUser": 5}, "", User(5, 0)),
        ({"runAsGroup": 3000}, {}, "alice", User(1000, 3000, (10, 50000), "/home/alice")),
        ({"runAsUser": 1000, "runAsGroup": 50000}, {}, "", User(1000, 50000, (10,), "/home/alice")),
        ({"runAsUser": 0}, {}, "alice", User(0, 0, (10,), "/root")),
        ({"fsGroup": 7, "supplementalGroups": [9, 8, 9]}, {}, "", User(0, 0, (7, 8, 9, 10), "/root")),
        ({"fsGroup": 7, "supplementalGroups": [9], **STRICT}, {}, "alice", User(1000, 1001, (7, 9), "/home/alice")),
        ({"supplementalGroupsPolicy": "Merge"}, {}, "alice", User(1000, 1001, (10, 50000), "/home/alice")),
        ({"fsGroup": 0}, {"runAsUser": 7, "runAsGroup": 7}, "", User(7, 7, (0,))),
    ],
)
def test_resolve(whole, own, image, expected):
    assert resolve(whole, own, image) == expected


def test_an_image_without_accounts():
    assert resolve({}, {}, "", Accounts()) == User(0, 0)
    assert resolve({"runAsUser": 1000}, {}, "alice", Accounts()) == User(1000, 0)
    with pytest.raises(Uncreatable, match=r"^unable to find user alice: no matching entries in passwd file$"):
        resolve({}, {}, "alice", Accounts())


@pytest.mark.parametrize(
    "passwd",
    ["alice", "alice:x:1000", "alice:x:-1:0:::", "alice:x:1000:²:::", "alice:x:99999999999:0:::", "::::::", "\0\n:\n"],
)
def test_damaged_accounts_are_none(passwd):
    with pytest.raises(Uncreatable):
        resolve({}, {}, "alice", Accounts(passwd, "staff:x:nine:alice"))


def test_status():
    linux = {"uid": 1000, "gid": 3000, "supplementalGroups": [3000, 4000]}
    assert User(1000, 3000, (4000,)).status() == {"linux": linux}


WHERE = '(pod: "p_n(u)", container: c)'


@pytest.mark.parametrize(
    ("whole", "own", "image", "message"),
    [
        ({}, {}, "", None),
        ({"runAsNonRoot": True}, {}, "1000", None),
        ({"runAsNonRoot": True}, {}, "1000:0", None),
        ({"runAsNonRoot": True, "runAsUser": 1}, {}, "root", None),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, "", None),
        ({"runAsNonRoot": True}, {}, "", "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True}, {}, "00:5", "container has runAsNonRoot and image will run as root"),
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, "5", "container's runAsUser breaks non-root policy"),
        ({"runAsUser": 5}, {"runAsNonRoot": True, "runAsUser": 0}, "5", "container's runAsUser breaks non-root policy"),
        (
            {"runAsNonRoot": True},
            {},
            "root",
            "container has runAsNonRoot and image has non-numeric user (root), cannot verify user is non-root",
        ),
    ],
)
def test_non_root(whole, own, image, message):
    spec = {"name": "c", "securityContext": own}
    if message is None:
        users.check_non_root(pod(whole), spec, image)
        return
    with pytest.raises(Missing) as refused:
        users.check_non_root(pod(whole), spec, image)
    assert refused.value.message == f"{message} {WHERE}"


def layer(root, name, **files):
    folder = root / name / "etc"
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file).write_text(text)
    return str(root / name)


def test_the_uppermost_layer_wins(tmp_path):
    layers = [
        layer(tmp_path, "top", group="g"),
        layer(tmp_path, "mid", passwd="p1"),
        layer(tmp_path, "low", passwd="p0"),
    ]
    (tmp_path / "bare").mkdir()
    assert accounts.read([str(tmp_path / "bare"), *layers]) == Accounts("p1", "g")
    assert accounts.read([]) == Accounts()


@pytest.mark.skipif(os.geteuid() != 0, reason="device nodes need root")
def test_what_an_upper_layer_removed_is_gone(tmp_path):
    top, low = layer(tmp_path, "top"), layer(tmp_path, "low", passwd="p", group="g")
    try:
        os.mknod(f"{top}/etc/passwd", 0o020000, 0)
    except PermissionError:
        pytest.skip("no device nodes here")
    assert accounts.read([top, low]) == Accounts("", "g")


def test_links_of_the_image_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("alice:x:0:0:::")
    top = layer(tmp_path, "top")
    (tmp_path / "top/etc/passwd").symlink_to(tmp_path / "secret")
    with pytest.raises(accounts.Unreadable):
        accounts.read([top])
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/etc").symlink_to(tmp_path / "top/etc")
    with pytest.raises(accounts.Unreadable):
        accounts.read([str(tmp_path / "linked")])


def test_a_pipe_is_not_read(tmp_path):
    top = layer(tmp_path, "top")
    os.mkfifo(f"{top}/etc/passwd")
    with pytest.raises(accounts.Unreadable):
        accounts.read([top])


def test_home_of_those_without_an_account():
    assert list(security.home(User(5, 0), {"PATH"})) == ["--env=HOME=/"]
    assert list(security.home(User(5, 0), {"HOME"})) == []
    assert list(security.home(User(1000, 0, (), "/home/alice"), ())) == list(security.home(None, ())) == []
