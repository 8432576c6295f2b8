"""Volumes of the downward API: fields of the Pod as files (pure)."""

from operators.pod import sources
from operators.pod.sources import NodeFacts, Object, Sources
from operators.pod.volumes.object_files import DEFAULT_MODE, checked_path, mode_of
from operators.pod.volumes.parts import File


def files(definition: Object, pod: Object, available: Sources, node: NodeFacts) -> dict[str, File]:
    """Raises Unsupported for a field that is not offered."""
    default = mode_of(definition, "defaultMode", DEFAULT_MODE)
    result = {}
    for item in definition.get("items") or ():
        if ref := item.get("fieldRef"):
            text = sources.pod_field(pod, ref["fieldPath"], node)
        else:
            text = sources.container_resource(pod, {}, item["resourceFieldRef"], node)
        data = text.encode("utf-8", "surrogateescape")
        result[checked_path(item["path"])] = File(data, mode_of(item, "mode", default))
    return result
