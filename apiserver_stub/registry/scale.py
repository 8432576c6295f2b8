"""The Scale of workload kinds: autoscaling/v1, read from and written into spec.replicas."""

from typing import Any

from apiserver_stub.meta import field, status

Object = dict[str, Any]

GROUP, VERSION, KIND = "autoscaling", "v1", "Scale"


def of(obj: Object) -> Object:
    """The Scale of a workload. A zero is left out, as Kubernetes does."""
    meta = obj["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = obj.get("spec", {}).get("replicas", 0)
    shown: Object = {"replicas": obj.get("status", {}).get("replicas", 0)}
    if selector := selector_text(obj.get("spec", {}).get("selector")):
        shown["selector"] = selector
    return {
        "kind": KIND,
        "apiVersion": f"{GROUP}/{VERSION}",
        "metadata": {name: meta[name] for name in names if name in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": shown,
    }


def live(obj: Object) -> Object:
    """The Scale that a change starts from."""
    return of(obj)


def put(obj: Object, scale: Object) -> Object:
    """The workload with the Scale's replicas. Raises StatusError (422)."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        error = field.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise status.invalid(GROUP, KIND, obj["metadata"]["name"], [error])
    meta = scale.get("metadata") or {}
    for name in ("resourceVersion", "uid"):
        if meta.get(name):
            obj["metadata"][name] = meta[name]
    obj.setdefault("spec", {})["replicas"] = replicas
    return obj


def selector_text(selector: Object | None) -> str:
    """A label selector (or the plain map of a ReplicationController) in the notation of query parameters."""
    if not selector:
        return ""
    if not {"matchLabels", "matchExpressions"} & selector.keys():
        return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
    terms = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    terms += [(rule["key"], _expression(rule)) for rule in selector.get("matchExpressions") or []]
    return ",".join(text for _, text in sorted(terms, key=lambda term: term[0]))


def _expression(rule: Object) -> str:
    key: str = rule["key"]
    values = ",".join(sorted(rule.get("values") or []))
    forms = {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": key,
        "DoesNotExist": f"!{key}",
    }
    return forms[rule["operator"]]
