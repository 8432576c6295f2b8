"""One HTTP/1.1 GET as kubelet makes it: the request as bytes, the answer parsed as it comes in (pure).

It stands alone because the requests of lifecycle hooks are made by a program of their own, without the operator.
"""

import re
from collections.abc import Iterable

MAX_BODY = 10 * 1024
_MAX_HEAD = 64 * 1024
_MAX_INTERIM = 5
_UNESCAPED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@%!'()*[]")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: |\r?\Z)")
_LENGTH = re.compile(rb"\r?\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?=\r?\n|\Z)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r?\ntransfer-encoding:[^\r\n]*chunked[ \t]*(?=\r?\n|\Z)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r?\nlocation:[ \t]*([^\r\n]*)", re.IGNORECASE)
# What Go's client writes itself, or leaves out, whatever the user says.
_OWN = frozenset({"host", "user-agent", "accept", "content-length", "transfer-encoding", "trailer"})


class Malformed(ValueError):
    """The answer, or the request asked for, is no HTTP; the message is Go's."""


class Target:
    """Where a request goes. `path`: as on the request line, query included; "" for none."""

    __slots__ = ("fragment", "host", "path", "port", "scheme")

    def __init__(self, scheme: str, host: str, port: int, path: str = "", fragment: str = "") -> None:
        self.scheme, self.host, self.port, self.path, self.fragment = scheme, host, port, path, fragment

    @property
    def authority(self) -> str:
        return join_host_port(self.host, self.port)

    @property
    def url(self) -> str:
        """As messages show it."""
        return f"{self.scheme}://{self.authority}{self.path}{'#' + self.fragment if self.fragment else ''}"


def join_host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def target(scheme: str, host: str, port: int, path: str) -> Target:
    """What an HTTPGetAction leads to. `path` may have a query; what cannot stand in a URL is escaped."""
    if _CONTROL.search(path) or _BAD_PERCENT.search(path.partition("?")[0]):
        # Go cannot parse it as a reference, and takes all of it for a path.
        return Target(scheme, host, port, _absolute(_escape(path.replace("%", "%25")).replace("?", "%3F")))
    rest, _, fragment = path.partition("#")
    if "://" in rest.partition("/")[0] + "//" and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", rest):
        rest = rest.partition(":")[2]
    if rest.startswith("//"):
        authority_end = next((i for i in range(2, len(rest)) if rest[i] in "/?"), len(rest))
        rest = rest[authority_end:]
    place, question, query = rest.partition("?")
    query = "".join(c if c > " " and c < "\x7f" else _percent(c) for c in query)
    return Target(scheme, host, port, _absolute(_escape(place)) + question + query, _escape(fragment))


def redirected(where: Target, location: str) -> Target:
    """Where a Location header leads. Raises ValueError for what is no URL of HTTP."""
    from urllib.parse import urljoin, urlsplit  # seldom needed

    parts = urlsplit(urljoin(where.url, location))
    if parts.scheme not in ("http", "https"):
        raise ValueError(f'unsupported protocol scheme "{parts.scheme}"')
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return target(parts.scheme, parts.hostname or "", port, parts.path + (f"?{parts.query}" if parts.query else ""))


def request(where: Target, headers: Iterable[tuple[str, str]], agent: str) -> bytes:
    """The request. `agent`: User-Agent where the user has set none. Raises Malformed for what no header may hold."""
    host, shown_agent, accept = "", agent, "*/*"
    lines = []
    seen: set[str] = set()
    for name, value in headers:
        if not _TOKEN.match(name):
            raise Malformed(f'net/http: invalid header field name "{name}"')
        if _BAD_VALUE.search(value):
            raise Malformed(f'net/http: invalid header field value for "{name}"')
        lower, value = name.lower(), value.strip(" \t")
        first = lower not in seen
        seen.add(lower)
        if lower not in _OWN:
            lines.append(f"{_canonical(name)}: {value}\r\n")
        elif lower == "host" and first:
            host = value
        elif lower == "user-agent" and first:
            shown_agent = value
        elif lower == "accept":
            accept = value if first else f"{accept}\r\nAccept: {value}" if accept else ""
    own = f"User-Agent: {shown_agent}\r\n" if shown_agent else ""
    own += f"Accept: {accept}\r\n" if accept else ""
    head = f"GET {_absolute(where.path) or '/'} HTTP/1.1\r\nHost: {_host(host) or where.authority}\r\n{own}"
    return f"{head}{''.join(lines)}Connection: close\r\n\r\n".encode("utf-8", "surrogateescape")


