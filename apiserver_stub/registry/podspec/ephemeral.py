"""Validation of ephemeral containers, which may only ever be added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry.podspec import containers, golang

Object = Mapping[str, Any]

_FORBIDDEN: Final = ("ports", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "resizePolicy")
_DETAIL: Final = "cannot be set for an Ephemeral Container"


def validate(spec: Object, path: str, context: containers.Context) -> list[FieldError]:
    """The ephemeral containers of a PodSpec at `path`."""
    others = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    names = {container.get("name", "") for container in others}
    targets = frozenset(names)
    out = []
    for i, container in enumerate(spec.get("ephemeralContainers") or ()):
        here = f"{path}[{i}]"
        out += containers.common(container, here, context)
        name = container.get("name", "")
        if name in names:
            out.append(field.duplicate(f"{here}.name", name))
        names.add(name)
        target = container.get("targetContainerName", "")
        if target and target not in targets:
            out.append(field.not_found(f"{here}.targetContainerName", target))
        out += [field.forbidden(f"{here}.{part}", _DETAIL) for part in _FORBIDDEN if container.get(part) is not None]
        if container.get("resources"):
            out.append(field.forbidden(f"{here}.resources", _DETAIL))
        for j, mount in enumerate(container.get("volumeMounts") or ()):
            for part in ("subPath", "subPathExpr"):
                if mount.get(part):
                    out.append(field.forbidden(f"{here}.volumeMounts[{j}].{part}", _DETAIL))
    return out


def changes(new: Sequence[Object], old: Sequence[Object]) -> list[FieldError]:
    """Those that exist may neither change nor go."""
    path = "spec.ephemeralContainers"
    by_name = {container.get("name", ""): container for container in new}
    out = []
    for before in old:
        name = before.get("name", "")
        after = by_name.get(name)
        if after is None:
            detail = f"existing ephemeral containers {field.quote(name)} may not be removed\n"
            out.append(field.forbidden(path, detail))
        elif after != before:
            shown = golang.difference(
                golang.struct("EphemeralContainer", before), golang.struct("EphemeralContainer", after)
            )
            detail = f"existing ephemeral containers {field.quote(name)} may not be changed\n{shown}"
            out.append(field.forbidden(path, detail))
    return out
