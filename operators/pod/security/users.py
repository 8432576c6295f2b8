"""Who a container runs as: user, group and further groups, from its spec and the image's accounts (pure).

See the Kubernetes page "Configure a Security Context for a Pod or Container".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from operators.pod.security import contexts
from operators.pod.sources import Missing, Object, Uncreatable


@dataclass(frozen=True, slots=True)
class Accounts:
    """The texts of an image's /etc/passwd and /etc/group; "" where it has none."""

    passwd: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """IDs as the container sees them. `groups`: without the primary one. `home`: "" when no account says."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = ""

    def status(self) -> dict[str, Any]:
        """As status.containerStatuses[].user."""
        return {"linux": {"uid": self.uid, "gid": self.gid, "supplementalGroups": [self.gid, *self.groups]}}


def check_non_root(pod: Object, spec: Object, image_user: str) -> None:
    """runAsNonRoot, in kubelet's words. `image_user`: as the image's configuration has it. Raises Missing."""
    if not contexts.effective(pod, spec, "runAsNonRoot"):
        return
    user = contexts.effective(pod, spec, "runAsUser")
    meta = pod["metadata"]
    where = f'(pod: "{meta["name"]}_{meta["namespace"]}({meta["uid"]})", container: {spec["name"]})'
    if user == 0:
        raise Missing(f"container's runAsUser breaks non-root policy {where}")
    if user is None:
        name = image_user.partition(":")[0]
        if not name or (name.isdecimal() and int(name) == 0):
            raise Missing(f"container has runAsNonRoot and image will run as root {where}")
        if not name.isdecimal():
            cause = f"image has non-numeric user ({name}), cannot verify user is non-root"
            raise Missing(f"container has runAsNonRoot and {cause} {where}")


def resolve(pod: Object, spec: Object, image_user: str, accounts: Accounts) -> User:
    """The container's user. Raises Uncreatable for an account that the image names but does not have.

    The group in the image's own `USER name:group` does not count, as with kubelet.
    """
    asked: int | None = contexts.effective(pod, spec, "runAsUser")
    name = str(asked) if asked is not None else image_user.partition(":")[0] or "0"
    entry = _account(name, accounts.passwd)
    if entry is None and not name.isdecimal():
        raise Uncreatable(f"unable to find user {name}: no matching entries in passwd file")
    uid = int(entry[2]) if entry else int(name)
    group: int | None = contexts.effective(pod, spec, "runAsGroup")
    gid = group if group is not None else int(entry[3]) if entry else 0
    groups = set(_asked_groups(pod))
    if contexts.whole(pod).get("supplementalGroupsPolicy") != "Strict" and entry is not None:
        groups |= set(_groups_of(entry[0], accounts.group))
    return User(uid, gid, tuple(sorted(groups - {gid})), entry[5] if entry else "")


def _asked_groups(pod: Object) -> list[int]:
    whole = contexts.whole(pod)
    fs_group = whole.get("fsGroup")
    return [*([] if fs_group is None else [int(fs_group)]), *map(int, whole.get("supplementalGroups") or ())]


def _account(name: str, passwd: str) -> list[str] | None:
    """A line of passwd(5), by its name or number."""
    field = 2 if name.isdecimal() else 0
    return next((entry for entry in _entries(passwd, 7, (2, 3)) if entry[field] == name), None)


def _groups_of(name: str, group: str) -> Iterator[int]:
    for entry in _entries(group, 4, (2,)):
        if name in entry[3].split(","):
            yield int(entry[2])


def _entries(text: str, width: int, numbers: tuple[int, ...]) -> Iterator[list[str]]:
    """The lines that hold numbers where numbers belong; whoever makes an image may write anything into it."""
    for line in text.splitlines():
        fields = line.strip().split(":")
        fields += [""] * (width - len(fields))
        if all(fields[at].isascii() and fields[at].isdecimal() and len(fields[at]) <= 10 for at in numbers):
            yield fields
