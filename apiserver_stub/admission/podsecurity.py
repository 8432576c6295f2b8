"""PodSecurity: a namespace's labels say which of the Pod Security Standards its Pods have to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from apiserver_stub.admission import podsecurity_checks
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.meta import field, status
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.schema import kinds

Object = Mapping[str, Any]

PREFIX: Final = "pod-security.kubernetes.io/"
_LEVELS: Final = ("privileged", "baseline", "restricted")
_VERSION: Final = re.compile(r"v1\.(0|[1-9][0-9]*)\Z", re.ASCII)
_LATEST: Final = 36
_WORKLOADS: Final = frozenset(
    {
        "cronjobs.batch",
        "daemonsets.apps",
        "deployments.apps",
        "jobs.batch",
        "podtemplates",
        "replicasets.apps",
        "replicationcontrollers",
        "statefulsets.apps",
    }
)


class Standard(NamedTuple):
    """A level as of a version; version: "latest" or "v1.N"."""

    level: str
    version: str

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"

    def violations(self, meta: Object, spec: Object) -> list[podsecurity_checks.Fault]:
        minor = _LATEST if self.version == "latest" else min(_LATEST, int(self.version.removeprefix("v1.")))
        return podsecurity_checks.faults(self.level, minor, meta, spec)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a namespace asks for."""

    enforce: Standard
    audit: Standard
    warn: Standard


class PodSecurity:
    """See the Kubernetes page "Pod Security Admission"; there are no exemptions."""

    def __init__(self, view: base.View) -> None:
        self._view = view

    def handles(self, resource: kinds.Resource) -> bool:
        name = resource.group_resource
        return name in ("pods", "namespaces") or name in _WORKLOADS

    def validate(self, a: Attributes) -> None:
        """Raises StatusError (403; 422 for labels of a Namespace)."""
        if a.obj is None:
            return
        if a.resource.name == "namespaces":
            if not a.subresource:
                self._namespace(a, a.obj)
            return
        if a.subresource not in ("", "ephemeralcontainers"):
            return
        labels = self._labels(a.namespace)
        if labels and (a.operation == "CREATE" or _concerns(a)):
            _judge(a, a.obj, policy(labels)[0])

    def _labels(self, namespace: str) -> Object:
        found = self._view.get("", "namespaces", "", namespace)
        labels: Object = ((found or {}).get("metadata") or {}).get("labels") or {}
        return {name: value for name, value in labels.items() if name.startswith(PREFIX)}

    def _namespace(self, a: Attributes, obj: Object) -> None:
        name = obj["metadata"].get("name", "")
        wanted, errors = policy(obj["metadata"].get("labels") or {})
        if a.old is None:
            if errors:
                raise status.invalid("", "Namespace", name, errors)
            return
        before, had = policy(a.old["metadata"].get("labels") or {})
        if errors and not had:
            raise status.invalid("", "Namespace", name, errors)
        if not had and wanted.enforce != before.enforce and _is_stricter(wanted.enforce, before.enforce):
            a.warnings += self._existing(name, wanted.enforce)

    def _existing(self, namespace: str, standard: Standard) -> list[str]:
        """Warnings about Pods that are there and break what is enforced from now on; they stay."""
        groups: dict[str, list[str]] = {}
        for pod in self._view.list("", "pods"):
            if pod["metadata"].get("namespace") == namespace:
                found = standard.violations(pod["metadata"], pod["spec"])
                if found:
                    groups.setdefault(", ".join(reason for reason, _ in found), []).append(pod["metadata"]["name"])
        if not groups:
            return []
        out = [f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{standard}"']
        lines = []
        for reasons, names in groups.items():
            first, more = min(names), len(names) - 1
            others = f" (and {more} other pod{'s' if more > 1 else ''})" if more else ""
            lines.append(f"{first}{others}: {reasons}")
        return out + sorted(lines)


def policy(labels: Mapping[str, str]) -> tuple[Policy, list[FieldError]]:
    """The policy in a namespace's labels, and what is wrong with them: enforcing fails closed, the rest open."""
    errors: list[FieldError] = []
    found: dict[str, Standard] = {}
    for mode, fallback in (("enforce", "restricted"), ("audit", "privileged"), ("warn", "privileged")):
        level, version = labels.get(f"{PREFIX}{mode}"), labels.get(f"{PREFIX}{mode}-version")
        if level is not None and level not in _LEVELS:
            errors.append(_mistake(mode, level, "must be one of privileged, baseline, restricted"))
            level = fallback
        if version is not None and version != "latest" and not _VERSION.match(version):
            errors.append(_mistake(f"{mode}-version", version, 'must be "latest" or "v1.x"'))
            version = "latest"
        found[mode] = Standard(level or "privileged", version or "latest")
    enforced = labels.get(f"{PREFIX}enforce") in _LEVELS
    if enforced and labels.get(f"{PREFIX}warn") is None and found["enforce"].level != "privileged":
        # Who enforces is told of workloads whose Pods will be refused.
        version = labels.get(f"{PREFIX}warn-version")
        found["warn"] = Standard(found["enforce"].level, found["warn" if version else "enforce"].version)
    return Policy(**found), errors


def _mistake(label: str, value: str, detail: str) -> FieldError:
    return field.invalid(f"metadata.labels[{PREFIX}{label}]", value, detail)


def _is_stricter(new: Standard, old: Standard) -> bool:
    return _LEVELS.index(new.level) >= _LEVELS.index(old.level) and new.level != "privileged"


def _concerns(a: Attributes) -> bool:
    """Whether an update changes what the standards are about: of a Pod only images and ephemeral containers can."""
    if a.resource.name != "pods" or a.subresource:
        return True
    assert a.obj is not None
    new, old = a.obj["spec"], (a.old or {}).get("spec") or {}
    return any(_images(new, group) != _images(old, group) for group in ("containers", "initContainers"))


def _images(spec: Object, group: str) -> list[Any]:
    return [container.get("image") for container in spec.get(group) or ()]


def _judge(a: Attributes, obj: Object, wanted: Policy) -> None:
    pod = _pod(a.resource, obj)
    meta, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    if a.resource.name == "pods":
        a.annotations[f"{PREFIX}enforce-policy"] = str(wanted.enforce)
        broken = wanted.enforce.violations(meta, spec)
        if broken:
            _audit(a, wanted.audit, meta, spec)
            message = f'violates PodSecurity "{wanted.enforce}": {_text(broken)}'
            raise status.forbidden(a.resource, a.obj["metadata"].get("name", "") if a.obj else a.name, message)
    _audit(a, wanted.audit, meta, spec)
    broken = wanted.warn.violations(meta, spec)
    if broken:
        a.warnings.append(f'would violate PodSecurity "{wanted.warn}": {_text(broken)}')


def _audit(a: Attributes, standard: Standard, meta: Object, spec: Object) -> None:
    broken = standard.violations(meta, spec)
    if broken:
        a.annotations[f"{PREFIX}audit-violations"] = f'would violate PodSecurity "{standard}": {_text(broken)}'


def _text(broken: list[podsecurity_checks.Fault]) -> str:
    return ", ".join(f"{reason} ({detail})" if detail else reason for reason, detail in broken)


def _pod(resource: kinds.Resource, obj: Object) -> Object:
    """The Pod, or the template of Pods, that an object holds."""
    if resource.name == "pods":
        return obj
    if resource.name == "podtemplates":
        return obj.get("template") or {}
    spec = obj.get("spec") or {}
    if resource.name == "cronjobs":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return spec.get("template") or {}
