"""Admission of requests that store no object of the resource that they name: connections, evictions, reviews."""

from typing import Any

from multidict import MultiDict

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.http.context import Context
from apiserver_stub.http.route import truthy
from apiserver_stub.registry.generic import Registry, WriteOptions

Object = dict[str, Any]

_FLAGS = ("stdin", "stdout", "stderr", "tty")


async def creation(context: Context, registry: Registry, obj: Object, asked: WriteOptions) -> Object:
    """POST of an object that is not kept: what admission makes of it. Raises StatusError."""
    target = context.target
    a = Attributes("CREATE", registry.resource, target.namespace, target.name, obj)
    a.name = target.name or str((obj.get("metadata") or {}).get("name") or "")
    a.subresource, a.dry_run, a.user = target.subresource, asked.dry_run, context.user
    a.options = asked.shown("CreateOptions")
    _note(context, a)
    await registry.gate.pass_through(a)
    context.warn(a.warnings)
    return a.obj or {}


async def connection(context: Context, registry: Registry) -> None:
    """exec, attach, port-forward, proxy (CONNECT); admission may change the query. Raises StatusError."""
    target, resource = context.target, registry.resource
    kind = resource.subresources[target.subresource].kind
    obj = {"kind": kind, "apiVersion": "v1"} | _options(context)
    a = Attributes("CONNECT", resource, target.namespace, target.name, obj, subresource=target.subresource)
    a.user = context.user
    _note(context, a)
    before = dict(obj)
    await registry.gate.pass_through(a)
    context.warn(a.warnings)
    if a.obj is not None and a.obj != before:
        context.query = _query(a.obj)


def _note(context: Context, a: Attributes) -> None:
    """What plug-ins have to say goes to the audit log."""
    if context.trail is not None:
        a.annotations = context.trail.annotations


def _options(context: Context) -> Object:
    """PodExecOptions and their like, as the query says."""
    query, subresource = context.query, context.target.subresource
    if subresource == "proxy":
        tail, ends = context.target.tail, "/" if context.target.path.endswith("/") else ""
        return {"path": f"/{tail}{ends}" if tail else ends} if tail or ends else {}
    if subresource == "portforward":
        ports = [int(text) for text in query.getall("ports", []) if text.isascii() and text.isdigit()]
        return {"ports": ports} if ports else {}
    found: Object = {name: True for name in _FLAGS if truthy(query.get(name, ""))}
    if query.get("container"):
        found["container"] = query["container"]
    if command := query.getall("command", []):
        found["command"] = command
    return found


def _query(obj: Object) -> MultiDict[str]:
    """The reverse of _options."""
    found: MultiDict[str] = MultiDict()
    for name, value in obj.items():
        if name in ("kind", "apiVersion", "path"):
            continue
        for one in value if isinstance(value, list) else [value]:
            found.add(name, str(one).lower() if isinstance(one, bool) else str(one))
    return found
