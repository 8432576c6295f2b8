"""Profiles that confine a container: seccomp, AppArmor, SELinux options (pure)."""

from dataclasses import dataclass
from pathlib import Path

from operators.pod.security import contexts
from operators.pod.sources import Object, Uncreatable

_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"


@dataclass(frozen=True, slots=True)
class Profile:
    """kind: "RuntimeDefault", "Localhost", "Unconfined"; "" when the Pod says nothing. name: of a Localhost one."""

    kind: str = ""
    name: str = ""


def seccomp(pod: Object, spec: Object) -> Profile:
    return _profile(contexts.effective(pod, spec, "seccompProfile"))


def apparmor(pod: Object, spec: Object) -> Profile:
    """From the fields, or the annotation that came before them."""
    if field := contexts.effective(pod, spec, "appArmorProfile"):
        return _profile(field)
    text = str((pod["metadata"].get("annotations") or {}).get(_ANNOTATION + str(spec["name"])) or "")
    if text.startswith("localhost/"):
        return Profile("Localhost", text.removeprefix("localhost/"))
    return Profile({"runtime/default": "RuntimeDefault", "unconfined": "Unconfined"}.get(text, ""))


def seccomp_file(profile: Profile, root: Path) -> Path | None:
    """The file of a Localhost profile below the node's folder of them. Raises Uncreatable for a path that leaves it."""
    if profile.kind != "Localhost":
        return None
    parts = Path(profile.name).parts
    if not parts or Path(profile.name).is_absolute() or ".." in parts or "\0" in profile.name:
        raise Uncreatable(f'cannot load seccomp profile "{root}/{profile.name}": not below {root}')
    return root / profile.name


def selinux(pod: Object, spec: Object) -> list[str]:
    """`user:…`, `role:…`, `type:…`, `level:…`, as far as the Pod names them."""
    options = contexts.effective(pod, spec, "seLinuxOptions") or {}
    return [f"{name}:{options[name]}" for name in ("user", "role", "type", "level") if options.get(name)]


def _profile(field: object) -> Profile:
    if not isinstance(field, dict):
        return Profile()
    return Profile(str(field.get("type") or ""), str(field.get("localhostProfile") or ""))
