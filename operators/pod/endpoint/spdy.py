"""SPDY/3.1 framing without I/O: bytes to frames and back, one header compression context per direction.

Source: "SPDY Protocol - Draft 3.1". What its peers here (Kubernetes' clients) leave out is left out too: flow
control is TCP's alone, WINDOW_UPDATE and SETTINGS are understood and change nothing, CREDENTIAL does not exist.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

VERSION = 3
FIN = 0x01
UNIDIRECTIONAL = 0x02
MAX_CONTROL = 64 * 1024  # length of a control frame, compressed
MAX_HEADERS = 256 * 1024  # length of a header block, decompressed: a bomb ends here
MAX_DATA = (1 << 24) - 1

PROTOCOL_ERROR, INVALID_STREAM, REFUSED_STREAM, UNSUPPORTED_VERSION, CANCEL, INTERNAL_ERROR = range(1, 7)


class ProtocolError(Exception):
    """The peer does not speak SPDY/3.1; the connection cannot go on."""


Headers = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SynStream:
    stream: int
    headers: Headers
    fin: bool = False
    unidirectional: bool = False
    associated: int = 0
    priority: int = 0
    slot: int = 0


@dataclass(frozen=True, slots=True)
class SynReply:
    stream: int
    headers: Headers = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """HEADERS: more headers of an open stream."""

    stream: int
    headers: Headers
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """RST_STREAM: the stream ended at once, in both directions."""

    stream: int
    status: int


@dataclass(frozen=True, slots=True)
class Settings:
    """entries: (flags, id, value)."""

    entries: tuple[tuple[int, int, int], ...]
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Ping:
    id: int


@dataclass(frozen=True, slots=True)
class GoAway:
    last: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    stream: int
    delta: int


@dataclass(frozen=True, slots=True)
class Data:
    """A piece of a stream. One frame may arrive as several of these: nothing waits for a frame to be complete."""

    stream: int
    payload: bytes
    fin: bool = False


Frame = SynStream | SynReply | Head | Reset | Settings | Ping | GoAway | WindowUpdate | Data

# Types of control frames (draft 3.1, section 2.6).
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _HEADERS, _WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9

# The dictionary both ends prime their compressor with (section 2.6.10.1): words with their lengths as 32-bit numbers …
_DICTIONARY_WORDS = (  # noqa: SIM905  one word a line helps nobody
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age "
    "allow authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
).split()
# … then a few with their lengths again, and the rest as plain text.
_DICTIONARY = (
    b"".join(struct.pack(">I", len(word)) + word.encode() for word in _DICTIONARY_WORDS)
    + b"".join(struct.pack(">I", len(word)) + word for word in (b"200 OK", b"version", b"HTTP/1.1", b"url", b"public"))
    + struct.pack(">I", 10) + b"set-cookie" + struct.pack(">I", 10) + b"keep-alive"
    + struct.pack(">I", 6) + b"origin"
    + b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    + b"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    + b"403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    + b"Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    + b"chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    + b"text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)  # fmt: skip


class Encoder:
    """Frames to bytes. Frames with headers must be sent in the order they were encoded."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(level=9, zdict=_DICTIONARY)

    def encode(self, frame: Frame) -> bytes:
        match frame:
            case Data(stream, payload, fin):
                return _data(stream, payload, fin)
            case SynStream():
                flags = (FIN if frame.fin else 0) | (UNIDIRECTIONAL if frame.unidirectional else 0)
                head = struct.pack(">IIBB", frame.stream, frame.associated, frame.priority << 5, frame.slot)
                return _control(_SYN_STREAM, flags, head + self._block(frame.headers))
            case SynReply(stream, headers, fin):
                return _control(_SYN_REPLY, FIN if fin else 0, struct.pack(">I", stream) + self._block(headers))
            case Head(stream, headers, fin):
                return _control(_HEADERS, FIN if fin else 0, struct.pack(">I", stream) + self._block(headers))
            case Reset(stream, status):
                return _control(_RST_STREAM, 0, struct.pack(">II", stream, status))
            case Settings(entries, clear):
                body = b"".join(struct.pack(">II", flags << 24 | id, value) for flags, id, value in entries)
                return _control(_SETTINGS, 1 if clear else 0, struct.pack(">I", len(entries)) + body)
            case Ping(id):
                return _control(_PING, 0, struct.pack(">I", id))
            case GoAway(last, status):
                return _control(_GOAWAY, 0, struct.pack(">II", last, status))
            case WindowUpdate(stream, delta):
                return _control(_WINDOW_UPDATE, 0, struct.pack(">II", stream, delta))

    def _block(self, headers: Headers) -> bytes:
        parts = [struct.pack(">I", len(headers))]
        for name, values in headers.items():
            for text in (name.lower(), "\0".join(values)):
                raw = text.encode("utf-8", "surrogateescape")
                parts += struct.pack(">I", len(raw)), raw
        return self._compressor.compress(b"".join(parts)) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


def _control(type: int, flags: int, body: bytes) -> bytes:
    return struct.pack(">HHI", 0x8000 | VERSION, type, flags << 24 | len(body)) + body


