"""One attempt of a probe over the network, from the first packet to what kubelet says of it."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable

from operators.pod.probes import http1, tls
from operators.pod.probes.exchange import Conversation, Exchange, Failed, Reactor
from operators.pod.probes.rules import Outcome, Probe, quoted, shown_seconds
from operators.pod.probes.timers import Entry, Timers

_log = logging.getLogger("ukube.pod.probe")
AGENT = "kube-probe/1.36"
_MAX_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)
_REDIAL = 1.0  # seconds between a gRPC probe's attempts to connect
_LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"

OnOutcome = Callable[[Outcome], None]


class Wires:
    """What all attempts share."""

    def __init__(self, timers: Timers, reactor: Reactor) -> None:
        self.timers = timers
        self.reactor = reactor


class Attempt:
    """`on_outcome` is called once, unless it is cancelled before."""

    def __init__(self, wires: Wires, probe: Probe, on_outcome: OnOutcome) -> None:
        self._wires = wires
        self._probe = probe
        self._on_outcome: OnOutcome | None = on_outcome
        self._exchange: Exchange | None = None
        self._lookup: asyncio.Task[None] | None = None
        self._deadline: Entry | None = None

    def start(self) -> None:
        if self._probe.fault:
            self._tell(Outcome("unknown", self._probe.fault, error=True))
            return
        timers = self._wires.timers
        self._deadline = timers.at(timers.now() + self._probe.timeout, self._time_out)
        self._begin()

    def cancel(self) -> None:
        self._on_outcome = None
        self._end()

    # What the kinds of probe differ in

    def _begin(self) -> None:
        raise NotImplementedError

    def _ended(self, failure: Exception | None) -> None:
        raise NotImplementedError

    def _too_late(self) -> Outcome:
        raise NotImplementedError

    # What they share

    def _connect(self, host: str, port: int, conversation: Conversation) -> None:
        if not _is_address(host):
            self._lookup = asyncio.create_task(self._find(host, port, conversation))
            return
        self._exchange = Exchange(self._wires.reactor, (host, port), conversation, self._ended)
        self._exchange.start()

    async def _find(self, host: str, port: int, conversation: Conversation) -> None:
        """Names are looked up as the node does; only a `host` of the user's own can be one."""
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            self._ended(Failed(f"dial tcp: lookup {host}: no such host"))
            return
        self._exchange = Exchange(self._wires.reactor, (str(found[0][4][0]), port), conversation, self._ended)
        self._exchange.start()

    def _time_out(self) -> None:
        outcome = self._too_late()
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        on_outcome, self._on_outcome = self._on_outcome, None
        self._end()
        if on_outcome is not None:
            on_outcome(outcome)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._exchange is not None:
            self._exchange.cancel()
        if self._lookup is not None and not self._lookup.done():
            self._lookup.cancel()


class Connected:
    """A conversation that is over as soon as there is a connection."""

    is_done = False

    def begin(self) -> bytes:
        self.is_done = True
        return b""

    def receive(self, data: bytes) -> bytes:
        return b""

    def end(self) -> bool:
        return True


class Tcp(Attempt):
    def _begin(self) -> None:
        self._connect(self._probe.host, self._probe.port, Connected())

    def _ended(self, failure: Exception | None) -> None:
        self._tell(Outcome("failure", str(failure)) if failure else Outcome("success"))

    def _too_late(self) -> Outcome:
        address = http1.join_host_port(self._probe.host, self._probe.port)
        return Outcome("failure", f"dial tcp {address}: i/o timeout")


class Request:
    """The conversation of one GET."""

    __slots__ = ("_bytes", "answer", "end", "receive")

    def __init__(self, text: bytes) -> None:
        self._bytes = text
        self.answer = http1.Answer()
        self.receive, self.end = self.answer.receive, self.answer.end

    @property
    def is_done(self) -> bool:
        return self.answer.is_done

    def begin(self) -> bytes:
        return self._bytes


