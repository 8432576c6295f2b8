"""Reviews of authorization.k8s.io: may somebody do something, and what may the asking user do."""

from typing import Any

from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.rbac import Attributes, Rule
from apiserver_stub.meta import field, status
from apiserver_stub.meta.field import FieldError

Object = dict[str, Any]

_GROUP = "authorization.k8s.io"
_ONE_OF = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


def subject(authorizer: Authorizer, review: Object) -> Object:
    """SubjectAccessReview. Raises StatusError (422)."""
    spec = review.setdefault("spec", {})
    _refuse(_attribute_faults(spec) + _user_faults(spec) + _metadata_faults(review))
    return {"metadata": {}, "spec": spec, "status": _status(authorizer, _user(spec), spec)}


def local(authorizer: Authorizer, review: Object, namespace: str) -> Object:
    """LocalSubjectAccessReview: of one namespace only. Raises StatusError (400, 422)."""
    spec, meta = review.setdefault("spec", {}), review.setdefault("metadata", {})
    if (meta.setdefault("namespace", namespace) or namespace) != namespace:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    errors = _attribute_faults(spec) + _user_faults(spec)
    if set(_plain(meta)) - {"namespace"}:
        errors.append(field.invalid("metadata", _plain(meta), "must be empty except for namespace"))
    asked = (spec.get("resourceAttributes") or {}).get("namespace", "")
    if spec.get("resourceAttributes") is not None and asked != namespace:
        errors.append(field.invalid("spec.resourceAttributes.namespace", asked, "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        shown = _internal(spec["nonResourceAttributes"])
        errors.append(field.invalid("spec.nonResourceAttributes", shown, "disallowed on this kind of request"))
    _refuse(errors)
    return {"metadata": meta, "spec": spec, "status": _status(authorizer, _user(spec), spec)}


def self_access(authorizer: Authorizer, review: Object, user: User) -> Object:
    """SelfSubjectAccessReview. Raises StatusError (422)."""
    spec = review.setdefault("spec", {})
    _refuse(_attribute_faults(spec) + _metadata_faults(review))
    return {"metadata": {}, "spec": spec, "status": _status(authorizer, user, spec)}


def self_rules(authorizer: Authorizer, review: Object, user: User) -> Object:
    """SelfSubjectRulesReview. Raises StatusError (400)."""
    namespace = (review.get("spec") or {}).get("namespace")
    if not namespace:
        raise status.bad_request("no namespace on request")
    rules, problem = authorizer.policies.rules(user, namespace)
    found: Object = {
        "resourceRules": [_resource_rule(rule) for rule in rules if rule.resources],
        "nonResourceRules": [
            {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.urls)} for rule in rules if rule.urls
        ],
        "incomplete": False,
    }
    if problem:
        found["evaluationError"] = problem
    return {"metadata": {}, "spec": {}, "status": found}


def _resource_rule(rule: Rule) -> Object:
    parts = (("apiGroups", rule.groups), ("resources", rule.resources), ("resourceNames", rule.names))
    return {"verbs": list(rule.verbs)} | {name: list(values) for name, values in parts if values}


def _status(authorizer: Authorizer, user: User, spec: Object) -> Object:
    decision = authorizer.decide(user, _attributes(spec))
    found: Object = {"allowed": decision.allowed}
    return found | {"reason": decision.reason} if decision.reason else found


def _attributes(spec: Object) -> Attributes:
    if (asked := spec.get("resourceAttributes")) is not None:
        names = ("group", "resource", "subresource", "namespace", "name")
        return Attributes(asked.get("verb", ""), "", *(asked.get(name, "") for name in names))
    asked = spec["nonResourceAttributes"]
    return Attributes(asked.get("verb", ""), asked.get("path", ""))


def _user(spec: Object) -> User:
    extra = {key.lower(): tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return User(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", extra)


def _attribute_faults(spec: Object) -> list[FieldError]:
    resource: Object | None = spec.get("resourceAttributes")
    path: Object | None = spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        return [field.invalid("spec.nonResourceAttributes", _internal(path), detail)]
    if resource is None and path is None:
        return [field.invalid("spec.resourceAttributes", None, _ONE_OF)]
    errors = []
    for name in ("fieldSelector", "labelSelector"):
        if resource and resource.get(name) is not None:
            errors += _selector_faults(f"spec.resourceAttributes.{name}", resource[name])
    return errors


def _selector_faults(path: str, selector: Object) -> list[FieldError]:
    raw, requirements = selector.get("rawSelector"), selector.get("requirements")
    if raw and requirements:
        return [field.invalid(f"{path}.rawSelector", raw, "may not specified at the same time as requirements")]
    if not raw and not requirements:
        return [
            field.required(f"{path}.requirements", f"when {path} is specified, requirements or rawSelector is required")
        ]
    return []


def _user_faults(spec: Object) -> list[FieldError]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [field.invalid("spec.user", "", "at least one of user or group must be specified")]


def _metadata_faults(review: Object) -> list[FieldError]:
    meta = _plain(review.get("metadata") or {})
    return [field.invalid("metadata", meta, "must be empty")] if meta else []


def _plain(meta: Object) -> Object:
    return {name: value for name, value in meta.items() if name != "managedFields" and value not in (None, "", {}, [])}


def _internal(attributes: Object) -> Object:
    """As upstream holds them inside, where no names of JSON are given."""
    return {"Path": attributes.get("path", ""), "Verb": attributes.get("verb", "")}


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise status.invalid(_GROUP, "", "", errors)
