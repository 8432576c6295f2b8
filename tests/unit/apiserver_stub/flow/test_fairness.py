"""Seats and queues: who runs, who waits, who is sent away."""

import asyncio

import pytest

from apiserver_stub.auth.authenticate import User
from apiserver_stub.flow import fairness
from apiserver_stub.flow.fairness import LEVELS, SCHEMAS, Fairness, Rejected
from apiserver_stub.http import route
from apiserver_stub.storage.log import Change, Key, encode
from apiserver_stub.storage.memory import MemoryLog

PODS = route.parse("/api/v1/namespaces/a/pods")
JOE, ANN = User("joe", ("system:authenticated",)), User("ann", ("system:authenticated",))


def level(name, shares, queues=0, length=50, hand=1):
    response = {"type": "Reject"}
    if queues:
        response = {"type": "Queue", "queuing": {"queues": queues, "handSize": hand, "queueLengthLimit": length}}
    spec = {"type": "Limited", "limited": {"nominalConcurrencyShares": shares, "limitResponse": response}}
    return LEVELS, name, {"spec": spec}


def schema(name, to, precedence=100):
    rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]}
    subjects = [{"kind": "Group", "group": {"name": "*"}}]
    spec = {
        "priorityLevelConfiguration": {"name": to},
        "matchingPrecedence": precedence,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [{"subjects": subjects, "resourceRules": [rule]}],
    }
    return SCHEMAS, name, {"spec": spec}


async def put(log, objects):
    for table, name, obj in objects:
        key = Key(*table, "", name)
        before = log.head(key)
        value = encode({"metadata": {"name": name, "uid": f"uid-{name}"}, **obj})
        await log.append(Change(key, value, before.revision if before else 0))


async def made(*objects, total=10):
    log = MemoryLog()
    await put(log, objects)
    return log, Fairness(log, total)


async def tick():
    for _ in range(4):
        await asyncio.sleep(0)


class Load:
    """Requests that hold their seats until they are told."""

    def __init__(self, subject):
        self.fairness, self.running, self.tasks = subject, [], []

    def ask(self, user, count=1, width=1):
        flow = self.fairness.flow(user, "get", PODS)
        new = [asyncio.create_task(self._one(flow, user.name, width)) for _ in range(count)]
        self.tasks += new
        return new

    async def _one(self, flow, name, width):
        seat = await self.fairness.enter(flow, width)
        self.running.append((name, seat))

    async def finish(self):
        self.running.pop(0)[1].leave()
        await tick()

    @property
    def names(self):
        return [name for name, _ in self.running]

    def end(self):
        for task in self.tasks:
            task.cancel()


@pytest.fixture
async def load():
    loads = []

    def make(subject):
        loads.append(Load(subject))
        return loads[-1]

    yield make
    for one in loads:
        one.end()
        await asyncio.gather(*one.tasks, return_exceptions=True)


# catch-all has 5 shares: 15 shares of 12 seats are 12.
FOUR = (level("x", 5, queues=64), schema("s", "x"))


async def test_no_more_run_than_there_are_seats(load):
    _, subject = await made(*FOUR, total=8)
    requests = load(subject)
    requests.ask(JOE, 10)
    await tick()
    assert requests.names == ["joe"] * 4
    await requests.finish()
    assert len(requests.names) == 4
    assert sum(one.waiting for one in subject.levels) == 5


async def test_a_flow_with_one_request_overtakes_one_with_many(load):
    _, subject = await made(*FOUR, total=8)
    requests = load(subject)
    requests.ask(JOE, 50)
    await tick()
    requests.ask(ANN)
    await tick()
    await requests.finish()
    await requests.finish()
    assert "ann" in requests.names


async def test_flows_that_both_wait_take_turns_by_their_cost(load):
    _, subject = await made(*FOUR, total=8)
    requests = load(subject)
    requests.ask(User("first"), 4)
    await tick()
    requests.ask(JOE, 20, width=2)
    requests.ask(ANN, 20)
    ran = []
    await tick()
    for _ in range(24):
        await requests.finish()
        ran += [name for name in requests.names[-1:] if name != "first"]
    seats = {name: ran.count(name) for name in ("joe", "ann")}
    assert seats["ann"] > seats["joe"] > 3


