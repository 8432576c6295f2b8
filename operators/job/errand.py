"""Before the operator falls asleep: Pods of Jobs that went while it was away are let go."""

from __future__ import annotations

from operators._kube import meta, paths
from operators._kube.client import Api
from operators._kube.errors import ApiError
from operators._kube.paths import Kind
from operators.job import members

_PODS = Kind("v1", "pods")


async def run(api: Api) -> None:
    """Without a Job there is nothing to track: no Pod keeps the finalizer. Raises ApiError."""
    jobs = await api.send("GET", paths.of_collection(Kind("batch/v1", "jobs")), params={"limit": "1"})
    if jobs.get("items"):
        return
    answer = await api.send("GET", paths.of_collection(_PODS))
    for pod in answer.get("items") or ():
        if members.is_tracked(pod):
            body = members.released(pod)
            try:
                kind = "application/strategic-merge-patch+json"
                await api.send("PATCH", paths.of_object(_PODS, meta.key_of(pod)), body=body, content_type=kind)
            except ApiError as error:
                if error.status not in (404, 409, 422):
                    raise
