"""Security contexts of Pod and container as words of `podman run` (pure)."""

from collections.abc import Iterator

from operators.pod.sources import Object


def words(pod: Object, spec: Object) -> Iterator[str]:
    whole, own = pod["spec"].get("securityContext") or {}, spec.get("securityContext") or {}
    user, group = own.get("runAsUser", whole.get("runAsUser")), own.get("runAsGroup", whole.get("runAsGroup"))
    if user is not None or group is not None:
        # A group without a user keeps the image's user, which podman spells as an empty one.
        yield f"--user={'' if user is None else user}" + (f":{group}" if group is not None else "")
    groups = [*(whole.get("supplementalGroups") or ()), *([whole["fsGroup"]] if "fsGroup" in whole else ())]
    yield from (f"--group-add={group}" for group in groups)
    if own.get("privileged"):
        yield "--privileged"
    elif own.get("allowPrivilegeEscalation") is False:
        yield "--security-opt=no-new-privileges"
    profile = own.get("seccompProfile") or whole.get("seccompProfile") or {}
    if profile.get("type") == "Unconfined":
        yield "--security-opt=seccomp=unconfined"
    capabilities = own.get("capabilities") or {}
    yield from (f"--cap-drop={_capability(name)}" for name in capabilities.get("drop") or ())
    yield from (f"--cap-add={_capability(name)}" for name in capabilities.get("add") or ())
    if own.get("readOnlyRootFilesystem"):
        yield from ("--read-only", "--read-only-tmpfs=false")


def _capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")
