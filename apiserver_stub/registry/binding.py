"""Binding a Pod to a node."""

from typing import Any

from apiserver_stub.meta import field, status
from apiserver_stub.registry.generic import now

Object = dict[str, Any]


def check(binding: Object) -> None:
    """Raises StatusError: 500, as Kubernetes answers to this mistake."""
    target = binding.get("target") or {}
    errors = []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(field.not_supported("target.kind", target["kind"], ["Node", "<empty>"]))
    if not target.get("name"):
        errors.append(field.required("target.name"))
    if errors:
        messages = [error.message for error in errors]
        raise status.unknown(messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]")


def bind(pod: Object, binding: Object) -> Object:
    """The Pod with its node. Raises StatusError (409)."""
    meta, name = pod["metadata"], pod["metadata"]["name"]
    if meta.get("deletionTimestamp"):
        raise _conflict(name, f"pod {name} is being deleted, cannot be assigned to a host")
    if node := pod["spec"].get("nodeName"):
        raise _conflict(name, f'pod {name} is already assigned to node "{node}"')
    if pod["spec"].get("schedulingGates"):
        raise _conflict(name, f"pod {name} has non-empty .spec.schedulingGates")
    uid = (binding.get("metadata") or {}).get("uid")
    if uid and uid != meta["uid"]:
        raise _conflict(name, f"Precondition failed: UID in precondition: {uid}, UID in object meta: {meta['uid']}")
    pod["spec"]["nodeName"] = binding["target"]["name"]
    if annotations := (binding.get("metadata") or {}).get("annotations"):
        meta["annotations"] = (meta.get("annotations") or {}) | annotations
    shown = pod.setdefault("status", {})
    # Where it was hoped to be says nothing any more: KEP-5278.
    shown.pop("nominatedNodeName", None)
    _set_scheduled(shown)
    return pod


def _set_scheduled(shown: Object) -> None:
    conditions = [one for one in shown.get("conditions") or [] if one.get("type") != "PodScheduled"]
    conditions.append({"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now()})
    shown["conditions"] = conditions


def _conflict(name: str, message: str) -> status.StatusError:
    return status.conflict(("", "pods/binding"), name, message)
