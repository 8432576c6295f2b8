"""What a Pod's things are called on the node (pure). Names are for people: nothing is ever parsed back out of them."""

import hashlib
import re

_MAX = 200
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_UID = re.compile(r"[A-Za-z0-9][-A-Za-z0-9]{0,62}")


def unit(namespace: str, pod: str, container: str | None = None) -> str:
    """The service unit of a container, or of the Pod's sandbox."""
    return f"ukube-{_joined(namespace, pod, container)}.service"


def container(namespace: str, pod: str, name: str) -> str:
    """podman's name of a container."""
    return _joined(namespace, pod, name)


def log_dir(namespace: str, pod: str, uid: str) -> str:
    """The Pod's folder below /var/log/pods."""
    return _joined(namespace, pod, uid)


def slice_(uid: str, qos: str) -> str:
    """The Pod's slice, named as kubelet's systemd cgroup driver does; `qos` as in status.qosClass."""
    level = {"Guaranteed": "", "Burstable": "-burstable", "BestEffort": "-besteffort"}[qos]
    return f"kubepods{level}-pod{uid.replace('-', '_')}.slice"


def cgroup(slice_name: str, unit_name: str) -> str:
    """The unit's control group below the cgroup file system: systemd nests slices by the dashes in their names."""
    parts = slice_name.removesuffix(".slice").split("-")
    slices = ["-".join(parts[: depth + 1]) + ".slice" for depth in range(len(parts))]
    return "/".join([*slices, unit_name])


def netns(uid: str) -> str:
    """The Pod's network namespace below /run/netns."""
    return f"ukube-{uid}"


def veth(uid: str) -> str:
    """The node's end of the Pod's network cable; the kernel takes at most 15 characters."""
    return "uk" + hashlib.sha256(uid.encode()).hexdigest()[:12]


def is_safe(namespace: str, pod: str, uid: str, containers: list[str]) -> bool:
    """Whether all names are what the API allows, so that they can become file names."""
    return (
        _LABEL.fullmatch(namespace) is not None
        and _SUBDOMAIN.fullmatch(pod) is not None
        and _UID.fullmatch(uid) is not None
        and all(_LABEL.fullmatch(name) for name in containers)
        and len(containers) == len(set(containers))
    )


def _joined(*parts: str | None) -> str:
    text = "_".join(part for part in parts if part is not None)
    if len(text) <= _MAX:
        return text
    return f"{text[: _MAX - 11]}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