async def test_a_seat_is_kept_until_the_next_turn(load):
    _, subject = await made(*FOUR, total=8)
    flow = subject.flow(JOE, "get", PODS)
    seats = [await subject.enter(flow, 1) for _ in range(4)]
    for seat in seats:
        seat.leave()
        seat.leave()
    assert flow.level.seats == 4
    await tick()
    assert flow.level.seats == 0


async def test_reject_and_full_queues(load):
    _, subject = await made(level("x", 5), schema("s", "x"), total=8)
    flow = subject.flow(JOE, "get", PODS)
    for _ in range(4):
        await subject.enter(flow, 1)
    with pytest.raises(Rejected, match="concurrency-limit"):
        await subject.enter(flow, 1)
    _, subject = await made(level("x", 5, queues=4, length=3), schema("s", "x"), total=8)
    requests = load(subject)
    requests.ask(JOE, 7)
    await tick()
    with pytest.raises(Rejected, match="queue-full"):
        await subject.enter(subject.flow(JOE, "get", PODS), 1)
    assert subject.rejected == {("s", "x", "queue-full"): 1}


async def test_who_waits_too_long_is_sent_away(load, monkeypatch):
    monkeypatch.setattr(fairness, "WAIT_SECONDS", 0.01)
    _, subject = await made(*FOUR, total=8)
    requests = load(subject)
    requests.ask(JOE, 4)
    await tick()
    with pytest.raises(Rejected, match="time-out"):
        await subject.enter(subject.flow(JOE, "get", PODS), 1)
    assert sum(one.waiting for one in subject.levels) == 0


async def test_who_leaves_while_waiting_takes_no_seat(load):
    _, subject = await made(*FOUR, total=8)
    requests = load(subject)
    requests.ask(JOE, 4)
    waiting = requests.ask(JOE, 2)
    await tick()
    waiting[0].cancel()
    await tick()
    await requests.finish()
    flow = subject.flow(JOE, "get", PODS)
    assert (flow.level.seats, flow.level.waiting) == (4, 0)
    # Cancelled in the moment in which its turn comes.
    last = requests.ask(JOE)[0]
    await tick()
    requests.running.pop(0)[1].leave()
    await asyncio.sleep(0)
    last.cancel()
    await tick()
    assert (flow.level.seats, flow.level.waiting) == (3, 0)


async def test_changed_objects_count_at_once(load):
    log, subject = await made(*FOUR, total=8)
    requests = load(subject)
    requests.ask(JOE, 10)
    await tick()
    assert len(requests.names) == 4
    await put(log, [level("x", 15, queues=64)])
    assert subject.flow(JOE, "get", PODS).level.limit == 6
    await tick()
    assert len(requests.names) == 6
    await put(log, [level("y", 5), schema("first", "y", precedence=50)])
    assert subject.flow(JOE, "get", PODS).names == ("first", "y")
    # Its level does not exist: passed over.
    await put(log, [schema("dangling", "nowhere", precedence=10)])
    assert subject.flow(JOE, "get", PODS).names == ("first", "y")


async def test_before_there_are_objects_the_built_in_ones_count():
    _, subject = await made()
    assert subject.flow(JOE, "get", PODS).names == ("global-default", "global-default")
    assert subject.flow(User("root", ("system:masters",)), "get", PODS).level.is_exempt


async def test_what_nothing_covers_goes_to_catch_all():
    _, subject = await made(*FOUR)
    path = route.parse("/version")
    assert subject.flow(User("x", ("system:authenticated",)), "get", path).names == ("catch-all", "catch-all")
    assert subject.flow(User("x"), "get", path).names == ("catch-all", "catch-all")


async def test_lists_cost_seats_by_their_objects():
    log, subject = await made(level("x", 35, queues=64), schema("s", "x"), total=40)
    flow = subject.flow(JOE, "list", PODS)
    assert flow.level.limit == 35
    assert subject.list_width(flow, PODS, 0) == 1
    for number in range(450):
        key = Key("", "pods", "a", f"p{number}")
        await log.append(Change(key, encode({"metadata": {"name": key.name, "namespace": "a"}}), 0))
    assert subject.list_width(flow, PODS, 0) == 5
    assert subject.list_width(flow, PODS, 100) == 1
