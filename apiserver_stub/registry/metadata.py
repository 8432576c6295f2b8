"""ObjectMeta: what every kind's metadata must look like, and what an update may not change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.schema import kinds

Object = dict[str, Any]

_ANNOTATIONS_LIMIT: Final = 256 * 1024
_STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
# Objects that may not own others: their controllers would never learn of it.
_BANNED_OWNERS: Final = frozenset({("v1", "Event")})


def _within(longest: int) -> formats.Checker:
    def check(text: str) -> list[str]:
        found = formats.subdomain(text)
        if len(text) > longest:
            found.append(f"must be no more than {longest} characters")
        return found

    return check


# Kinds whose names are no DNS subdomain, by (group, plural).
_NAMES: Final[Mapping[tuple[str, str], formats.Checker]] = {
    ("", "namespaces"): formats.label,
    ("", "services"): formats.label,
    ("batch", "cronjobs"): _within(52),
    ("rbac.authorization.k8s.io", "clusterroles"): formats.path_segment,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): formats.path_segment,
    ("rbac.authorization.k8s.io", "roles"): formats.path_segment,
    ("rbac.authorization.k8s.io", "rolebindings"): formats.path_segment,
    ("certificates.k8s.io", "certificatesigningrequests"): formats.path_segment,
    # Declared elsewhere in their validation:
    ("apiregistration.k8s.io", "apiservices"): lambda text: [],
    ("networking.k8s.io", "ipaddresses"): lambda text: [],
}


def validate(resource: kinds.Resource, obj: Object) -> list[FieldError]:
    """Errors in the metadata of an object to be created."""
    meta = obj["metadata"]
    check = _NAMES.get((resource.group, resource.name), formats.subdomain)
    out = []
    if meta.get("generateName"):
        prefix = meta["generateName"]
        # The end is yet to come, so a dash there is fine.
        shortened = f"{prefix[:-1]}a" if prefix.endswith("-") and len(prefix) > 1 else prefix
        out += formats.faults("metadata.generateName", prefix, check(shortened))
    if not meta.get("name"):
        out.append(field.required("metadata.name", "name or generateName is required"))
    else:
        out += formats.faults("metadata.name", meta["name"], check(meta["name"]))
    if resource.namespaced:
        if not meta.get("namespace"):
            out.append(field.required("metadata.namespace"))
        else:
            out += formats.faults("metadata.namespace", meta["namespace"], formats.label(meta["namespace"]))
    return out + common(meta, any_finalizer=_takes_any_finalizer(resource))


def common(meta: Mapping[str, Any], *, any_finalizer: bool = False) -> list[FieldError]:
    """Errors of what may stand in the metadata of any object, embedded ones too; paths begin with `metadata`.

    any_finalizer: whether names of finalizers need no slash, as with upstream's extension servers.
    """
    out = formats.not_negative("metadata.generation", meta.get("generation"))
    if meta.get("labels"):
        out += formats.any_label("metadata.labels", meta["labels"])
    if meta.get("annotations"):
        out += _annotations(meta["annotations"])
    if meta.get("ownerReferences"):
        out += _owners(meta["ownerReferences"])
    return out + (_finalizers(meta["finalizers"], any_finalizer=any_finalizer) if meta.get("finalizers") else [])


def _annotations(annotations: Mapping[str, str]) -> list[FieldError]:
    out = []
    size = 0
    for key, value in annotations.items():
        out += formats.faults("metadata.annotations", key, formats.label_key(key.lower()))
        size += len(key.encode()) + len(value.encode())
    if size > _ANNOTATIONS_LIMIT:
        out.append(field.too_long("metadata.annotations", _ANNOTATIONS_LIMIT))
    return out


def _owners(owners: list[dict[str, Any]]) -> list[FieldError]:
    path = "metadata.ownerReferences"
    out = []
    controller = ""
    for i, owner in enumerate(owners):
        out += _owner(owner, f"{path}[{i}]")
        if owner.get("controller"):
            if controller:
                detail = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {owner.get('name', '')}"
                )
                shown = field.Raw("[" + " ".join(_go_owner(o) for o in owners) + "]")
                out.append(field.invalid(path, shown, detail))
            else:
                controller = owner.get("name", "")
    return out


def _go_owner(owner: Mapping[str, Any]) -> str:
    return f"{{{owner.get('apiVersion', '')} {owner.get('kind', '')} {owner.get('name', '')} {owner.get('uid', '')}}}"


def _owner(owner: Mapping[str, Any], path: str) -> list[FieldError]:
    out = []
    version = owner.get("apiVersion", "")
    if not version.rpartition("/")[2]:
        out.append(field.invalid(f"{path}.apiVersion", version, "version must not be empty"))
    for name in ("kind", "name", "uid"):
        if not owner.get(name):
            out.append(field.invalid(f"{path}.{name}", owner.get(name, ""), f"{name} must not be empty"))
    if (version, owner.get("kind")) in _BANNED_OWNERS:
        shown = f"{owner.get('apiVersion')}, Kind={owner.get('kind')}"
        out.append(field.invalid(path, shown, f"{shown} is disallowed from being an owner"))
    return out


def _finalizers(finalizers: list[str], *, any_finalizer: bool) -> list[FieldError]:
    out = []
    for i, name in enumerate(finalizers):
        path = f"metadata.finalizers[{i}]"
        found = formats.faults(path, name, formats.label_key(name))
        if not (found or any_finalizer or "/" in name or name in _STANDARD_FINALIZERS):
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            found = [field.invalid(path, name, detail)]
        out += found
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        out.append(field.invalid("metadata.finalizers", finalizers, detail))
    return out


def _takes_any_finalizer(resource: kinds.Resource) -> bool:
    return resource.is_custom or resource.group in ("apiextensions.k8s.io", "apiregistration.k8s.io")


def validate_update(resource: kinds.Resource, obj: Object, old: Object) -> list[FieldError]:
    """Errors in the metadata of an object that replaces `old`.

    Upstream looks at it twice, for every kind and in the kind's own validation, and lists each cause twice.
    """
    return _changes(resource, obj, old) * 2


def _changes(resource: kinds.Resource, obj: Object, old: Object) -> list[FieldError]:
    meta, before = obj["metadata"], old["metadata"]
    out: list[FieldError] = []
    if before.get("deletionTimestamp"):
        added = [name for name in meta.get("finalizers") or () if name not in (before.get("finalizers") or ())]
        if added:
            detail = (
                "no new finalizers can be added if the object is being deleted, found new finalizers "
                f"[]string{{{', '.join(field.quote(name) for name in added)}}}"
            )
            out.append(field.forbidden("metadata.finalizers", detail))
    for name in ("name", "namespace", "uid", "creationTimestamp"):
        out += formats.unchanged(f"metadata.{name}", meta.get(name), before.get(name))
    generation = meta.get("generation", 0)
    if generation < before.get("generation", 0):
        out.append(field.invalid("metadata.generation", generation, "must not be decremented"))
    return out + common(meta, any_finalizer=_takes_any_finalizer(resource))


def resource_version_required() -> FieldError:
    """For kinds that refuse an update without a resourceVersion."""
    return field.invalid("metadata.resourceVersion", 0, "must be specified for an update")
