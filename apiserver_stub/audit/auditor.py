"""Follows requests through their stages and hands events to the sink; made only where there is a policy."""

import datetime
import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from apiserver_stub.audit.policy import Policy, Target, Verdict
from apiserver_stub.audit.record import Record, head
from apiserver_stub.audit.sink import Sink
from apiserver_stub.audit.trail import Trail
from apiserver_stub.auth.authenticate import User

# As of http/metrics.py.
Family = tuple[str, str, str, Iterable[tuple[dict[str, str], float]]]

_STREAMS: Final = frozenset({"exec", "attach", "portforward", "proxy", "log"})


class Auditor:
    """policy and sink together. `levels`: events by level, for the metrics."""

    def __init__(self, policy: Policy, sink: Sink) -> None:
        self._policy = policy
        self.sink = sink
        self.levels: Counter[str] = Counter()

    def begin(
        self, request: web.BaseRequest, audit_id: str, user: User, effective: User, verb: str, target: Target
    ) -> Trail | None:
        """The trail of a request; None where the policy wants nothing. effective: the user that he asks to be."""
        trail = self._trail(request, audit_id, user, effective if effective is not user else None, verb, target)
        if trail is not None and "RequestReceived" not in trail.omitted:
            # As it is now: what comes later is added to the trail's own.
            self.put(replace(trail.record))
        return trail

    def refused(
        self, request: web.BaseRequest, audit_id: str, verb: str, target: Target, response: web.Response
    ) -> None:
        """A request whose credential was not accepted."""
        trail = self._trail(request, audit_id, None, None, verb, target)
        if trail is not None and "ResponseStarted" not in trail.omitted:
            record = replace(trail.record, stage="ResponseStarted", code=response.status)
            # What was tried, never with what.
            record.message = "Authentication failed, attempted: bearer"
            self.put(record)

    def put(self, record: Record) -> None:
        self.levels[record.level] += 1
        self.sink.put(record.line, record.size)

    async def close(self) -> None:
        await self.sink.close()

    def families(self) -> Iterable[Family]:
        """For /metrics."""
        levels = [({"level": level}, float(count)) for level, count in self.levels.items()]
        lost = [({"plugin": "log"}, float(self.sink.dropped + self.sink.failed))]
        yield "apiserver_audit_event_total", "Audit events.", "counter", [({}, float(sum(self.levels.values())))]
        yield "apiserver_audit_level_total", "Audit events by level.", "counter", levels
        yield "apiserver_audit_error_total", "Audit events that were not written.", "counter", lost

    def _trail(
        self,
        request: web.BaseRequest,
        audit_id: str,
        user: User | None,
        effective: User | None,
        verb: str,
        target: Target,
    ) -> Trail | None:
        verdict = self._policy.judge(user, verb, target)
        if verdict.level == "None":
            return None
        now = datetime.datetime.now(datetime.UTC)
        agent = request.headers.get("User-Agent", "")
        known = head(
            audit_id, verdict.level, request.raw_path, verb, user, effective, _sources(request), agent, target, now
        )
        return _new_trail(self, known, verdict, now, verb, target)


def _new_trail(
    auditor: Auditor, known: dict[str, Any], verdict: Verdict, now: datetime.datetime, verb: str, target: Target
) -> Trail:
    record = Record(known, "RequestReceived", now, target, verdict.level, verdict.omit_managed_fields)
    lasts = verb == "watch" or target.subresource in _STREAMS
    return Trail(auditor.put, record, verdict.omit_stages, lasts)


def _sources(request: web.BaseRequest) -> list[str]:
    """Whom proxies say they speak for, then whose connection it is."""
    named = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",") if one.strip()]
    named += [request.headers["X-Real-Ip"].strip()] if "X-Real-Ip" in request.headers else []
    named = [one for one in named if _is_address(one)]
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    remote = [peer[0]] if isinstance(peer, tuple) and peer and isinstance(peer[0], str) else []
    return list(dict.fromkeys([*named, *remote]))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
