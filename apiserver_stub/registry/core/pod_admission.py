"""What admission plug-ins add to a new Pod: ServiceAccount, Priority, RuntimeClass, DefaultTolerationSeconds."""

from __future__ import annotations

import secrets
from typing import Any, Final

from apiserver_stub.meta import status
from apiserver_stub.registry import base
from apiserver_stub.schema import quantity

Object = base.Object

_PODS: Final = ("", "pods")
_MIRROR: Final = "kubernetes.io/config.mirror"
_TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105  a path, not a secret
_TOKEN_VOLUME: Final = "kube-api-access-"  # noqa: S105  a name
_TOKEN_SECONDS: Final = 3607
_UNREACHABLE: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATED_SECONDS: Final = 300
_SYSTEM_CLASSES: Final = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}
_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"


def admit(pod: Object, view: base.View, *, mount_token: bool) -> None:
    """Changes the Pod in place. Raises StatusError (403)."""
    if isinstance(view, base.NoView):
        return
    off = view.off
    if "ServiceAccount" not in off:
        _service_account(pod, view, mount_token=mount_token)
    if "Priority" not in off:
        _priority(pod, view)
    if "DefaultTolerationSeconds" not in off:
        _tolerations(pod["spec"])
    if "RuntimeClass" not in off:
        _runtime_class(pod, view)


def readmit(pod: Object, view: base.View) -> None:
    """What the plug-ins do to a Pod that is updated."""
    if not isinstance(view, base.NoView) and "DefaultTolerationSeconds" not in view.off:
        _tolerations(pod["spec"])


def _refuse(pod: Object, message: str) -> status.StatusError:
    return status.forbidden(_PODS, pod["metadata"].get("name", ""), message)


def _service_account(pod: Object, view: base.View, *, mount_token: bool) -> None:
    meta, spec = pod["metadata"], pod["spec"]
    if _MIRROR in (meta.get("annotations") or {}):
        return
    name = spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = name
    account = view.get("", "serviceaccounts", meta.get("namespace", ""), name)
    if account is None:
        where = f"{meta.get('namespace', '')}/{name}"
        raise _refuse(pod, f'error looking up service account {where}: serviceaccount "{name}" not found')
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(entry) for entry in account["imagePullSecrets"]]
    if mount_token and _automounts(spec, account):
        _mount_token(spec)


def _automounts(spec: Object, account: Object) -> bool:
    for holder in (spec, account):
        if holder.get("automountServiceAccountToken") is not None:
            return bool(holder["automountServiceAccountToken"])
    return True


def _mount_token(spec: Object) -> None:
    """Adds the projected volume with the account's token to every container that mounts nothing in its place."""
    given = [v.get("name", "") for v in spec.get("volumes") or () if str(v.get("name", "")).startswith(_TOKEN_VOLUME)]
    name = given[0] if given else _TOKEN_VOLUME + "".join(secrets.choice(_ALPHABET) for _ in range(5))
    mounted = False
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        mounts = container.setdefault("volumeMounts", [])
        if any(mount.get("mountPath") == _TOKEN_PATH for mount in mounts):
            continue
        mounts.append({"name": name, "readOnly": True, "mountPath": _TOKEN_PATH})
        mounted = True
    if mounted and not given:
        spec.setdefault("volumes", []).append({"name": name, "projected": _token_volume()})


def _token_volume() -> Object:
    reference = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": reference}]}},
        ],
        "defaultMode": 0o644,
    }


def _priority(pod: Object, view: base.View) -> None:
    spec = pod["spec"]
    name = spec.get("priorityClassName")
    chosen: Any = None
    if name:
        chosen = view.get("scheduling.k8s.io", "priorityclasses", "", name)
        if chosen is None and name in _SYSTEM_CLASSES:
            chosen = {"value": _SYSTEM_CLASSES[name]}
        if chosen is None:
            raise _refuse(pod, f"no PriorityClass with name {name} was found")
    else:
        found = [c for c in view.list("scheduling.k8s.io", "priorityclasses") if c.get("globalDefault")]
        chosen = min(found, key=lambda c: c.get("value", 0), default=None)
        if chosen is not None:
            spec["priorityClassName"] = chosen["metadata"]["name"]
    value = chosen.get("value", 0) if chosen else 0
    if spec.get("priority") is not None and spec["priority"] != value:
        detail = f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; priority"
        raise _refuse(pod, f"{detail} admission controller computed {value} from the given PriorityClass name")
    spec["priority"] = value
    policy = (chosen or {}).get("preemptionPolicy") or "PreemptLowerPriority"
    if spec.get("preemptionPolicy") not in (None, policy):
        detail = f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec;"
        raise _refuse(
            pod, f"{detail} priority admission controller computed {policy} from the given PriorityClass name"
        )
    spec["preemptionPolicy"] = policy


def _runtime_class(pod: Object, view: base.View) -> None:
    spec = pod["spec"]
    name = spec.get("runtimeClassName")
    chosen = view.get("node.k8s.io", "runtimeclasses", "", name) if name else None
    if name and chosen is None:
        raise _refuse(pod, f'pod rejected: RuntimeClass "{name}" not found')
    overhead = ((chosen or {}).get("overhead") or {}).get("podFixed")
    if spec.get("overhead") and chosen is None:
        raise _refuse(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
    if chosen is None:
        return
    if spec.get("overhead") is not None and not _same_amounts(spec["overhead"], overhead or {}):
        raise _refuse(pod, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    if overhead:
        spec["overhead"] = dict(overhead)
    _place_by_class(pod, chosen.get("scheduling") or {})


def _same_amounts(given: Object, defined: Object) -> bool:
    if given.keys() != defined.keys():
        return False
    return all(quantity.parse(given[name]) == quantity.parse(defined[name]) for name in given)


def _place_by_class(pod: Object, rules: Object) -> None:
    """A class whose handler is on some nodes only brings a node selector and tolerations along."""
    spec = pod["spec"]
    selector = spec.get("nodeSelector") or {}
    for key, value in (rules.get("nodeSelector") or {}).items():
        if selector.get(key, value) != value:
            detail = f"runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = "
            raise _refuse(pod, f"conflict: {detail}{selector[key]}")
    if rules.get("nodeSelector"):
        spec["nodeSelector"] = selector | rules["nodeSelector"]
    for toleration in rules.get("tolerations") or ():
        present = spec.setdefault("tolerations", [])
        if toleration not in present:
            present.append(dict(toleration))


def _tolerations(spec: Object) -> None:
    """How long a Pod stays on a node that is not ready or cannot be reached."""
    present = spec.get("tolerations") or []
    for key in _UNREACHABLE:
        if any(_tolerates(toleration, key) for toleration in present):
            continue
        entry = {
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _TOLERATED_SECONDS,
        }
        spec.setdefault("tolerations", []).append(entry)


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key", "") in (key, "") and toleration.get("effect", "") in ("NoExecute", "")
