"""Which kinds there are: the API server's own discovery documents, at their preferred versions."""

from __future__ import annotations

import asyncio

from operators._kube.client import ApiError, Kube
from operators._kube.meta import Object


async def resource_lists(kube: Kube) -> tuple[list[Object], list[str]]:
    """The APIResourceList of every group's preferred version, and what could not be read, in words.

    A group that is down (its API server is another process) does not hide the others. Raises ApiError if the
    list of groups itself cannot be read.
    """
    groups = (await kube.request("GET", "/apis")).get("groups") or []
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
    answers = await asyncio.gather(*(resource_list(kube, version) for version in versions), return_exceptions=True)
    found: list[Object] = []
    failed: list[str] = []
    for version, answer in zip(versions, answers, strict=True):
        if isinstance(answer, ApiError):
            failed.append(f"{version}: {answer}")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found.append(answer)
    return found, failed


async def resource_list(kube: Kube, group_version: str) -> Object:
    """The APIResourceList of one version, such as "apps/v1". Raises ApiError (404 for a version not served)."""
    root = "/apis/" if "/" in group_version else "/api/"
    return await kube.request("GET", root + group_version)


def is_collectable(entry: Object) -> bool:
    """Whether an entry of an APIResourceList is a kind whose objects can be found and deleted."""
    return "/" not in entry["name"] and {"delete", "list"} <= set(entry.get("verbs") or ())
