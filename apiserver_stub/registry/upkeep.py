"""What a write does to the metadata of any object, whatever its kind."""

from __future__ import annotations

import functools
import os
import time
from typing import Any

import orjson

from apiserver_stub.meta import names, status
from apiserver_stub.meta.managed import entries
from apiserver_stub.schema import kinds
from apiserver_stub.storage.log import Key

Object = dict[str, Any]

_MISMATCH = "the namespace of the provided object does not match the namespace sent on the request"
_DUPLICATE_OWNERS = (
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject "
    "such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
)


def place(resource: kinds.Resource, obj: Object, namespace: str) -> None:
    """Puts the object where the request says. Raises StatusError (400)."""
    meta = obj.setdefault("metadata", {})
    if not resource.namespaced:
        meta.pop("namespace", None)
    elif not meta.get("namespace"):
        meta["namespace"] = namespace
    elif meta["namespace"] != namespace:
        raise status.bad_request(_MISMATCH)


def now() -> str:
    """metav1.Time."""
    return _second(int(time.time()))


@functools.lru_cache(maxsize=1)
def _second(since_epoch: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since_epoch))


def new_uid() -> str:
    """A random UUID, as uuid.uuid4 makes them, at a third of its cost."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def begin(obj: Object) -> None:
    """Metadata that only the system sets."""
    meta = obj["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        meta.pop(name, None)
    meta["uid"] = new_uid()
    meta["creationTimestamp"] = now()


def named(obj: Object) -> str:
    name = obj["metadata"].get("name", "")
    return name if isinstance(name, str) else ""


def name_it(obj: Object) -> bool:
    """Whether the name was generated."""
    meta = obj["metadata"]
    if meta.get("name") or not meta.get("generateName"):
        return False
    meta["name"] = names.generate(meta["generateName"])
    return True


def keep(obj: Object, old: Object) -> None:
    """Metadata that an update never changes."""
    if not obj["metadata"].get("uid"):
        obj["metadata"]["uid"] = old["metadata"]["uid"]
    for name in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"):
        if name in old["metadata"]:
            obj["metadata"][name] = old["metadata"][name]
        else:
            obj["metadata"].pop(name, None)
    obj["metadata"].pop("selfLink", None)


def own(obj: Object, owners: list[Object]) -> None:
    if owners:
        obj["metadata"]["managedFields"] = owners
    else:
        obj["metadata"].pop("managedFields", None)


def restore_owners(obj: Object, owners: list[Object]) -> None:
    """managedFields that a webhook made unreadable become what they were."""
    given = obj["metadata"].get("managedFields")
    if given == owners:
        return
    try:
        entries.decode(given)
    except (entries.Malformed, AttributeError, TypeError):
        own(obj, owners)


def keep_times(obj: Object, old: Object) -> None:
    """A write that changes nothing but the times of managedFields is none."""
    mine, before = obj["metadata"].get("managedFields"), old["metadata"].get("managedFields")
    if mine == before or before is None or not entries.same_but_time(mine, before):
        return
    obj["metadata"]["managedFields"] = before
    if not is_equal(obj, old):
        obj["metadata"]["managedFields"] = mine


def is_equal(obj: Object, old: Object) -> bool:
    # Python holds 1, 1.0 and True for equal; the bytes settle it.
    if obj != old:
        return False
    return orjson.dumps(obj, option=orjson.OPT_SORT_KEYS) == orjson.dumps(old, option=orjson.OPT_SORT_KEYS)


def check_uid(resource: kinds.Resource, obj: Object, old: Object, key: Key) -> None:
    """Raises StatusError (409) when the body names another object than the one that is there."""
    given, own = obj["metadata"].get("uid"), old["metadata"]["uid"]
    if given and given != own:
        raise status.conflict(
            resource,
            key.name,
            f"StorageError: invalid object, Code: 4, Key: /registry/{key.resource}/{key.path}, ResourceVersion: 0, "
            f"AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {own}",
        )


def drop_duplicate_owners(obj: Object) -> list[str]:
    """Leaves each owner reference once; returns warnings."""
    owners = obj["metadata"].get("ownerReferences") or ()
    if len(owners) < 2:
        return []
    kept: list[Any] = []
    twice = []
    for owner in owners:
        if owner in kept:
            twice.append(owner.get("uid", ""))
        else:
            kept.append(owner)
    if not twice:
        return []
    obj["metadata"]["ownerReferences"] = kept
    return [_DUPLICATE_OWNERS + ", ".join(twice)]
