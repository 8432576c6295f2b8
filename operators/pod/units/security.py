"""Security contexts of Pod and container as words of `podman run`, and settings of containers.conf (pure)."""

import json
from collections.abc import Collection, Iterator

from operators.pod.security import capabilities, contexts, profiles
from operators.pod.security.users import User
from operators.pod.sources import Object
from operators.pod.units.parts import Machine

#: What upstream hides beyond what podman hides by itself.
_MASKED = "/proc/asound:/proc/interrupts"


def words(pod: Object, spec: Object, user: User | None, machine: Machine) -> Iterator[str]:
    """`user`: None when the image's accounts could not be read, and podman must find them itself."""
    yield from _user(pod, spec, user)
    if contexts.is_privileged(spec):
        yield "--privileged"
    else:
        if contexts.own(spec).get("allowPrivilegeEscalation") is False:
            yield "--security-opt=no-new-privileges"
        if not capabilities.effective(spec):
            yield "--cap-drop=all"
        yield from _profiles(pod, spec, machine)
        yield f"--security-opt={'unmask=ALL' if _is_unmasked(spec) else f'mask={_MASKED}'}"
    yield from (f"--security-opt=label={option}" for option in profiles.selinux(pod, spec))
    if contexts.own(spec).get("readOnlyRootFilesystem"):
        yield from ("--read-only", "--read-only-tmpfs=false")


def home(user: User | None, variables: Collection[str]) -> Iterator[str]:
    """HOME for users without an account; podman would leave it empty. `variables`: names that are set."""
    if user is not None and not user.home and "HOME" not in variables:
        yield "--env=HOME=/"


def options(machine: Machine) -> Iterator[str]:
    """Options of podman itself: files of the machine that its vendor has podman mount everywhere stay outside."""
    if machine.has_default_mounts:
        yield "--default-mounts-file=/dev/null"


def settings(spec: Object) -> str:
    """Lines of the [containers] table of containers.conf.

    Capabilities stand here and not among podman's words: what is added there is also given to users other than root
    (as ambient capabilities), which upstream does not. Parameters of the kernel are set in the sandbox, once.
    """
    names = [] if contexts.is_privileged(spec) else [f"CAP_{name}" for name in capabilities.effective(spec)]
    given = f"default_capabilities = {json.dumps(names)}\n" if names else ""
    return f"{given}default_sysctls = []\n"


def _user(pod: Object, spec: Object, user: User | None) -> Iterator[str]:
    yield "--passwd=false"  # no account is added to the image's own
    if user is not None:
        yield f"--user={user.uid}:{user.gid}"
        yield from (f"--group-add={group}" for group in user.groups)
        return
    uid, gid = contexts.effective(pod, spec, "runAsUser"), contexts.effective(pod, spec, "runAsGroup")
    if uid is not None or gid is not None:
        # A group without a user keeps the image's user, which podman spells as an empty one.
        yield f"--user={'' if uid is None else uid}" + (f":{gid}" if gid is not None else "")
    whole = contexts.whole(pod)
    groups = [*([whole["fsGroup"]] if "fsGroup" in whole else ()), *(whole.get("supplementalGroups") or ())]
    yield from (f"--group-add={group}" for group in groups)


def _profiles(pod: Object, spec: Object, machine: Machine) -> Iterator[str]:
    seccomp = profiles.seccomp(pod, spec)
    if seccomp.kind == "Unconfined" or (not seccomp.kind and not machine.is_seccomp_default):
        yield "--security-opt=seccomp=unconfined"
    elif file := profiles.seccomp_file(seccomp, machine.seccomp):
        yield f"--security-opt=seccomp={file}"
    if machine.has_apparmor:
        apparmor = profiles.apparmor(pod, spec)
        if apparmor.kind == "Unconfined":
            yield "--security-opt=apparmor=unconfined"
        elif apparmor.kind == "Localhost":
            yield f"--security-opt=apparmor={apparmor.name}"


def _is_unmasked(spec: Object) -> bool:
    return bool(contexts.own(spec).get("procMount") == "Unmasked")
