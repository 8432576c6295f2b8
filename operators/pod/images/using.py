"""Which images the Pods of a node need (pure)."""

from collections.abc import Iterable, Iterator, Mapping

from operators.pod.images.references import normalise
from operators.pod.sources import Object


def wanted(pods: Iterable[Object], running: Iterable[str], held: Mapping[str, Iterable[str]]) -> set[str]:
    """IDs and full names: of Pods that have not ended, by their specs, their units and what they were given."""
    live = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    named = {full for pod in live for name in _names(pod) if (full := normalise(name)) is not None}
    return named.union(running, *held.values())


def _names(pod: Object) -> Iterator[str]:
    spec = pod.get("spec") or {}
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from (container.get("image") or "" for container in spec.get(field) or ())
    for volume in spec.get("volumes") or ():
        yield (volume.get("image") or {}).get("reference") or ""
