"""ControllerRevisions: the history of a StatefulSet's or DaemonSet's template (pure).

See the Kubernetes reference page "ControllerRevision". Names and hashes are upstream's: a revision that another
controller of the same kind has made is found again here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import orjson

from operators._kube import hash as hashes
from operators._kube import meta
from operators._kube.actions import Action, Create, Delete, Patch
from operators._kube.meta import Object

HASH = "controller.kubernetes.io/hash"
_API, _RESOURCE = "apps/v1", "controllerrevisions"
_LONGEST_PREFIX = 223
# As Go writes these into JSON.
_ESCAPED = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    "\u2028".encode(): b"\\u2028",
    "\u2029".encode(): b"\\u2029",
}


@dataclass(frozen=True, slots=True)
class History:
    """`update`: the revision of the present template; it may be still to be made (no uid). `all`: oldest first.
    `actions`: what makes `update` true."""

    update: Object
    all: tuple[Object, ...]
    actions: tuple[Action, ...]

    def named(self, name: str | None) -> Object | None:
        return next((revision for revision in (*self.all, self.update) if meta.name_of(revision) == name), None)


def history(owner: Object, present: Iterable[Object], collisions: int, label: str = HASH) -> History:
    """The revision of the owner's template: an old one that says the same is made the newest again.

    `label`: where a revision has its hash; DaemonSets have another one there.
    """
    known = sorted(present, key=_order)
    wanted = _body(owner, known[-1]["revision"] + 1 if known else 1, collisions, label)
    same = [revision for revision in known if revision.get("data") == wanted["data"]]
    if not same:
        create = Create(_API, _RESOURCE, wanted)
        return History(wanted, tuple(known), (create,))
    found = same[-1]
    if found is known[-1]:
        return History(found, tuple(known), ())
    newest = {**found, "revision": wanted["revision"]}
    guard = {"uid": meta.uid_of(found), "resourceVersion": found["metadata"].get("resourceVersion")}
    body = {"metadata": guard, "revision": wanted["revision"]}
    patch = Patch(_API, _RESOURCE, meta.namespace_of(found), meta.name_of(found), body)
    return History(newest, tuple(known), (patch,))


def surplus(owner: Object, revisions: Sequence[Object], live: Collection[str]) -> list[Delete]:
    """The oldest revisions beyond revisionHistoryLimit that no Pod has. `live`: names that are in use."""
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    unused = [revision for revision in sorted(revisions, key=_order) if meta.name_of(revision) not in live]
    return [
        Delete(_API, _RESOURCE, meta.namespace_of(old), meta.name_of(old), uid=meta.uid_of(old))
        for old in unused[: max(0, len(unused) - limit)]
    ]


def template(revision: Object) -> Object:
    """The Pod template that a revision holds."""
    held = revision["data"]["spec"]["template"]
    return {name: value for name, value in held.items() if name != "$patch"}


def hash_of(data: Object, collisions: int) -> str:
    raw = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    for plain, escaped in _ESCAPED.items():
        raw = raw.replace(plain, escaped)
    return hashes.safe_encode(str(hashes.fnv32(raw + str(collisions).encode())))


def _body(owner: Object, number: int, collisions: int, label: str) -> Object:
    source = owner["spec"]["template"]
    data = {"spec": {"template": {**_plain(source), "$patch": "replace"}}}
    value = hash_of(data, collisions)
    metadata: Object = {
        "name": f"{meta.name_of(owner)[:_LONGEST_PREFIX]}-{value}",
        "namespace": meta.namespace_of(owner),
        "labels": {**((source.get("metadata") or {}).get("labels") or {}), label: value},
    }
    if annotations := meta.annotations_of(owner):
        metadata["annotations"] = dict(annotations)
    kind = {"apiVersion": _API, "kind": "ControllerRevision"}
    return {**kind, "metadata": metadata, "data": data, "revision": number}


def _plain(source: Object) -> Object:
    metadata = {n: value for n, value in (source.get("metadata") or {}).items() if value is not None}
    return {"metadata": metadata, "spec": source["spec"]}


def _order(revision: Object) -> tuple[int, str, str]:
    return int(revision["revision"]), revision["metadata"].get("creationTimestamp") or "", meta.name_of(revision)
