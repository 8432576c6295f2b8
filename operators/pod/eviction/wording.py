"""What is said about an eviction, in kubelet's words (pure)."""

from operators._kube import podresources
from operators.pod.eviction.ranking import Usage
from operators.pod.sources import Object

REASON = "Evicted"
PREEMPTED = ("Preempting", "Preempted in order to admit critical pod")
_BYTES = ("memory", "ephemeral-storage")
_SUFFIXES = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


def low_on(resource: str, threshold: int, available: int, pod: Object, usage: Usage | None) -> str:
    """Why a Pod goes when there is less left than the threshold; names those of its containers that use more than
    they request."""
    text = (
        f"The node was low on resource: {resource}. "
        f"Threshold quantity: {_amount(resource, threshold)}, available: {_amount(resource, available)}. "
    )
    if usage is None or resource not in _BYTES:
        return text
    whole = podresources.amounts(pod["spec"], "requests")
    if resource == "memory" and resource in whole:
        text += _more("Pod", pod["metadata"]["name"], usage.whole.get(resource, 0), whole[resource], resource)
    for spec in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
        used = usage.containers.get(spec["name"], {}).get(resource, 0)
        requested = podresources.amounts(spec, "requests").get(resource, 0)
        if used > requested:
            text += _more("Container", spec["name"], used, requested, resource)
    return text


def _more(what: str, name: str, used: int, requested: int, resource: str) -> str:
    amounts = f"{binary(used)}, request is {binary(requested)}"
    return f"{what} {name} was using {amounts}, has larger consumption of {resource}. "


def empty_dir(volume: str, limit: str) -> str:
    return f'Usage of EmptyDir volume "{volume}" exceeds the limit "{limit}". '


def pod_storage(limit: int) -> str:
    return f"Pod ephemeral local storage usage exceeds the total limit of containers {binary(limit)}. "


def container_storage(container: str, limit: str) -> str:
    return f'Container {container} exceeded its local ephemeral storage limit "{limit}". '


def binary(amount: int) -> str:
    """As a Quantity writes bytes: with the largest suffix that leaves a whole number."""
    index = 0
    while amount and amount % 1024 == 0 and index < len(_SUFFIXES) - 1:
        amount, index = amount // 1024, index + 1
    return f"{amount}{_SUFFIXES[index]}"


def _amount(resource: str, amount: int) -> str:
    return binary(amount) if resource in _BYTES else str(amount)
