"""What becomes of observations, and how Events are written."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from operators._kube.errors import ApiError
from operators._kube.events import Correlator, Recorder
from operators._kube.meta import Key
from operators._kube.paths import Kind
from tests.fakes.api import FakeApi

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a", "namespace": "d", "uid": "u", "resourceVersion": "7"},
}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "v"}}
EVENTS = Kind("v1", "events")


def test_a_first_observation_is_a_whole_event():
    method, event = Correlator("kubelet", "pi").observe(POD, "Warning", "BackOff", "again", "spec.containers{web}", NOW)
    name = event["metadata"].pop("name")
    assert method == "POST"
    assert name.startswith("a.")
    assert int(name.removeprefix("a."), 16) == int(NOW.timestamp()) * 10**9
    assert event == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "d"},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": "d",
            "name": "a",
            "uid": "u",
            "resourceVersion": "7",
            "fieldPath": "spec.containers{web}",
        },
        "reason": "BackOff",
        "message": "again",
        "source": {"component": "kubelet", "host": "pi"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:00Z",
        "count": 1,
        "type": "Warning",
        "reportingComponent": "kubelet",
        "reportingInstance": "pi",
    }


def test_events_of_cluster_scoped_objects_live_in_default():
    _, event = Correlator("c").observe(NODE, "Normal", "Starting", "", None, NOW)
    assert event["metadata"]["namespace"] == "default"


def test_equal_ones_are_counted():
    correlator = Correlator("c")
    _, first = correlator.observe(POD, "Normal", "R", "m", None, NOW)
    method, change = correlator.observe(POD, "Normal", "R", "m", None, NOW + timedelta(seconds=5))
    assert method == "PATCH"
    assert change["metadata"]["name"] == first["metadata"]["name"]
    assert (change["count"], change["lastTimestamp"]) == (2, "2026-01-01T00:00:05Z")
    assert correlator.observe(POD, "Normal", "R", "another", None, NOW)[0] == "POST"
    assert correlator.observe(POD, "Warning", "R", "m", None, NOW)[0] == "POST"


def test_an_object_gets_25_at_once_and_then_one_in_five_minutes():
    correlator = Correlator("c")
    found = [correlator.observe(POD, "Normal", "R", "m", None, NOW) for _ in range(30)]
    assert sum(decided is not None for decided in found) == 25
    assert correlator.observe(NODE, "Normal", "R", "m", None, NOW) is not None
    assert correlator.observe(POD, "Normal", "R", "m", None, NOW + timedelta(seconds=299)) is None
    assert correlator.observe(POD, "Normal", "R", "m", None, NOW + timedelta(seconds=300)) is not None


def test_after_ten_different_messages_the_rest_is_combined():
    correlator = Correlator("c")
    found = [correlator.observe(POD, "Normal", "R", f"m{number}", None, NOW) for number in range(13)]
    assert [method for method, _ in found] == ["POST"] * 11 + ["PATCH"] * 2
    assert found[10][1]["message"] == "(combined from similar events): m10"
    assert found[12][1]["message"] == "(combined from similar events): m12"
    assert found[12][1]["count"] == 3


def recorder(api: FakeApi) -> Recorder:
    return Recorder(api, "c", logging.getLogger("test"), lambda: api.now)


async def written(api: FakeApi) -> list[dict]:
    await asyncio.sleep(0.01)
    return list(api.objects.get(EVENTS, {}).values())


async def test_events_are_written_in_the_background_and_counted():
    api = FakeApi()
    events = recorder(api)
    for _ in range(3):
        events.record(POD, "Normal", "R", "m")
    assert api.requests == []
    (event,) = await written(api)
    assert event["count"] == 3


async def test_an_event_that_expired_on_the_server_is_made_anew():
    api = FakeApi()
    events = recorder(api)
    events.record(POD, "Normal", "R", "m")
    (event,) = await written(api)
    api.delete(EVENTS, event, {})
    api.tick(1)
    events.record(POD, "Normal", "R", "m")
    await written(api)
    events.record(POD, "Normal", "R", "m")
    (event,) = await written(api)
    assert event["count"] == 1


async def test_refused_events_are_dropped_and_the_next_are_written():
    api = FakeApi()
    api.refuse["POST", "events"] = [ApiError(403, "Forbidden", "being terminated")]
    events = recorder(api)
    events.record(POD, "Normal", "R", "m")
    await written(api)
    api.refuse.clear()
    events.record(NODE, "Normal", "R", "m")
    assert len(await written(api)) == 1
    await events.stop()


def test_keys_are_plain():
    assert str(Key("d", "a")) == "d/a"
    assert str(Key("", "n")) == "n"
