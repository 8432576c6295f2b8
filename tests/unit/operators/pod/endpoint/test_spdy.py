import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.pod.endpoint import spdy

IDS = st.integers(1, 2**31 - 1)
NAMES = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz-:"), min_size=1, max_size=20)
VALUES = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40), min_size=1)
HEADERS = st.dictionaries(NAMES, VALUES.map(tuple), max_size=8)
FRAMES = st.one_of(
    st.builds(
        spdy.SynStream,
        IDS,
        HEADERS,
        fin=st.booleans(),
        unidirectional=st.booleans(),
        associated=st.integers(0, 2**31 - 1),
        priority=st.integers(0, 7),
        slot=st.integers(0, 255),
    ),
    st.builds(spdy.SynReply, IDS, HEADERS, st.booleans()),
    st.builds(spdy.Head, IDS, HEADERS, st.booleans()),
    st.builds(spdy.Reset, IDS, st.integers(1, 11)),
    st.builds(
        spdy.Settings,
        st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**24 - 1), st.integers(0, 2**32 - 1))).map(tuple),
        st.booleans(),
    ),
    st.builds(spdy.Ping, st.integers(0, 2**32 - 1)),
    st.builds(spdy.GoAway, st.integers(0, 2**31 - 1), st.integers(0, 2)),
    st.builds(spdy.WindowUpdate, IDS, st.integers(0, 2**31 - 1)),
    st.builds(spdy.Data, IDS, st.binary(max_size=200), st.booleans()),
)


def joined(frames: list[spdy.Frame]) -> list[spdy.Frame]:
    """Pieces of one DATA frame put together again; empty DATA without an end says nothing."""
    result: list[spdy.Frame] = []
    for frame in frames:
        last = result[-1] if result else None
        if (
            isinstance(frame, spdy.Data)
            and isinstance(last, spdy.Data)
            and last.stream == frame.stream
            and not last.fin
        ):
            result[-1] = spdy.Data(frame.stream, last.payload + frame.payload, frame.fin)
        elif not (isinstance(frame, spdy.Data) and not frame.payload and not frame.fin):
            result.append(frame)
    return result


@given(st.lists(FRAMES, max_size=12), st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_what_is_encoded_is_decoded_however_it_is_cut(frames: list[spdy.Frame], cuts: list[int]) -> None:
    encoder, decoder = spdy.Encoder(), spdy.Decoder()
    wire = b"".join(encoder.encode(frame) for frame in frames)
    decoded: list[spdy.Frame] = []
    position = 0
    while position < len(wire):
        size = cuts[position % len(cuts)]
        decoded += decoder.feed(wire[position : position + size])
        position += size
    assert joined(decoded) == joined(frames)


@given(st.binary(max_size=300))
def test_garbage_never_raises_anything_else(garbage: bytes) -> None:
    try:
        spdy.Decoder().feed(garbage)
    except spdy.ProtocolError:
        pass


def test_dictionary_is_the_one_of_the_specification() -> None:
    # The zlib header of every SPDY/3 connection carries this checksum of the dictionary.
    assert zlib.adler32(spdy._DICTIONARY) == 0xE3C6A7C2
    assert spdy.Encoder().encode(spdy.SynReply(1, {"a": ("b",)}))[14:18].hex() == "e3c6a7c2"


def test_a_large_payload_becomes_several_frames() -> None:
    payload = bytes(spdy.MAX_DATA) + b"rest"
    frames = spdy.Decoder().feed(spdy.Encoder().encode(spdy.Data(1, payload, fin=True)))
    assert [len(frame.payload) for frame in frames if isinstance(frame, spdy.Data)] == [spdy.MAX_DATA, 4]
    assert [frame.fin for frame in frames if isinstance(frame, spdy.Data)] == [False, True]


def test_data_does_not_wait_for_the_whole_frame() -> None:
    decoder = spdy.Decoder()
    assert decoder.feed(struct.pack(">II", 3, 1 << 24 | 10) + b"1234") == [spdy.Data(3, b"1234", False)]
    assert decoder.feed(b"567890") == [spdy.Data(3, b"567890", True)]


def test_unknown_control_frames_are_skipped() -> None:
    unknown = struct.pack(">HHI", 0x8003, 77, 3) + b"abc"
    assert spdy.Decoder().feed(unknown + spdy.Encoder().encode(spdy.Ping(1))) == [spdy.Ping(1)]


def control(kind: int, body: bytes, version: int = 3) -> bytes:
    return struct.pack(">HHI", 0x8000 | version, kind, len(body)) + body


def block(headers: bytes) -> bytes:
    compressor = zlib.compressobj(zdict=spdy._DICTIONARY)
    return compressor.compress(headers) + compressor.flush(zlib.Z_SYNC_FLUSH)


def header(name: bytes, value: bytes = b"v") -> bytes:
    return struct.pack(">I", len(name)) + name + struct.pack(">I", len(value)) + value


@pytest.mark.parametrize(
    "wire",
    [
        control(6, b"\0\0\0\1", version=2),
        control(6, b"\0"),
        control(1, b"\0\0\0\1"),
        control(4, struct.pack(">I", 5) + b"\0" * 8),
        struct.pack(">HHI", 0x8003, 1, spdy.MAX_CONTROL + 1),
        control(2, b"\0\0\0\1" + b"no zlib data"),
        control(2, b"\0\0\0\1" + block(struct.pack(">I", 1) + struct.pack(">I", 99) + b"short")),
        control(2, b"\0\0\0\1" + block(struct.pack(">I", 1) + header(b"Upper"))),
        control(2, b"\0\0\0\1" + block(struct.pack(">I", 1) + header(b""))),
        control(2, b"\0\0\0\1" + block(struct.pack(">I", 2) + header(b"a") + header(b"a"))),
        control(2, b"\0\0\0\1" + block(struct.pack(">I", 1) + header(b"bomb", bytes(2 * spdy.MAX_HEADERS)))),
    ],
    ids=["version", "short", "short-syn", "settings", "huge", "zlib", "cut", "upper", "empty", "twice", "bomb"],
)
def test_broken_frames_are_refused(wire: bytes) -> None:
    with pytest.raises(spdy.ProtocolError):
        spdy.Decoder().feed(wire)
