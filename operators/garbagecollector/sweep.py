"""Looking through the kinds that are not watched, custom ones included, every half minute."""

from __future__ import annotations

from collections.abc import Iterable

from operators._kube import discovery, meta
from operators._kube.client import ApiError, Kube
from operators._kube.meta import Object
from operators._kube.paths import Kind
from operators.garbagecollector import kinds
from operators.garbagecollector.graph import Graph, node_of

PERIOD = 30.0


def unwatched(documents: Iterable[Object]) -> list[Kind]:
    """The kinds to look through, from discovery documents (APIResourceList of each preferred version)."""
    watched = {(meta.group_of(s.path.api_version), s.path.resource) for s in kinds.WATCHED} | kinds.NEVER
    return [
        Kind(document["groupVersion"], entry["name"])
        for document in documents
        for entry in document.get("resources") or ()
        if discovery.is_collectable(entry) and (meta.group_of(document["groupVersion"]), entry["name"]) not in watched
    ]


async def look(graph: Graph, kube: Kube) -> set[str]:
    """Brings the graph up to date; returns the UIDs to look at. Raises ApiError when there is no discovery."""
    documents, _ = await discovery.resource_lists(kube)
    touched: set[str] = set()
    for kind in unwatched(documents):
        try:
            objects = await kube.fetch_list(*kind)
        except ApiError as error:
            if error.is_unreachable:
                raise
            continue  # a kind that went away, or whose server is down: its objects are taken to be there
        touched |= graph.replace(kind, (node_of(kind, obj) for obj in objects))
    return touched