def _data(stream: int, payload: bytes, fin: bool) -> bytes:
    head = struct.pack(">II", stream, (FIN if fin else 0) << 24 | min(len(payload), MAX_DATA))
    if len(payload) <= MAX_DATA:
        return head + payload
    first = struct.pack(">II", stream, MAX_DATA) + payload[:MAX_DATA]
    return first + _data(stream, payload[MAX_DATA:], fin)


class Decoder:
    """Bytes to frames; `feed` takes any piece and returns what has become known. Raises ProtocolError."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(zdict=_DICTIONARY)
        self._buffer = bytearray()
        self._stream = 0  # of the DATA frame under way
        self._left = 0  # bytes it still owes
        self._fin = False

    def feed(self, piece: bytes) -> list[Frame]:
        self._buffer += piece
        frames: list[Frame] = []
        offset = 0
        view = memoryview(self._buffer)
        try:
            while True:
                if self._left:
                    taken = bytes(view[offset : offset + self._left])
                    if not taken:
                        break
                    offset += len(taken)
                    self._left -= len(taken)
                    frames.append(Data(self._stream, taken, self._fin and not self._left))
                    continue
                if len(view) - offset < 8:
                    break
                first, second = struct.unpack_from(">II", view, offset)
                flags, length = second >> 24, second & MAX_DATA
                if not first & 0x80000000:
                    offset += 8
                    self._stream, self._left, self._fin = first, length, bool(flags & FIN)
                    if not length:
                        frames.append(Data(first, b"", self._fin))
                    continue
                if first >> 16 & 0x7FFF != VERSION:
                    raise ProtocolError(f"SPDY version {first >> 16 & 0x7FFF} instead of {VERSION}")
                if length > MAX_CONTROL:
                    raise ProtocolError(f"control frame of {length} bytes")
                if len(view) - offset < 8 + length:
                    break
                frame = self._control(first & 0xFFFF, flags, bytes(view[offset + 8 : offset + 8 + length]))
                offset += 8 + length
                if frame is not None:
                    frames.append(frame)
        finally:
            view.release()
        del self._buffer[:offset]
        return frames

    def _control(self, type: int, flags: int, body: bytes) -> Frame | None:
        read = _READERS.get(type)
        try:
            return None if read is None else read(self, flags, body)  # an unknown type is to be ignored
        except struct.error as error:
            raise ProtocolError(f"control frame of type {type} is too short") from error

    def _headers(self, block: bytes) -> Headers:
        try:
            raw = self._decompressor.decompress(block, MAX_HEADERS)
        except zlib.error as error:
            raise ProtocolError(f"header block: {error}") from error
        if self._decompressor.unconsumed_tail:
            raise ProtocolError("header block is too large")
        (count,) = struct.unpack_from(">I", raw)
        offset, headers = 4, dict[str, tuple[str, ...]]()
        for _ in range(count):
            name, offset = _text(raw, offset)
            value, offset = _text(raw, offset)
            if not name or name != name.lower() or name in headers:
                raise ProtocolError(f"header name {name!r} is empty, repeated or not in lower case")
            headers[name] = tuple(value.split("\0"))
        return headers

    def _syn_stream(self, flags: int, body: bytes) -> Frame:
        stream, associated, priority, slot = struct.unpack_from(">IIBB", body)
        headers = self._headers(body[10:])
        return SynStream(
            _id(stream), headers, bool(flags & FIN), bool(flags & UNIDIRECTIONAL), _id(associated), priority >> 5, slot
        )

    def _syn_reply(self, flags: int, body: bytes) -> Frame:
        (stream,) = struct.unpack_from(">I", body)
        return SynReply(_id(stream), self._headers(body[4:]), bool(flags & FIN))

    def _head(self, flags: int, body: bytes) -> Frame:
        (stream,) = struct.unpack_from(">I", body)
        return Head(_id(stream), self._headers(body[4:]), bool(flags & FIN))

    def _settings(self, flags: int, body: bytes) -> Frame:
        (count,) = struct.unpack_from(">I", body)
        if count * 8 != len(body) - 4:
            raise ProtocolError("SETTINGS frame of a wrong length")
        pairs = struct.iter_unpack(">II", body[4:])
        return Settings(tuple((id >> 24, id & MAX_DATA, value) for id, value in pairs), bool(flags & 1))


def _id(number: int) -> int:
    return number & 0x7FFFFFFF


def _text(raw: bytes, offset: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">I", raw, offset)
    end = offset + 4 + length
    if end > len(raw):
        raise ProtocolError("header block ends inside a header")
    return raw[offset + 4 : end].decode("utf-8", "surrogateescape"), end


def _two(make: Callable[[int, int], Frame]) -> Callable[[Decoder, int, bytes], Frame]:
    def read(_decoder: Decoder, _flags: int, body: bytes) -> Frame:
        first, second = struct.unpack_from(">II", body)
        return make(_id(first), second)

    return read


_READERS: dict[int, Callable[[Decoder, int, bytes], Frame]] = {
    _SYN_STREAM: Decoder._syn_stream,
    _SYN_REPLY: Decoder._syn_reply,
    _HEADERS: Decoder._head,
    _SETTINGS: Decoder._settings,
    _RST_STREAM: _two(Reset),
    _GOAWAY: _two(GoAway),
    _WINDOW_UPDATE: _two(WindowUpdate),
    _PING: lambda _decoder, _flags, body: Ping(struct.unpack_from(">I", body)[0]),
}
