"""Projected volumes: several sources in one folder (pure). See the Kubernetes page "Projected Volumes"."""

from operators.pod import sources
from operators.pod.sources import NodeFacts, Object, Sources
from operators.pod.volumes import downward, object_files, trust
from operators.pod.volumes.object_files import DEFAULT_MODE, checked_path, mode_of
from operators.pod.volumes.parts import File

TOKEN_SECONDS = 3600  # the life of a token, where the Pod does not say


def files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    """Later sources win. Raises Missing, Unsupported; for more than one source as kubelet lists them."""
    result: dict[str, File] = {}
    missing: list[str] = []
    default = mode_of(definition, "defaultMode", DEFAULT_MODE)
    for part in definition.get("sources") or ():
        for kind, source in part.items():
            if source is None:
                continue
            reader = _READERS.get(kind)
            if reader is None:
                raise sources.Unsupported(f"projected {kind} sources are not supported on this node")
            try:
                result |= reader({**source, "defaultMode": default}, pod, available, node)
            except sources.Missing as error:
                missing.append(error.message)
    if missing:
        raise sources.Missing(missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]")
    return result


def holds_secrets(volume: Object) -> bool:
    """Whether the volume may not touch a disk."""
    parts = (volume.get("projected") or {}).get("sources") or ()
    return "secret" in volume or any("secret" in part or "serviceAccountToken" in part for part in parts)


def common_user(pod: Object) -> int | None:
    """The runAsUser of all containers; None when one does not say or they differ."""
    spec = pod["spec"]
    default = (spec.get("securityContext") or {}).get("runAsUser")
    users = {
        (container.get("securityContext") or {}).get("runAsUser", default)
        for container in (*(spec.get("initContainers") or ()), *spec["containers"])
    }
    return users.pop() if len(users) == 1 else None


def _token(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    """As kubelet: only the user that all containers run as may read it, or the Pod's group, if either is known."""
    seconds = int(definition.get("expirationSeconds") or TOKEN_SECONDS)
    token = available.token(pod, definition.get("audience") or "", seconds)
    user = common_user(pod)
    is_restricted = user is not None or (pod["spec"].get("securityContext") or {}).get("fsGroup") is not None
    mode = 0o600 if is_restricted else definition["defaultMode"]
    return {checked_path(definition["path"]): File(token.encode(), mode, user, is_renewed=True)}


_READERS = {
    "configMap": object_files.of_config_map,
    "secret": object_files.of_secret,
    "downwardAPI": downward.files,
    "serviceAccountToken": _token,
    "clusterTrustBundle": trust.files,
}
