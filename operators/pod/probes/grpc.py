"""One call of grpc.health.v1.Health/Check over HTTP/2 without TLS (sans I/O).

Just the frames that one unary call needs. See RFC 9113, RFC 7541 and "gRPC over HTTP2".
"""

from collections.abc import Callable, Iterator
from urllib.parse import unquote

_NAMES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_CODES = (
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
    "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable",
    "DataLoss", "Unauthenticated",
)  # fmt: skip
_DEADLINE_EXCEEDED, _UNKNOWN, _UNIMPLEMENTED, _INTERNAL, _UNAVAILABLE = 4, 2, 12, 13, 14
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _CONTINUATION = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_STREAM = 1
_MAX_FRAME, _MAX_HEADERS, _MAX_MESSAGE = 16384, 65536, 4096
_MAX_SERVICE = 16000  # what fits one frame; real names have some tens of characters
_STATUS_CODES = {400: _INTERNAL, 401: 16, 403: 7, 404: _UNIMPLEMENTED, 429: 14, 502: 14, 503: 14, 504: 14}


class HealthCheck:
    """`serving` (an enumeration's name) once the call is answered, or `code` and `message` of its failure."""

    def __init__(self, authority: str, service: str, seconds: float) -> None:
        self._authority, self._service, self._seconds = authority, service, seconds
        self._buffer = b""
        self._headers = b""
        self._ends_stream = False
        self._message = b""
        self._fields: dict[str, str] = {}
        self._decoder = _decoder()
        self.has_preface = False
        self.is_done = False
        self.code: int | None = None
        self.message = ""

    @property
    def serving(self) -> str:
        """ "SERVING" and its like."""
        number = _enumeration(self._message[5:])
        return _NAMES.get(number, str(number))

    @property
    def failure(self) -> str:
        """As grpc-go says it."""
        code = self.code or 0
        name = _CODES[code] if code < len(_CODES) else f"Code({code})"
        return f"rpc error: code = {name} desc = {self.message}"

    def begin(self) -> bytes:
        service = self._service.encode()[:_MAX_SERVICE]
        body = b"\x0a" + _varint(len(service)) + service if service else b""
        message = b"\0" + len(body).to_bytes(4, "big") + body
        return b"".join(
            (
                _PREFACE,
                _frame(_SETTINGS, 0, 0, b"\0\x02\0\0\0\0"),  # ENABLE_PUSH = 0
                _frame(_HEADERS, _END_HEADERS, _STREAM, self._request_headers()),
                _frame(_DATA, _END_STREAM, _STREAM, message),
            )
        )

    def receive(self, data: bytes) -> bytes:
        """Raises ValueError when the peer does not speak HTTP/2."""
        self._buffer += data
        return b"".join(answer for frame in self._frames() if (answer := self._take(*frame)))

    def end(self) -> bool:
        return False

    def _request_headers(self) -> bytes:
        # Literals without indexing, without Huffman codes: names 1 (:authority) and 4 (:path) of the static table.
        return b"".join(
            (
                b"\x83\x86",  # :method POST, :scheme http
                b"\x04" + _string("/grpc.health.v1.Health/Check"),
                b"\x01" + _string(self._authority),
                *(
                    b"\x00" + _string(name) + _string(value)
                    for name, value in (
                        ("content-type", "application/grpc"),
                        ("user-agent", "kube-probe/1.36"),
                        ("te", "trailers"),
                        ("grpc-timeout", f"{int(self._seconds * 1000)}m"),
                    )
                ),
            )
        )

    def _frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        while len(self._buffer) >= 9 and not self.is_done:
            length = int.from_bytes(self._buffer[:3], "big")
            if length > _MAX_FRAME:
                raise ValueError("http2: frame too large")
            if len(self._buffer) < 9 + length:
                return
            kind, flags = self._buffer[3], self._buffer[4]
            stream = int.from_bytes(self._buffer[5:9], "big") & 0x7FFFFFFF
            payload = self._buffer[9 : 9 + length]
            self._buffer = self._buffer[9 + length :]
            if not self.has_preface and kind != _SETTINGS:
                raise ValueError("http2: the server's first frame is no SETTINGS")
            self.has_preface = True
            yield kind, flags, stream, payload

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        if kind == _SETTINGS:
            return b"" if flags & _ACK else _frame(_SETTINGS, _ACK, 0, b"")
        if kind == _PING:
            return b"" if flags & _ACK else _frame(_PING, _ACK, 0, payload)
        if kind == _GOAWAY:
            self._fail(_UNAVAILABLE, "the connection is draining")
        elif stream == _STREAM:
            self._take_ours(kind, flags, payload)
        return b""

    def _take_ours(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == _RST_STREAM:
            self._fail(_INTERNAL, f"stream terminated by RST_STREAM with error code: {int.from_bytes(payload, 'big')}")
        elif kind == _DATA:
            self._message += _unpadded(flags, payload)
            if len(self._message) > _MAX_MESSAGE:
                self._fail(8, "grpc: received message larger than max")
            elif flags & _END_STREAM:
                self._fail(_INTERNAL, "server closed the stream without sending trailers")
        elif kind in (_HEADERS, _CONTINUATION):
            if kind == _HEADERS:
                payload = _unpadded(flags, payload)
                payload = payload[5:] if flags & _PRIORITY else payload
                self._ends_stream = bool(flags & _END_STREAM)
            self._headers += payload
            if len(self._headers) > _MAX_HEADERS:
                raise ValueError("http2: header list too large")
            if flags & _END_HEADERS:
                block, self._headers = self._headers, b""
                self._take_headers(self._decoder(block))

    def _take_headers(self, fields: dict[str, str]) -> None:
        self._fields.update(fields)
        status = self._fields.get(":status", "200")
        if "grpc-status" not in self._fields and (status != "200" or self._ends_stream):
            number = int(status) if status.isdecimal() else 0
            self._fail(
                _STATUS_CODES.get(number, _UNKNOWN), f"unexpected HTTP status code received from server: {status}"
            )
        elif self._ends_stream:
            code = self._fields["grpc-status"]
            self.code = int(code) if code.isdecimal() else _UNKNOWN
            self.message = unquote(self._fields.get("grpc-message", ""))
            if self.code == 0 and len(self._message) < 5:
                self._fail(
                    _INTERNAL, "cardinality violation: received no response message from non-server-streaming RPC"
                )
            self.is_done = True

    def _fail(self, code: int, message: str) -> None:
        self.code, self.message, self.is_done = code, message, True


def outcome(check: HealthCheck, seconds: str) -> tuple[bool, str]:
    """(passed, kubelet's words) of a call that was answered. `seconds`: the time limit as shown."""
    if check.code == _UNIMPLEMENTED:
        text = "this server does not implement the grpc health protocol (grpc.health.v1.Health)"
        return False, f"error: {text}: {check.message}"
    if check.code == _DEADLINE_EXCEEDED:
        return False, f"timeout: health rpc did not complete within {seconds}"
    if check.code:
        return False, f"error: health rpc probe failed: {check.failure}"
    if check.serving != "SERVING":
        return False, f'service unhealthy (responded with "{check.serving}")'
    return True, "service healthy"


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & _PADDED or not payload:
        return payload
    return payload[1 : max(1, len(payload) - payload[0])]


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def _string(text: str) -> bytes:
    """A literal of HPACK."""
    data = text.encode()
    if len(data) < 127:
        return bytes((len(data),)) + data
    return b"\x7f" + _varint(len(data) - 127) + data


def _enumeration(message: bytes) -> int:
    """Field 1 of a HealthCheckResponse."""
    if not message.startswith(b"\x08"):
        return 0
    number = 0
    for index, byte in enumerate(message[1:11]):
        number |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            break
    return number


def _decoder() -> Callable[[bytes], dict[str, str]]:
    import hpack  # only nodes with gRPC probes pay for it

    decoder = hpack.Decoder(max_header_list_size=_MAX_HEADERS)

    def decode(block: bytes) -> dict[str, str]:
        try:
            fields = decoder.decode(block, raw=True)
        except hpack.HPACKError as error:
            raise ValueError(f"http2: {error}") from error
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in fields}

    return decode