class Answer:
    """The answer to one request; `is_done` once its status and (up to MAX_BODY bytes of) its body are there."""

    __slots__ = ("_buffer", "_chunked", "_head", "_interim", "_length", "_start", "is_done", "status")

    def __init__(self) -> None:
        self._buffer = b""
        self._head = b""
        self._start = self._interim = 0
        self._length: int | None = None
        self._chunked = False
        self.status = 0
        self.is_done = False

    def receive(self, data: bytes) -> bytes:
        """Takes what has arrived; there is never anything to say to it. Raises Malformed."""
        self._buffer = self._buffer + data if self._buffer else data
        if not self.status and not self._read_head():
            return b""
        received = len(self._buffer) - self._start
        if self._chunked:
            self.is_done = self._chunks()[1]
        else:
            self.is_done = received >= MAX_BODY or (self._length is not None and received >= self._length)
        return b""

    def end(self) -> bool:
        """The peer has closed; whether that is an end of the answer (else it broke off)."""
        if self.status and self._length is None and not self._chunked:
            self.is_done = True
        return self.is_done

    @property
    def body(self) -> bytes:
        """What there is of the body, at most MAX_BODY bytes."""
        return self._chunks()[0] if self._chunked else self._buffer[self._start : self._start + MAX_BODY]

    @property
    def location(self) -> str:
        """Where a redirect leads; "" where it says nothing."""
        found = _LOCATION.search(self._head)
        return found.group(1).decode("utf-8", "replace").strip() if found else ""

    def _read_head(self) -> bool:
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            skip = 4
            if end < 0:
                end, skip = self._buffer.find(b"\n\n"), 2
            if end < 0:
                self._check_start()
                return False
            head = self._buffer[:end]
            found = _STATUS.match(head.partition(b"\n")[0])
            if found is None:
                raise Malformed(_malformed(head))
            status = int(found.group(1))
            if 100 <= status < 200 and status != 101:
                self._interim += 1
                if self._interim > _MAX_INTERIM:
                    raise Malformed("net/http: too many 1xx informational responses")
                self._buffer = self._buffer[end + skip :]  # "100 Continue" and its like come before the answer
                continue
            self._head, self._start, self.status = head, end + skip, status
            self._chunked = _CHUNKED.search(head) is not None
            if status in (204, 304) or status == 101:
                self._length = 0
            elif not self._chunked and (length := _LENGTH.search(head)):
                self._length = int(length.group(1))
            return True

    def _check_start(self) -> None:
        if len(self._buffer) > _MAX_HEAD:
            raise Malformed(f"net/http: server response headers exceeded {_MAX_HEAD} bytes; aborted")
        if not (b"HTTP/1." if len(self._buffer) > 7 else b"HTTP/").startswith(
            self._buffer[: 7 if len(self._buffer) > 7 else 5]
        ):
            raise Malformed(_malformed(self._buffer))

    def _chunks(self) -> tuple[bytes, bool]:
        """(the body so far, whether it is complete or enough)."""
        body, at, buffer = b"", self._start, self._buffer
        while True:
            end = buffer.find(b"\n", at)
            if end < 0:
                return body, False
            try:
                size = int(buffer[at:end].split(b";")[0].strip() or b"x", 16)
            except ValueError:
                raise Malformed("invalid byte in chunk length") from None
            if size == 0:
                return body, True
            body += buffer[end + 1 : end + 1 + size]
            if len(body) >= MAX_BODY:
                return body[:MAX_BODY], True
            if len(buffer) < end + 1 + size + 1:
                return body, False
            at = buffer.find(b"\n", end + 1 + size) + 1
            if at == 0:
                return body, False


def _malformed(head: bytes) -> str:
    first = head.partition(b"\n")[0][:64].rstrip(b"\r").decode("latin-1")
    shown = "".join(c if " " <= c < "\x7f" and c not in '"\\' else f"\\x{ord(c):02x}" for c in first)
    return f'net/http: HTTP/1.x transport connection broken: malformed HTTP response "{shown}"'


def _absolute(path: str) -> str:
    return path if not path or path.startswith("/") else "/" + path


def _escape(path: str) -> str:
    return "".join(chr(b) if b in _UNESCAPED else f"%{b:02X}" for b in path.encode("utf-8", "surrogateescape"))


def _percent(char: str) -> str:
    return "".join(f"%{b:02X}" for b in char.encode("utf-8", "surrogateescape"))


def _canonical(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _host(value: str) -> str:
    return "".join(c for c in value if c > " " and c < "\x7f")
