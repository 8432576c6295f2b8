"""POST to serviceaccounts/NAME/token: a token for a ServiceAccount (TokenRequest)."""

import datetime
import time
import uuid
from typing import Any

from aiohttp import web

from apiserver_stub.auth import accounts
from apiserver_stub.auth.accounts import Bound
from apiserver_stub.auth.signer import SigningError
from apiserver_stub.auth.tokens import Issuer
from apiserver_stub.http import admit, options, respond
from apiserver_stub.http.context import Context, decoded, object_body
from apiserver_stub.meta import field, status
from apiserver_stub.registry.generic import Registry
from apiserver_stub.storage.log import Key, Log

Object = dict[str, Any]

_GROUP = "authentication.k8s.io"
_DEFAULT_SECONDS = 3600
_MIN_SECONDS, _MAX_SECONDS = 600, 1 << 32
_BINDABLE = {"Pod": ("pods", True), "Node": ("nodes", False), "Secret": ("secrets", True)}


async def serve(context: Context, registry: Registry, issuer: Issuer) -> web.Response:
    """registry: of ServiceAccounts. Raises StatusError (400, 404, 409, 422)."""
    target = context.target
    content = await object_body(context)
    asked = options.write_options(context.query, context.dry_runs, "CreateOptions", context.user)
    request = decoded(context, content, registry.resource.subresources["token"], asked.field_validation)
    meta = request.setdefault("metadata", {})
    _check_place(meta, target.namespace, target.name)
    request = await admit.creation(context, registry, request, asked)
    meta = request.setdefault("metadata", {})
    account = registry.object(registry.get(target.namespace, target.name))
    now = time.time()
    spec = _defaulted(request.get("spec") or {}, issuer)
    _validate(spec)
    bound = _bound(spec["boundObjectRef"], target.namespace, target.name, registry.log)
    token_id = str(uuid.uuid4())
    found = accounts.claims(account, spec["audiences"], int(now), spec["expirationSeconds"], bound, token_id)
    try:
        token = await issuer.issue(found)
    except SigningError as error:
        raise status.internal(f"failed to generate token: {error}") from None
    meta |= {"name": target.name, "namespace": target.namespace, "uid": str(uuid.uuid4())}
    answer = {
        "kind": "TokenRequest",
        "apiVersion": f"{_GROUP}/v1",
        "metadata": meta | {"creationTimestamp": _time(now)},
        "spec": spec,
        "status": {"token": token, "expirationTimestamp": _time(now + spec["expirationSeconds"])},
    }
    return await respond.document(context, answer, 201)


def _check_place(meta: Object, namespace: str, name: str) -> None:
    for key, wanted in (("name", name), ("namespace", namespace)):
        given = meta.get(key)
        if given and given != wanted:
            error = field.invalid(f"metadata.{key}", given, f"must match the service account {key} if specified")
            raise status.invalid(_GROUP, "TokenRequest", name, [error])


def _defaulted(spec: Object, issuer: Issuer) -> Object:
    seconds = spec.get("expirationSeconds")
    return {
        "audiences": spec.get("audiences") or list(issuer.audiences),
        "expirationSeconds": _DEFAULT_SECONDS if seconds is None else seconds,
        "boundObjectRef": spec.get("boundObjectRef"),
    }


def _validate(spec: Object) -> None:
    seconds = spec["expirationSeconds"]
    fault = ""
    if seconds < _MIN_SECONDS:
        fault = "may not specify a duration less than 10 minutes"
    elif seconds > _MAX_SECONDS:
        fault = "may not specify a duration larger than 2^32 seconds"
    if fault:
        raise status.invalid(_GROUP, "TokenRequest", "", [field.invalid("spec.expirationSeconds", seconds, fault)])


def _bound(reference: Object | None, namespace: str, account: str, log: Log) -> list[Bound]:
    """What the token is bound to; for a Pod on a node that too. Raises StatusError (400, 404, 409)."""
    if reference is None:
        return []
    kind, name = reference.get("kind") or "", reference.get("name") or ""
    group, _, version = (reference.get("apiVersion") or "").rpartition("/")
    if group or kind not in _BINDABLE:
        raise status.bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    table, namespaced = _BINDABLE[kind]
    entry = log.get(Key("", table, namespace if namespaced else "", name))
    if entry is None:
        raise status.not_found(("", table), name)
    obj = entry.decode()
    uid = obj["metadata"]["uid"]
    bound = [Bound(kind.lower(), name, uid)]
    if kind == "Pod":
        bound += _node_of(obj, account, log)
    if reference.get("uid") and reference["uid"] != uid:
        raise status.conflict(
            ("", kind),
            name,
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated",
        )
    return bound


def _node_of(pod: Object, account: str, log: Log) -> list[Bound]:
    """Raises StatusError (400) where the Pod runs as another account."""
    spec = pod["spec"]
    if spec.get("serviceAccountName") != account:
        raise status.bad_request(
            f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
        )
    name = spec.get("nodeName")
    if not name:
        return []
    node = log.get(Key("", "nodes", "", name))
    return [Bound("node", name, node.decode()["metadata"]["uid"] if node else "")]


def _time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
