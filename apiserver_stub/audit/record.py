"""Audit events as lines of JSON (pure): audit.k8s.io/v1 Event."""

import datetime
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from apiserver_stub.audit.policy import Target
from apiserver_stub.auth.authenticate import User

Object = dict[str, Any]

# kube-apiserver's limit, in characters.
_AGENT_LENGTH = 1024
_TRUNCATED = "...TRUNCATED"
REDACTED: Final = "[redacted]"
# (group, resource, subresource) of what carries tokens -> the part of the object they are in.
_TOKENS: Final = {
    ("authentication.k8s.io", "tokenreviews", ""): "spec",
    ("", "serviceaccounts", "token"): "status",
}


@dataclass(slots=True)
class Body:
    """What was sent: media type and content, maybe compressed."""

    content: bytes = b""
    media: str = "application/json"
    is_gzip: bool = False

    def parsed(self) -> Any:
        """None for nothing, and for what can't be shown as JSON."""
        if not self.content:
            return None
        content = gzip.decompress(self.content) if self.is_gzip else self.content
        try:
            if "yaml" in self.media:
                from apiserver_stub.schema import yamltojson

                return yamltojson.load(content)[0]
            return orjson.loads(content) if "json" in self.media else None
        except ValueError:
            return None


@dataclass(slots=True)
class Record:
    """One event. `head`: the fields that are known when the request begins."""

    head: Object
    stage: str
    at: datetime.datetime
    target: Target
    level: str
    omit_managed_fields: bool
    code: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict)
    request: Body = field(default_factory=Body)
    response: Body = field(default_factory=Body)
    message: str = ""

    @property
    def size(self) -> int:
        """About how many bytes it keeps in memory."""
        return 1024 + len(self.request.content) + len(self.response.content)

    def line(self) -> bytes:
        try:
            return orjson.dumps(self.event()) + b"\n"
        except (orjson.JSONEncodeError, RecursionError):
            # A body that JSON can't hold must not keep its request out of the log.
            return orjson.dumps(replace(self, request=Body(), response=Body()).event()) + b"\n"

    def event(self) -> Object:
        sent, answered = self.request.parsed(), self.response.parsed()
        event = self.head | {"stage": self.stage}
        reference = event.pop("objectRef", None)
        if reference is not None:
            event["objectRef"] = _completed(reference, sent)
        if self.code:
            event["responseStatus"] = self._status(answered)
        if self.level in ("Request", "RequestResponse") and sent is not None:
            event["requestObject"] = self._shown(sent)
        if self.level == "RequestResponse" and answered is not None:
            event["responseObject"] = self._shown(answered)
        event["requestReceivedTimestamp"] = event.pop("requestReceivedTimestamp")
        event["stageTimestamp"] = micro_time(self.at)
        if self.annotations:
            event["annotations"] = dict(self.annotations)
        return event

    def _status(self, answered: Any) -> Object:
        """Of a Status also what it says; of other answers the code."""
        out: Object = {"metadata": {}}
        if isinstance(answered, dict) and answered.get("kind") == "Status":
            keys = ("status", "message", "reason", "details")
            out |= {key: answered[key] for key in keys if answered.get(key)}
        elif self.message:
            out["message"] = self.message
        return out | {"code": self.code}

    def _shown(self, obj: Any) -> Any:
        """An object without what is never written, and without managedFields where the policy says so."""
        if not isinstance(obj, dict):
            return obj
        target = self.target
        part = _TOKENS.get((target.group, target.resource, target.subresource))
        for name in ("spec", "status") if part else ():
            inner = obj.get(name)
            if isinstance(inner, dict) and inner.get("token"):
                obj = obj | {name: inner | {"token": REDACTED}}
        if not self.omit_managed_fields:
            return obj
        for one in (obj, *(obj.get("items") or ())):
            if isinstance(one, dict) and isinstance(one.get("metadata"), dict):
                one["metadata"].pop("managedFields", None)
        return obj


def head(
    audit_id: str, level: str, uri: str, verb: str, user: User | None, effective: User | None, sources: list[str],
    agent: str, target: Target, received: datetime.datetime,
) -> Object:  # fmt: skip
    """What is the same in all events of a request. effective: whom the user asks to be, None for himself."""
    out: Object = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": level,
        "auditID": audit_id,
        "stage": "",
        "requestURI": _text(uri),
        "verb": verb,
        "user": _user(user) if user else {},
    }
    if effective is not None:
        out["impersonatedUser"] = _user(effective)
    if sources:
        out["sourceIPs"] = sources
    if agent:
        agent = _text(agent)
        out["userAgent"] = agent if len(agent) <= _AGENT_LENGTH else agent[:_AGENT_LENGTH] + _TRUNCATED
    if target.resource:
        out["objectRef"] = _reference(target)
    out["requestReceivedTimestamp"] = micro_time(received)
    return out


def _text(value: str) -> str:
    """Bytes of a request that are no UTF-8 could not be written as JSON."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def micro_time(at: datetime.datetime) -> str:
    """metav1.MicroTime of a time in UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _user(user: User) -> Object:
    out: Object = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    out["extra"] = {key: list(values) for key, values in user.extra.items()}
    return {key: value for key, value in out.items() if value}


def _reference(target: Target) -> Object:
    out = {
        "resource": target.resource,
        "namespace": target.namespace,
        "name": target.name,
        "apiGroup": target.group,
        "apiVersion": target.version,
        "subresource": target.subresource,
    }
    return {key: value for key, value in out.items() if value}


def _completed(reference: Object, sent: Any) -> Object:
    """The reference with what only the object that was sent tells."""
    meta = sent.get("metadata") if isinstance(sent, dict) else None
    if not isinstance(meta, dict):
        return reference
    out = dict(reference)
    for key in ("namespace", "name", "uid", "resourceVersion"):
        value = meta.get(key)
        if isinstance(value, str) and value and key not in out:
            out[key] = value
    return out
