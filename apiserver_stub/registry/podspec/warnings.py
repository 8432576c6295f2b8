"""Warnings about Pods and templates: deprecated fields and likely mistakes that are still accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from apiserver_stub.schema import quantity

Object = Mapping[str, Any]

_NODE_LABELS: Final = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
_SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_SECCOMP: Final = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_ANNOTATIONS: Final = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
VOLUMES: Final = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}


def pod(obj: Object) -> list[str]:
    return [*_app_armor(obj, "metadata"), *_spec_and_meta(obj, "", "metadata")]


def template(obj: Object, path: str) -> list[str]:
    """A PodTemplateSpec at `path`."""
    meta = f"{path}.metadata"
    return [*_app_armor(obj, meta), *_spec_and_meta(obj, path, meta)]


def _app_armor(obj: Object, path: str) -> Iterator[str]:
    for key in sorted((obj.get("metadata") or {}).get("annotations") or {}):
        if key.startswith(_APP_ARMOR):
            yield f'{path}.annotations[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'


def _spec_and_meta(obj: Object, parent: str, meta_path: str) -> Iterator[str]:
    spec = obj.get("spec") or {}
    path = f"{parent}.spec" if parent else "spec"
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    for key in spec.get("nodeSelector") or ():
        if key in _NODE_LABELS:
            yield f"{path}.nodeSelector[{key}]: {_NODE_LABELS[key]}"
    yield from _affinity(spec, path)
    yield from _topology(spec, path)
    if _SECCOMP_POD in annotations:
        yield f"{meta_path}.annotations[{_SECCOMP_POD}]: {_SECCOMP}"
    for key, text in _ANNOTATIONS.items():
        if key in annotations:
            yield f"{meta_path}.annotations[{key}]: {text}"
    yield from _volumes(spec, path)
    yield from _pull_secrets(spec, path)
    yield from _containers(spec, path, annotations, meta_path)
    yield from _overhead(spec, path)
    yield from _aliases(spec, path)


def _affinity(spec: Object, path: str) -> Iterator[str]:
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    base = f"{path}.affinity.nodeAffinity"
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    for i, term in enumerate((node.get(required) or {}).get("nodeSelectorTerms") or ()):
        yield from node_term(term, f"{base}.{required}.nodeSelectorTerms[{i}]")
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    for i, weighted in enumerate(node.get(preferred) or ()):
        yield from node_term(weighted.get("preference") or {}, f"{base}.{preferred}[{i}].preference")


def node_term(term: Object, path: str) -> Iterator[str]:
    """A term of a node selector."""
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        key = requirement.get("key", "")
        if key in _NODE_LABELS:
            yield f"{path}.matchExpressions[{i}].key: {key} is {_NODE_LABELS[key]}"


def _topology(spec: Object, path: str) -> Iterator[str]:
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        here, key = f"{path}.topologySpreadConstraints[{i}]", constraint.get("topologyKey", "")
        if key in _NODE_LABELS:
            yield f"{here}.topologyKey: {key} is {_NODE_LABELS[key]}"
        if constraint.get("labelSelector") is None:
            yield f"{here}.labelSelector: a null labelSelector results in matching no pod"


def _volumes(spec: Object, path: str) -> Iterator[str]:
    for i, volume in enumerate(spec.get("volumes") or ()):
        for name, text in VOLUMES.items():
            if volume.get(name) is not None:
                yield f"{path}.volumes[{i}].{name}: {text}"
        limit = (volume.get("emptyDir") or {}).get("sizeLimit")
        if limit is not None and quantity.parse(limit) % 1:
            where = f"{path}.volumes[{i}].emptyDir.sizeLimit"
            yield f'{where}: fractional byte value "{limit}" is invalid, must be an integer'


def _pull_secrets(spec: Object, path: str) -> Iterator[str]:
    seen: dict[str, int] = {}
    for i, entry in enumerate(spec.get("imagePullSecrets") or ()):
        name = entry.get("name", "")
        here = f"{path}.imagePullSecrets[{i}].name"
        if not name:
            yield f'{here}: invalid empty name ""'
        elif name in seen:
            yield f'{path}.imagePullSecrets[{i}].name: duplicate name "{name}"'
        seen.setdefault(name, i)


def _containers(spec: Object, path: str, annotations: Object, meta_path: str) -> Iterator[str]:
    ports: dict[tuple[Any, ...], str] = {}
    for group in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(group) or ()):
            here = f"{path}.{group}[{i}]"
            key = _SECCOMP_CONTAINER + container.get("name", "")
            if key in annotations:
                yield f"{meta_path}.annotations[{key}]: {_SECCOMP}"
            yield from _fractions(container, here)
            yield from _hidden_variables(container, here)
            yield from _duplicate_ports(container, here, ports)


def _fractions(container: Object, path: str) -> Iterator[str]:
    resources = container.get("resources") or {}
    for kind in ("limits", "requests"):
        for name in ("memory", "ephemeral-storage"):
            text = (resources.get(kind) or {}).get(name)
            if text is not None and quantity.parse(text) % 1:
                where = f"{path}.resources.{kind}[{name}]"
                yield f'{where}: fractional byte value "{text}" is invalid, must be an integer'


def _hidden_variables(container: Object, path: str) -> Iterator[str]:
    seen: dict[str, str] = {}
    for i, variable in enumerate(container.get("env") or ()):
        name = variable.get("name", "")
        before = seen.get(name)
        value = variable.get("value", "")
        # A variable that builds on its previous self is fine.
        if before is not None and f"$({name})" not in value:
            yield f'{path}.env[{i}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen[name] = value


def _duplicate_ports(container: Object, path: str, ports: dict[tuple[Any, ...], str]) -> Iterator[str]:
    own: dict[tuple[Any, ...], int] = {}
    for i, port in enumerate(container.get("ports") or ()):
        identity = (port.get("containerPort"), port.get("protocol"), port.get("hostPort", 0), port.get("hostIP", ""))
        if identity in ports:
            yield f"{path}.ports[{i}]: duplicate port definition with {ports[identity]}"
        elif identity[:2] in own and not port.get("hostPort"):
            yield f"{path}.ports[{i}]: overlapping port definition with {path}.ports[{own[identity[:2]]}]"
        ports.setdefault(identity, f"{path}.ports[{i}]")
        own.setdefault(identity[:2], i)


def _overhead(spec: Object, path: str) -> Iterator[str]:
    for name in ("memory", "ephemeral-storage"):
        text = (spec.get("overhead") or {}).get(name)
        if text is not None and quantity.parse(text) % 1:
            yield f'{path}.overhead[{name}]: fractional byte value "{text}" is invalid, must be an integer'


def _aliases(spec: Object, path: str) -> Iterator[str]:
    seen: dict[str, int] = {}
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        ip = alias.get("ip", "")
        if ip in seen:
            yield f"{path}.hostAliases[{i}].ip: duplicate ip {ip}, already defined at index {seen[ip]}"
        seen.setdefault(ip, i)
