"""The table's text."""

import time

import pytest

from operators._kube.meta import Key
from operators.service import plan, ruleset
from tests.unit.operators.service.build import NODE, address, endpoint, service, slice_


def text(services, slices, ingress=None):
    return ruleset.render(plan.table(services, slices, NODE, ingress or {}))


def chain(found, prefix):
    """The lines of the first chain whose name begins so."""
    return [line.strip() for line in found.split(f"    chain {prefix}", 1)[1].split("    }")[0].splitlines()[1:]]


def test_random_choice():
    found = text([service()], [slice_(endpoint("10.244.0.3"), endpoint("10.244.0.2"))])
    ways = "{ 0 : 10.244.0.2 . 8080, 1 : 10.244.0.3 . 8080 }"
    assert chain(found, "any_") == [f"meta l4proto tcp dnat ip to numgen random mod 2 map {ways}"]
    assert "elements = { 10.96.0.5 . tcp . 80 : goto any_" in found


def test_one_endpoint_of_the_other_family():
    found = text([service(address="fd00:96::5")], [slice_(endpoint("fd00::2"), family="IPv6")])
    assert chain(found, "any_") == ["meta l4proto tcp dnat ip6 to [fd00::2]:8080"]


def test_affinity_asks_each_endpoint_before_it_chooses():
    found = text([service(sessionAffinity="ClientIP")], [slice_(endpoint("10.244.0.3"), endpoint("10.244.0.2"))])
    first, second, last = chain(found, "any_")
    assert first.startswith("ip saddr @clients_")
    assert second.startswith("ip saddr @clients_")
    assert last.startswith("numgen random mod 2 vmap { 0 : goto to_")
    assert "timeout 10800s" in chain(found, "to_")[0]


def test_the_same_content_is_the_same_text():
    slices = [slice_(endpoint("10.244.0.3"), endpoint("10.244.0.2")), slice_(endpoint("10.244.0.4"), service="b")]
    services = [service(), service("b", "10.96.0.6")]
    assert text(services, slices) == text(services[::-1], slices[::-1])


def test_names_of_users_are_not_in_it():
    evil = 'a"; flush ruleset #'
    found = text([service(evil)], [slice_(endpoint("10.244.0.2"), service=evil)])
    assert "flush" not in found
    assert "10.244.0.2" in found


def test_source_ranges_without_any_that_fits_keep_everybody_out():
    spec = {"type": "LoadBalancer", "loadBalancerSourceRanges": ["fd00::/8"]}
    ingress = {Key("default", "web"): [address("192.0.2.10")]}
    assert chain(text([service(**spec)], [], ingress), "from_") == ["drop"]


def test_source_ranges_do_not_overlap():
    spec = {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8", "10.1.0.0/16"]}
    ingress = {Key("default", "web"): [address("192.0.2.10")]}
    found = chain(text([service(**spec)], [], ingress), "from_")
    assert found == ["ip saddr { 10.0.0.0/8 } return", "drop"]


def test_what_is_no_longer_led_to_is_known_by_name():
    sticky = text([service(sessionAffinity="ClientIP")], [slice_(endpoint("10.244.0.2"))])
    gone = ruleset.names(sticky) - ruleset.names(text([], []))
    assert sorted(kind for kind, _ in gone) == ["chain", "chain", "set"]
    lines = ruleset.dropping(gone).splitlines()
    assert [line.split()[1] for line in lines] == ["chain", "chain", "set"]
    assert ruleset.names(text([], [])) == set()


@pytest.mark.parametrize("how", [ruleset.replacing, ruleset.updating])
def test_a_transaction_touches_no_other_table(how):
    found = how(text([service()], [slice_(endpoint("10.244.0.2"))]))
    tables = [line for line in found.splitlines() if line.split()[:1] in (["table"], ["flush"], ["delete"])]
    assert tables
    assert all("inet ukube_services" in line for line in tables)


def test_many_services_take_less_than_seconds():
    services = [service(f"s{n}", f"10.96.{n // 250}.{n % 250 + 1}") for n in range(1000)]
    slices = [slice_(*(endpoint(f"10.244.{n % 4}.{m + 2}") for m in range(10)), service=f"s{n}") for n in range(1000)]
    began = time.perf_counter()
    assert text(services, slices).count("numgen random mod 10 map") == 1000
    assert time.perf_counter() - began < 5
