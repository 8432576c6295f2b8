"""When rules are loaded, kept, and what stays when they are refused."""

import pytest

from operators._node import conntrack, nft
from operators.service import plan, proxy
from operators.service.proxy import Proxy, Stale
from operators.service.table import Endpoint
from tests.unit.operators.service.build import NODE, address, endpoint, service, slice_

OWN = NODE.addresses


@pytest.fixture
def loaded(monkeypatch):
    """What nft was given; it refuses while `refuses` is in the list's attribute."""
    texts = []

    async def apply(text):
        if refusals and refusals.pop(0):
            raise OSError("nft refused the rules: no")
        texts.append(text)

    refusals = []
    monkeypatch.setattr(nft, "apply", apply)
    monkeypatch.setattr(conntrack, "forget", lambda *_: 0)
    return texts, refusals


def table(*addresses, **spec):
    return plan.table([service(**spec)], [slice_(*map(endpoint, addresses))], NODE, {})


async def test_only_changes_are_loaded_and_kept_for_the_boot(tmp_path, loaded):
    texts, _ = loaded
    found = Proxy(tmp_path / "services.nft")
    assert await found.apply(table("10.244.0.2"), OWN)
    assert not await found.apply(table("10.244.0.2"), OWN)
    assert await found.apply(table("10.244.0.3"), OWN)
    assert len(texts) == 2
    assert (tmp_path / "services.nft").read_text() == texts[-1]
    assert (tmp_path / "services.nft").stat().st_mode & 0o777 == 0o600
    assert texts[-1].startswith("table inet ukube_services\ndelete table inet ukube_services\n")


async def test_what_was_refused_is_tried_again_and_not_kept(tmp_path, loaded):
    texts, refusals = loaded
    found = Proxy(tmp_path / "services.nft")
    refusals[:] = [True]
    with pytest.raises(OSError, match="no"):
        await found.apply(table("10.244.0.2"), OWN)
    assert not (tmp_path / "services.nft").exists()
    assert await found.apply(table("10.244.0.2"), OWN)
    assert len(texts) == 1


async def test_clients_keep_their_endpoints_over_changes_and_what_is_left_goes(tmp_path, loaded):
    texts, _ = loaded
    found = Proxy(tmp_path / "services.nft")
    await found.apply(table("10.244.0.2", "10.244.0.3", sessionAffinity="ClientIP"), OWN)
    await found.apply(table("10.244.0.2", sessionAffinity="ClientIP"), OWN)
    _, second, leftover = texts
    assert all("delete table" not in text for text in texts)
    assert "flush table inet ukube_services" in second
    kinds = [line.split()[:2] for line in leftover.splitlines()]
    assert kinds == [["delete", "chain"], ["delete", "set"]]


async def test_another_process_of_the_operator_finds_what_is_left(tmp_path, loaded):
    texts, _ = loaded
    await Proxy(tmp_path / "services.nft").apply(table("10.244.0.2", sessionAffinity="ClientIP"), OWN)
    texts.clear()
    await Proxy(tmp_path / "services.nft").apply(table("10.244.0.3", sessionAffinity="ClientIP"), OWN)
    assert [line.split()[1] for line in texts[1].splitlines()] == ["chain", "set"]


async def test_a_table_of_another_shape_is_made_anew(tmp_path, loaded):
    texts, refusals = loaded
    refusals[:] = [True]
    await Proxy(tmp_path / "services.nft").apply(table("10.244.0.2", sessionAffinity="ClientIP"), OWN)
    assert "delete table" in texts[0]


async def test_flows_are_looked_at_only_when_datagrams_go_elsewhere(tmp_path, loaded, monkeypatch):
    looks = []
    monkeypatch.setattr(conntrack, "forget", lambda stale, protocol: looks.append(protocol) or 0)
    ports = [{"port": 53, "protocol": "UDP"}]
    found = Proxy(tmp_path / "services.nft")
    one = plan.table([service(ports=ports)], [slice_(endpoint("10.244.0.2"), protocol="UDP")], NODE, {})
    await found.apply(one, OWN)
    await found.apply(table("10.244.0.2"), OWN)
    assert looks == [17]


@pytest.mark.parametrize(
    ("to", "answers", "expected"),
    [
        (("10.96.0.5", 53), ("10.244.0.2", 8080), False),
        (("10.96.0.5", 53), ("10.244.0.9", 8080), True),
        (("10.96.0.5", 53), ("10.96.0.5", 53), True),  # from before there were rules
        (("192.0.2.10", 30053), ("10.244.0.9", 8080), True),
        (("198.51.100.1", 30053), ("198.51.100.1", 30053), False),  # no address of the node
        (("10.96.0.9", 53), ("10.244.0.9", 53), False),
    ],
)
def test_stale_flows(to, answers, expected):
    ports = [{"port": 53, "protocol": "UDP", "nodePort": 30053}]
    found = plan.table([service(ports=ports)], [slice_(endpoint("10.244.0.2"), protocol="UDP")], NODE, {})
    flow = conntrack.Flow(17, (address(to[0]), to[1]), (address(answers[0]), answers[1]), 2, b"")
    assert Stale(found.datagrams(), OWN)(flow) is expected


def test_reading_what_is_not_there(tmp_path):
    assert proxy._read(tmp_path / "none") == ""
    assert Endpoint(address("10.0.0.1"), 1) == (address("10.0.0.1"), 1)
