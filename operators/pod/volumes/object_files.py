"""Volumes of ConfigMaps and Secrets: their keys as files (pure)."""

from collections.abc import Mapping

from operators.pod import sources
from operators.pod.environment import env
from operators.pod.sources import NodeFacts, Object, Sources
from operators.pod.volumes.parts import File

DEFAULT_MODE = 0o644


def of_config_map(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    """Raises Missing."""
    name = definition.get("name", "")
    found = available.config_map(pod["metadata"]["namespace"], name)
    return _select(None if found is None else env.config_map_data(found), definition, "ConfigMap", name)


def of_secret(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    """Raises Missing."""
    name = definition.get("secretName") or definition.get("name", "")
    found = available.secret(pod["metadata"]["namespace"], name)
    return _select(None if found is None else env.secret_data(found), definition, "Secret", name)


def mode_of(holder: Object, field: str, default: int) -> int:
    """A mode that may be left out; nought is one, too."""
    mode = holder.get(field)
    return default if mode is None else int(mode)


def is_below(path: str) -> bool:
    """Whether a relative path names something inside the folder it is relative to."""
    return not path.startswith("/") and ".." not in path.split("/") and "\0" not in path


def checked_path(path: str) -> str:
    """The path of a file in its volume. Raises Unsupported for one that would lead out of it, or replace its links."""
    # The API server refuses such paths already; this node does not depend on which API server it talks to.
    if not path or not is_below(path) or path.startswith(".."):
        raise sources.Unsupported(f'file path "{path}" must be relative and stay inside its volume')
    return "/".join(part for part in path.split("/") if part not in ("", "."))


_NO_KEY = {
    "ConfigMap": "configmap references non-existent config key: {}",
    "Secret": "references non-existent secret key: {}",
}


def _select(data: Mapping[str, bytes] | None, definition: Object, kind: str, name: str) -> dict[str, File]:
    """All keys, or those that `items` names, under the paths it gives."""
    optional = bool(definition.get("optional"))
    default = mode_of(definition, "defaultMode", DEFAULT_MODE)
    if data is None:
        if optional:
            return {}
        raise sources.missing_object(kind, name)
    items = definition.get("items")
    if not items:
        return {checked_path(key): File(value, default) for key, value in data.items()}
    files = {}
    for item in items:
        if item["key"] not in data:
            if optional:
                continue
            raise sources.Missing(_NO_KEY[kind].format(item["key"]))
        files[checked_path(item["path"])] = File(data[item["key"]], mode_of(item, "mode", default))
    return files
