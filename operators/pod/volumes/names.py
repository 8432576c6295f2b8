"""Which ConfigMaps and Secrets a Pod names (pure)."""

from collections.abc import Iterator

from operators.pod.sources import Object

_REFERENCES = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
}


def of(pod: Object) -> set[tuple[str, str]]:
    """("ConfigMap"|"Secret", name) of every object that the Pod's volumes, environment or images name."""
    return {*_of_volumes(pod), *_of_environment(pod), *_of_images(pod)}


def _of_volumes(pod: Object) -> Iterator[tuple[str, str]]:
    for volume in pod.get("spec", {}).get("volumes") or ():
        for part in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            if part.get("configMap"):
                yield "ConfigMap", part["configMap"].get("name", "")
            if part.get("secret"):
                yield "Secret", part["secret"].get("secretName") or part["secret"].get("name", "")


def _of_environment(pod: Object) -> Iterator[tuple[str, str]]:
    spec = pod.get("spec", {})
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            references = [*(container.get("envFrom") or ())]
            references += [entry["valueFrom"] for entry in container.get("env") or () if entry.get("valueFrom")]
            for reference in references:
                for key, kind in _REFERENCES.items():
                    if reference.get(key):
                        yield kind, reference[key].get("name", "")


def _of_images(pod: Object) -> Iterator[tuple[str, str]]:
    for entry in pod.get("spec", {}).get("imagePullSecrets") or ():
        yield "Secret", entry.get("name", "")
