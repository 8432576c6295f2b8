"""gRPC health checks against a server made of another library's frames."""

import contextlib

import h2.config
import h2.connection
import h2.events
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.pod.probes.grpc import HealthCheck
from operators.pod.probes.rules import Outcome


class Server:
    """Answers calls of Check by service: a status number, or (grpc-status, grpc-message)."""

    def __init__(self, services, status="200"):
        self.services = services
        self.status = status
        self.requests = []

    async def __call__(self, reader, writer):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        body = b""
        while True:
            writer.write(connection.data_to_send())
            if not (data := await reader.read(65536)):
                return
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.requests.append(dict(event.headers))
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    self.answer(connection, event.stream_id, body[7:].decode())

    def answer(self, connection, stream, service):
        answer = self.services.get(service, (5, "unknown service"))
        headers = [(":status", self.status), ("content-type", "application/grpc")]
        if isinstance(answer, tuple):
            trailers = [("grpc-status", str(answer[0])), ("grpc-message", answer[1])]
            connection.send_headers(stream, headers + trailers, end_stream=True)
            return
        connection.send_headers(stream, headers)
        connection.send_data(stream, b"\0\0\0\0\2\x08" + bytes([answer]) if answer else b"\0\0\0\0\0", pad_length=3)
        connection.send_headers(stream, [("grpc-status", "0"), ("grpc-message", "")], end_stream=True)


FAILED = "error: health rpc probe failed: "
UNIMPLEMENTED = "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "


@pytest.mark.parametrize(
    ("service", "outcome"),
    [
        ("", Outcome("success", "service healthy")),
        ("down", Outcome("failure", 'service unhealthy (responded with "NOT_SERVING")')),
        ("blank", Outcome("failure", 'service unhealthy (responded with "UNKNOWN")')),
        ("odd", Outcome("failure", 'service unhealthy (responded with "9")')),
        ("other", Outcome("failure", FAILED + "rpc error: code = NotFound desc = unknown service")),
        ("none", Outcome("failure", UNIMPLEMENTED + "unknown service ü")),
        ("late", Outcome("failure", "timeout: health rpc did not complete within 2s")),
    ],
)
async def test_answers(service, outcome, asked, serve):
    services = {"": 1, "down": 2, "blank": 0, "odd": 9, "none": (12, "unknown service %C3%BC"), "late": (4, "")}
    server = Server(services)
    port = await serve(server)
    assert await asked.once(grpc={"port": port, "service": service}, timeoutSeconds=2) == outcome
    (request,) = server.requests
    assert request[":path"] == "/grpc.health.v1.Health/Check"
    assert request[":authority"] == f"127.0.0.1:{port}"
    assert request["user-agent"] == "kube-probe/1.36"
    assert request["grpc-timeout"] == "2000m"


async def test_a_web_server_that_knows_no_grpc(asked, serve):
    class Plain(Server):
        def answer(self, connection, stream, service):
            connection.send_headers(stream, [(":status", "404")], end_stream=True)

    found = await asked.once(grpc={"port": await serve(Plain({}))})
    assert found.output == UNIMPLEMENTED + "unexpected HTTP status code received from server: 404"


async def test_nobody_there(asked, serve, answers):
    port = await serve(answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    late = f'timeout: failed to connect service "127.0.0.1:{port}" within 100ms: context deadline exceeded'
    assert await asked.once(grpc={"port": port}, timeoutSeconds=0.1) == Outcome("failure", late)


async def test_a_server_that_says_nothing_after_its_greeting(asked, serve):
    async def greet(reader, writer):
        writer.write(b"\0\0\0\x04\0\0\0\0\0")
        await reader.read()
        await reader.read()

    found = await asked.once(grpc={"port": await serve(greet)}, timeoutSeconds=0.1)
    assert found == Outcome("failure", "timeout: health rpc did not complete within 100ms")


async def test_a_server_that_breaks_off(asked, serve):
    async def greet(reader, writer):
        await reader.read(100)
        writer.write(b"\0\0\0\x04\0\0\0\0\0")

    found = await asked.once(grpc={"port": await serve(greet)})
    assert found.output.startswith("error: health rpc probe failed: rpc error: code = Unavailable desc = ")


def test_pings_and_settings_are_answered_and_resets_fail():
    check = HealthCheck("h:1", "", 1)
    assert check.receive(b"\0\0\0\x04\0\0\0\0\0") == b"\0\0\0\x04\x01\0\0\0\0"
    assert check.receive(b"\0\0\x08\x06\0\0\0\0\x00abcdefgh") == b"\0\0\x08\x06\x01\0\0\0\x00abcdefgh"
    check.receive(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07")
    assert (check.is_done, check.failure) == (
        True,
        "rpc error: code = Internal desc = stream terminated by RST_STREAM with error code: 7",
    )


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\xff\xff\xff\x04\0\0\0\0\0",
        b"\0\0\0\x01\x05\0\0\0\x01",
        b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\xff",
    ],
)
def test_nonsense_is_an_error_or_waits_for_more(data):
    check = HealthCheck("h:1", "x" * 300, 1)
    with contextlib.suppress(ValueError):
        check.receive(data)
        pytest.fail("taken for HTTP/2")


FRAME = st.builds(
    lambda kind, flags, stream, payload: (
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
    ),
    st.integers(0, 10),
    st.integers(0, 255),
    st.integers(0, 3),
    st.binary(max_size=40),
)


@given(st.lists(FRAME, max_size=20))
def test_no_frames_break_the_parser(frames):
    check = HealthCheck("h:1", "", 1)
    with contextlib.suppress(ValueError):
        check.receive(b"\0\0\0\x04\0\0\0\0\0" + b"".join(frames))
    assert isinstance(check.serving + check.failure, str)