class Http(Attempt):
    """Follows redirects as long as they stay on the host."""

    def _begin(self) -> None:
        action = self._probe.action
        scheme = str(action.get("scheme") or "HTTP").lower()
        self._first = self._where = http1.target(
            scheme, self._probe.host, self._probe.port, str(action.get("path") or "")
        )
        self._headers = [(h["name"], h.get("value") or "") for h in action.get("httpHeaders") or ()]
        self._count = 0
        self._ask()

    def _ask(self) -> None:
        where = self._where
        try:
            self._request = Request(http1.request(where, self._headers, AGENT))
        except http1.Malformed as error:
            self._tell(self._failed(str(error)))
            return
        conversation: Conversation = self._request
        if where.scheme == "https":
            conversation = tls.Inside(conversation, where.host)
        self._connect(where.host, where.port, conversation)

    def _ended(self, failure: Exception | None) -> None:
        answer = self._request.answer
        if failure is not None and answer.status:
            self._tell(Outcome("failure", "unexpected EOF" if str(failure) == "EOF" else str(failure), error=True))
        elif failure is not None:
            self._tell(self._failed(str(failure)))
        elif answer.status in _REDIRECTS and (place := answer.location) and self._follow(place):
            self._ask()
        elif self._on_outcome is not None:
            self._tell(judge(answer))

    def _follow(self, location: str) -> bool:
        """Whether the redirect is to be followed; sets where to."""
        try:
            where = http1.redirected(self._where, location)
        except ValueError as error:
            self._tell(self._failed(f"failed to parse Location header {quoted(location)}: {error}"))
            return False
        if where.host != self._first.host:
            return False
        self._count += 1
        if self._count >= _MAX_REDIRECTS:
            self._where = where
            self._tell(self._failed("stopped after 10 redirects"))
            return False
        if "://" in location or location.startswith("//"):
            self._headers = [header for header in self._headers if header[0].lower() != "host"]
        self._where = where
        return True

    def _too_late(self) -> Outcome:
        if self._request.answer.status:
            late = "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
            return Outcome("failure", late, error=True)
        if self._exchange is not None and not self._exchange.is_connected:
            late = "i/o timeout (Client.Timeout exceeded while awaiting headers)"
            return self._failed(f"dial tcp {self._where.authority}: {late}")
        return self._failed(_LATE)

    def _failed(self, text: str) -> Outcome:
        return Outcome("failure", f"Get {quoted(self._where.url)}: {text}")


class Grpc(Attempt):
    """Tries to connect until the time is up, as grpc-go does."""

    def _begin(self) -> None:
        from operators.pod.probes import grpc  # brings a library along

        authority = http1.join_host_port(self._probe.host, self._probe.port)
        self._authority, self._grpc = authority, grpc
        self._dial()

    def _dial(self) -> None:
        service = str(self._probe.action.get("service") or "")
        self._check = self._grpc.HealthCheck(self._authority, service, self._probe.timeout)
        self._connect(self._probe.host, self._probe.port, self._check)

    def _ended(self, failure: Exception | None) -> None:
        if failure is not None and not self._check.has_preface:
            timers = self._wires.timers
            timers.at(timers.now() + _REDIAL, self._dial_again)
        elif failure is not None:
            self._tell(Outcome("failure", f"error: health rpc probe failed: {self._broken(str(failure))}"))
        else:
            passed, text = self._grpc.outcome(self._check, shown_seconds(self._probe.timeout))
            self._tell(Outcome("success" if passed else "failure", text))

    def _dial_again(self) -> None:
        if self._on_outcome is not None:
            self._dial()

    def _broken(self, text: str) -> str:
        return f"rpc error: code = Unavailable desc = error reading from server: {text}"

    def _too_late(self) -> Outcome:
        seconds = shown_seconds(self._probe.timeout)
        if self._check.has_preface:
            return Outcome("failure", f"timeout: health rpc did not complete within {seconds}")
        where = quoted(self._authority)
        return Outcome(
            "failure", f"timeout: failed to connect service {where} within {seconds}: context deadline exceeded"
        )


def judge(answer: http1.Answer) -> Outcome:
    """What a status means. A redirect that was not followed leads away from the host: a warning."""
    if 200 <= answer.status < 300:
        return Outcome("success")
    if 300 <= answer.status < 400:
        body = answer.body.decode(errors="replace")
        return Outcome("warning", f"Probe terminated redirects, Response body: {body}")
    return Outcome("failure", f"HTTP probe failed with statuscode: {answer.status}")


def _is_address(host: str) -> bool:
    if host[-1:].isdigit() and host.count(".") == 3 and host.replace(".", "").isdigit():
        return True  # what nearly all of them are
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


KINDS: dict[str, type[Attempt]] = {"httpGet": Http, "tcpSocket": Tcp, "grpc": Grpc}
