"""The parts of a Node's status that say what it is (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from operators._kube.meta import Object, Objects
from operators.node.facts import Image, Machine

KUBELET_VERSION = "v1.36.0"
MOST_IMAGES = 50  # nodeStatusMaxImages
MOST_NAMES = 5  # of one image


def addresses(machine: Machine) -> Objects:
    found = [{"type": "InternalIP", "address": address} for address in machine.addresses]
    return [*found, {"type": "Hostname", "address": machine.hostname}]


def node_info(machine: Machine) -> Object:
    info: Object = {
        "architecture": machine.architecture,
        "bootID": machine.boot_id,
        "containerRuntimeVersion": f"podman://{machine.runtime}",
        "kernelVersion": machine.kernel,
        "kubeProxyVersion": "",
        "kubeletVersion": KUBELET_VERSION,
        "machineID": machine.machine_id,
        "operatingSystem": "linux",
        "osImage": machine.os_image,
        "systemUUID": machine.system_uuid,
    }
    return {**info, "swap": {"capacity": machine.swap}} if machine.swap else info


def images(found: Iterable[Image]) -> Objects:
    named = (image for image in found if image.names)
    biggest = sorted(named, key=lambda image: (-image.size, image.names))[:MOST_IMAGES]
    return [{"names": list(image.names[:MOST_NAMES]), "sizeBytes": image.size} for image in biggest]


def runtime_handlers(machine: Machine) -> Objects:
    """What a RuntimeClass' `handler` may name here, the default one without a name; see the page "Runtime Class"."""
    return [
        {
            # The API leaves an empty name out.
            **({"name": handler.name} if handler.name else {}),
            "features": {
                "recursiveReadOnlyMounts": handler.recursive_read_only,
                "userNamespaces": handler.user_namespaces,
            },
        }
        for handler in machine.handlers
    ]
