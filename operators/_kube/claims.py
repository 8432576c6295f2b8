"""Claiming by selector: adopt objects without a controller, release those that no longer match .

See "Finding and adopting" in the Kubernetes design of controller references: an object has at most one controller,
which takes matching orphans and lets go of what has been relabelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from operators._kube import meta, selectors
from operators._kube.actions import Patch
from operators._kube.client import ApiError, Kube, raise_first
from operators._kube.meta import Key, Object


@dataclass(frozen=True, slots=True)
class Claims:
    """`owned`: controlled already and still matching. `adopt` and `release`: the patches that change who controls."""

    owned: tuple[Object, ...]
    adopt: tuple[Patch, ...]
    release: tuple[Patch, ...]


def plan_claims(
    owner: Object, selector: Object | None, objects: Iterable[Object], api_version: str, resource: str
) -> Claims:
    """Sorts `objects` (any of the owner's namespace; others' are passed over) into what to keep, take and let go.

    An owner that is being deleted takes nothing and lets nothing go. Before the adoptions are carried out, the
    owner must be read live: a cache may not know yet that it has been deleted.
    """
    owned: list[Object] = []
    adopt: list[Patch] = []
    release: list[Patch] = []
    for obj in objects:
        matching = not selectors.is_empty(selector) and selectors.matches(selector, meta.labels_of(obj))
        controller = meta.controller_of(obj)
        if controller is None:
            if matching and not meta.is_deleting(owner) and not meta.is_deleting(obj):
                adopt.append(_patch(obj, [meta.owner_reference(owner)], api_version, resource))
        elif controller.get("uid") == meta.uid_of(owner):
            if matching or meta.is_deleting(owner):
                owned.append(obj)
            else:
                removed = [{"$patch": "delete", "uid": meta.uid_of(owner)}]
                release.append(_patch(obj, removed, api_version, resource))
    return Claims(tuple(owned), tuple(adopt), tuple(release))


def _patch(obj: Object, references: list[Object], api_version: str, resource: str) -> Patch:
    # The uid guards against an object that has taken the same name meanwhile.
    body: Object = {"metadata": {"uid": meta.uid_of(obj), "ownerReferences": references}}
    key = meta.key_of(obj)
    return Patch(api_version, resource, key.namespace, key.name, body, content_type="strategic")


def claimants(
    obj: Object, kube: Kube, api_version: str, resource: str, selector_of: Callable[[Object], Object | None]
) -> Iterator[Key]:
    """Which objects of a kind may adopt one that has no controller: those of its namespace that select it."""
    if meta.controller_of(obj) is not None:
        return
    for owner in kube.list(api_version, resource, meta.namespace_of(obj)):
        if selectors.matches(selector_of(owner), meta.labels_of(obj)):
            yield meta.key_of(owner)


def label_selector(owner: Object) -> Object | None:
    """Where nearly all kinds have it: `spec.selector`, a metav1.LabelSelector."""
    selector: Object | None = owner["spec"].get("selector")
    return selector


async def carry_out(claims: Claims, owner: Object, resource: str, kube: Kube) -> None:
    """Adopts and releases. `resource`: the owner's plural. Raises ApiError; what vanished meanwhile is no error."""
    adopt = claims.adopt
    if adopt:
        fresh = await kube.fetch(owner["apiVersion"], resource, meta.key_of(owner))
        if fresh is None or meta.is_deleting(fresh) or meta.uid_of(fresh) != meta.uid_of(owner):
            adopt = ()
    errors = await kube.perform((*adopt, *claims.release))
    raise_first(error for error in errors if not _gone(error))


def _gone(error: Exception) -> bool:
    # 409 and 422: the uid in the patch is no longer that of the object with this name.
    return isinstance(error, ApiError) and error.status in (404, 409, 422)
