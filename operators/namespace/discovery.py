"""Which kinds there are: the API server's own discovery documents, at their preferred versions."""

from __future__ import annotations

import asyncio
from typing import Any

from operators._kube.client import ApiError, Kube


async def resource_lists(kube: Kube) -> tuple[list[dict[str, Any]], list[str]]:
    """The APIResourceList of every group's preferred version, and what could not be read, in words.

    A group that is down (its API server is another process) does not hide the others. Raises ApiError if the
    list of groups itself cannot be read.
    """
    groups = (await kube.request("GET", "/apis")).get("groups") or []
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]
    answers = await asyncio.gather(*(_resources(kube, version) for version in versions), return_exceptions=True)
    found: list[dict[str, Any]] = []
    failed: list[str] = []
    for version, answer in zip(versions, answers, strict=True):
        if isinstance(answer, ApiError):
            failed.append(f"{version}: {answer}")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found.append(answer)
    return found, failed


async def _resources(kube: Kube, group_version: str) -> dict[str, Any]:
    root = "/apis/" if "/" in group_version else "/api/"
    return await kube.request("GET", root + group_version)
