"""AdmissionRequest of admission.k8s.io: a request as webhooks and CEL expressions see it."""

from __future__ import annotations

from typing import Any

from apiserver_stub.admission import criteria
from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth.authenticate import User

Object = dict[str, Any]


def request(
    a: Attributes, resource: criteria.ResourceName | None = None, kind: tuple[str, str, str] | None = None
) -> Object:
    """All but uid, object and oldObject; names that are empty are left out.

    resource, kind: in whose terms it is asked, where they are not those of the request (matchPolicy Equivalent).
    """
    own = criteria.name_of(a)
    found: Object = {
        "kind": _kind(kind or a.kind),
        "resource": _resource(resource or own),
        "requestKind": _kind(a.kind),
        "requestResource": _resource(own),
        "operation": a.operation,
        "userInfo": user_info(a.user),
        "dryRun": a.dry_run,
        "options": a.options or None,
    }
    texts = {
        "subResource": a.subresource,
        "requestSubResource": a.subresource,
        "name": a.name,
        "namespace": criteria.namespace_of(a),
    }
    return found | {name: text for name, text in texts.items() if text}


def user_info(user: User) -> Object:
    """authentication.k8s.io/v1 UserInfo."""
    found: Object = {
        "username": user.name,
        "uid": user.uid,
        "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }
    return {name: value for name, value in found.items() if value}


def _kind(gvk: tuple[str, str, str]) -> Object:
    return {"group": gvk[0], "version": gvk[1], "kind": gvk[2]}


def _resource(gvr: criteria.ResourceName) -> Object:
    return {"group": gvr[0], "version": gvr[1], "resource": gvr[2]}
