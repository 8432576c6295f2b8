"""How far a Pod is kept apart: its own users, another OCI runtime. Decided when its sandbox is made, then kept."""

import asyncio
from collections.abc import Collection

from operators._kube.client import Kube
from operators._kube.controller import Key
from operators.pod.security import contexts, ranges, runtimes
from operators.pod.sources import Object, SandboxError


def users(pod: Object, taken: Collection[int]) -> int:
    """The first ID of the Pod's range, 0 when it has the node's users. `taken`: those of other Pods.

    Raises SandboxError: a Pod never gets less than it asks for.
    """
    try:
        return ranges.allocate(taken) if contexts.has_own_users(pod) else 0
    except ranges.NoRange as error:
        raise SandboxError(str(error)) from error


async def runtime(pod: Object, kube: Kube) -> str:
    """podman's name of the runtime that the Pod's RuntimeClass means, "" for the usual one. Raises SandboxError."""
    name = pod["spec"].get("runtimeClassName")
    if not name:
        return ""
    found = await kube.fetch("node.k8s.io/v1", "runtimeclasses", Key("", name))
    if found is None:
        raise SandboxError(f'runtimeclass.node.k8s.io "{name}" not found')
    handler = str(found.get("handler") or "")
    if handler and not await asyncio.to_thread(runtimes.is_installed, handler):
        raise SandboxError(f'failed to get sandbox runtime: no runtime for "{handler}" is configured')
    return handler
