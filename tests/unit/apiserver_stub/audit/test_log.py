"""Events as lines, the thread that writes them, and the file they end in."""

import datetime
import os
import threading

import orjson
import pytest

from apiserver_stub.audit import sink as sinks
from apiserver_stub.audit.file import RotatingFile
from apiserver_stub.audit.record import REDACTED, Body, Record, head
from apiserver_stub.auth.authenticate import User
from apiserver_stub.http import route

AT = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.UTC)
JOE = User("joe", ("team",), "7", {"k": ("v",)})
PODS = "/api/v1/namespaces/a/pods"


def record(path=PODS, level="RequestResponse", agent="kubectl", uri=None, **fields):
    target = route.parse(path)
    known = head("id", level, uri or path, "create", JOE, None, ["10.0.0.1"], agent, target, AT)
    fields = {"stage": "ResponseComplete", "omit_managed_fields": False} | fields
    return Record(known, at=AT, target=target, level=level, **fields)


def event(**fields):
    return orjson.loads(record(**fields).line())


def test_an_event():
    sent = Body(b'{"metadata":{"name":"p","uid":"u"},"spec":{}}')
    assert event(level="Metadata", request=sent, code=201, annotations={"x": "y"}) == {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "id",
        "stage": "ResponseComplete",
        "requestURI": PODS,
        "verb": "create",
        "user": {"username": "joe", "uid": "7", "groups": ["team"], "extra": {"k": ["v"]}},
        "sourceIPs": ["10.0.0.1"],
        "userAgent": "kubectl",
        "objectRef": {"resource": "pods", "namespace": "a", "apiVersion": "v1", "name": "p", "uid": "u"},
        "responseStatus": {"metadata": {}, "code": 201},
        "requestReceivedTimestamp": "2026-01-02T03:04:05.000006Z",
        "stageTimestamp": "2026-01-02T03:04:05.000006Z",
        "annotations": {"x": "y"},
    }


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("Metadata", set()),
        ("Request", {"requestObject"}),
        ("RequestResponse", {"requestObject", "responseObject"}),
    ],
)
def test_levels(level, shown):
    found = event(level=level, request=Body(b'{"a":1}'), response=Body(b'{"b":2}'), code=200)
    assert {key for key in found if key.endswith("Object")} == shown


def test_a_failure_is_told_at_every_level():
    status = b'{"kind":"Status","status":"Failure","message":"no","reason":"NotFound","code":404}'
    found = event(level="Metadata", response=Body(status), code=404)
    said = {"metadata": {}, "status": "Failure", "message": "no", "reason": "NotFound", "code": 404}
    assert found["responseStatus"] == said


@pytest.mark.parametrize(
    ("path", "sent", "answered"),
    [
        ("/apis/authentication.k8s.io/v1/tokenreviews", b'{"spec":{"token":"T0K"}}', b'{"spec":{"token":"T0K"}}'),
        ("/api/v1/namespaces/a/serviceaccounts/s/token", b"{}", b'{"status":{"token":"T0K","x":1}}'),
    ],
)
def test_tokens_are_never_written(path, sent, answered):
    line = record(path, request=Body(sent), response=Body(answered)).line()
    assert b"T0K" not in line
    assert REDACTED.encode() in line


def test_managed_fields_can_be_left_out():
    objects = b'{"metadata":{"managedFields":[1]},"items":[{"metadata":{"name":"x","managedFields":[1]}}]}'
    assert b"managedFields" in record(response=Body(objects)).line()
    assert b"managedFields" not in record(response=Body(objects), omit_managed_fields=True).line()


@pytest.mark.parametrize(
    "body",
    [
        Body(b"{"),
        Body(b"\xff\xfe"),
        Body(b"[" * 200 + b"]" * 200),
        Body(b"a: [", "application/yaml"),
        Body(b"a: &a [x,x]\nb: &b [*a,*a]\n" * 3, "application/yaml"),
        Body(b"k8s\0", "application/vnd.kubernetes.protobuf"),
        Body(b'{"metadata":7}'),
    ],
)
def test_a_strange_body_does_not_keep_a_request_out(body):
    assert event(request=body)["auditID"] == "id"


def test_bytes_that_are_no_text():
    found = event(agent="a\udcff" + "x" * 2000, uri="/\udcfe")
    assert found["requestURI"] == "/\ufffd"
    assert len(found["userAgent"]) == 1024 + len("...TRUNCATED")


def test_yaml_and_gzip():
    import gzip

    found = event(request=Body(b"a: 1", "application/yaml"), response=Body(gzip.compress(b'{"b":2}'), is_gzip=True))
    assert (found["requestObject"], found["responseObject"]) == ({"a": 1}, {"b": 2})


def test_rotation(tmp_path):
    path = tmp_path / "logs" / "audit.log"
    file = RotatingFile(path, 100, 2, 0)
    for number in range(10):
        file.write(b"%d" % number * 60)
    file.close()
    old = sorted(found.name for found in path.parent.iterdir() if found != path)
    assert len(old) == 2
    assert all(name.startswith("audit-20") and name.endswith(".log") for name in old)
    assert path.read_bytes() == b"9" * 60
    assert path.stat().st_mode & 0o777 == 0o600
    again = RotatingFile(path, 100, 0, 0)
    again.write(b"x" * 30)
    again.close()
    assert path.stat().st_size == 90


def test_old_files_go_by_age(tmp_path):
    path = tmp_path / "audit.log"
    old = tmp_path / "audit-2020-01-01T00-00-00.000.log"
    other = tmp_path / "audit-notes.log"
    for one in (old, other):
        one.write_text("x")
        os.utime(one, (1, 1))
    file = RotatingFile(path, 10, 0, 3)
    file.write(b"1" * 9)
    file.write(b"2" * 9)
    file.close()
    assert not old.exists()
    assert other.exists()


class Slow:
    def __init__(self):
        self.may_go, self.content, self.closed = threading.Event(), b"", False

    def write(self, content):
        assert self.may_go.wait(10)
        self.content += content

    def close(self):
        self.closed = True


async def test_a_slow_disk_costs_events_not_time(monkeypatch):
    monkeypatch.setattr(sinks, "MOST_EVENTS", 5)
    output = Slow()
    sink = sinks.Sink(output)
    for number in range(9):
        sink.put(lambda number=number: b"%d\n" % number, 10)
    assert sink.dropped == 4
    output.may_go.set()
    await sink.close()
    assert output.content == b"0\n1\n2\n3\n4\n"
    assert output.closed


async def test_large_events_count_by_their_size(monkeypatch):
    monkeypatch.setattr(sinks, "MOST_BYTES", 100)
    output = Slow()
    sink = sinks.Sink(output)
    for _ in range(3):
        sink.put(lambda: b"x", 90)
    assert sink.dropped == 2
    output.may_go.set()
    await sink.close()


class Full:
    def write(self, content):
        raise OSError(28, "No space left on device")

    def close(self):
        pass


async def test_a_full_disk_is_counted_and_told_once(caplog):
    sink = sinks.Sink(Full())
    for _ in range(3):
        sink.put(lambda: b"x", 1)
    sink.put(lambda: 1 // 0, 1)
    await sink.close()
    assert sink.failed == 4
    assert [one.getMessage() for one in caplog.records if "written" in one.getMessage()] == [
        "audit events can't be written: No space left on device"
    ]
