"""Pods in, slices out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators._kube.actions import Create, Delete, Patch
from operators.endpointslice import members, plan, slices
from operators.endpointslice.slices import Group, Head
from tests.unit.operators.endpointslice.build import Obj, pod, service, slice_

NUMBERS = itertools.count()
HTTP = {"name": "http", "protocol": "TCP", "port": 8080}


def entry(name: str, ip: str, *, ready: bool = True, serving: bool = True, terminating: bool = False) -> Obj:
    return {
        "addresses": [ip],
        "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        "targetRef": {"kind": "Pod", "namespace": "ns", "name": name, "uid": f"uid-{name}"},
        "nodeName": "n",
    }


def test_no_pods_make_one_empty_slice_which_is_then_kept():
    (made,) = plan.actions(service(), [], [], {})
    assert isinstance(made, Create)
    assert made.body["metadata"]["generateName"] == "web-"
    assert (made.body["endpoints"], made.body["ports"], made.body["addressType"]) == (None, None, "IPv4")
    assert plan.actions(service(), [], [slice_("web-a", None)], {}) == []


@pytest.mark.parametrize(
    ("given_pod", "changes", "expected"),
    [
        (pod("a", "10.0.0.1"), {}, entry("a", "10.0.0.1")),
        (pod("a", "10.0.0.1", ready=False), {}, entry("a", "10.0.0.1", ready=False, serving=False)),
        (pod("a", "10.0.0.1", deleting=True), {}, entry("a", "10.0.0.1", ready=False, terminating=True)),
        (
            pod("a", "10.0.0.1", ready=False),
            {"publishNotReadyAddresses": True},
            entry("a", "10.0.0.1", ready=True, serving=False),
        ),
        (pod("a", "10.0.0.1", hostname="h", subdomain="web"), {}, entry("a", "10.0.0.1") | {"hostname": "h"}),
        (pod("a", "10.0.0.1", hostname="h", subdomain="other"), {}, entry("a", "10.0.0.1")),
        (pod("a", "10.0.0.1", phase="Succeeded"), {}, None),
        (pod("a"), {}, None),
        (pod("a", "fd00::1"), {}, None),
    ],
)
def test_endpoints_of_a_pod(given_pod, changes, expected):
    groups = plan.groups(service(**changes), [given_pod], "IPv4", {})
    assert groups == ([] if expected is None else [Group((HTTP,), (expected,))])


def test_named_ports_part_the_pods():
    named = service(ports=[{"name": "http", "port": 80, "targetPort": "web"}])
    pods = [
        pod(name, ip, containers=[{"ports": [{"name": "web", "containerPort": number}]}])
        for name, ip, number in (("a", "10.0.0.1", 80), ("b", "10.0.0.2", 81), ("c", "10.0.0.3", 80))
    ]
    groups = plan.groups(named, [*pods, pod("none", "10.0.0.4")], "IPv4", {})
    assert [(g.ports[0]["port"], [e["addresses"] for e in g.endpoints]) for g in groups] == [
        (80, [["10.0.0.1"], ["10.0.0.3"]]),
        (81, [["10.0.0.2"]]),
    ]


def test_both_families_have_slices_of_their_own():
    dual = service(ipFamilies=["IPv4", "IPv6"])
    found = plan.actions(dual, [pod("a", "10.0.0.1", "fd00::1")], [], {})
    assert [(a.body["addressType"], a.body["endpoints"][0]["addresses"]) for a in found if isinstance(a, Create)] == [
        ("IPv4", ["10.0.0.1"]),
        ("IPv6", ["fd00::1"]),
    ]
    (gone,) = plan.actions(service(), [], [slice_("4", None), slice_("6", None, family="IPv6")], {})
    assert isinstance(gone, Delete)
    assert gone.name == "6"


def test_labels_follow_the_service_and_say_headless():
    present = slice_("web-a", None) | {"metadata": slice_("web-a", None)["metadata"] | {"labels": {"old": "x"}}}
    (change,) = plan.actions(service(clusterIP="None"), [], [present], {})
    assert isinstance(change, Patch)
    assert change.body["metadata"]["labels"] == {
        "old": None,
        "team": "a",
        "service.kubernetes.io/headless": "",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }


def test_a_zone_and_hints_come_from_the_node():
    node = {"metadata": {"labels": {"topology.kubernetes.io/zone": "z"}}}
    near = service(trafficDistribution="PreferSameNode")
    (group,) = plan.groups(near, [pod("a", "10.0.0.1")], "IPv4", {"n": node})
    assert group.endpoints[0]["zone"] == "z"
    assert group.endpoints[0]["hints"] == {"forZones": [{"name": "z"}], "forNodes": [{"name": "n"}]}


def applied(present: list[Obj], actions: list) -> list[Obj]:
    """The slices after the actions."""
    found = {s["metadata"]["name"]: s for s in present}
    for action in actions:
        if isinstance(action, Create):
            name = f"new-{next(NUMBERS)}"
            found[name] = slice_(name, action.body["endpoints"], action.body["ports"])
        elif isinstance(action, Patch):
            found[action.name] = slice_(action.name, action.body["endpoints"], action.body["ports"])
        else:
            del found[action.name]
    return list(found.values())


endpoint_sets = st.lists(st.sets(st.integers(0, 400), max_size=350), min_size=1, max_size=5)


@given(endpoint_sets, st.integers(1, 2))
def test_whatever_comes_and_goes_every_endpoint_is_in_one_slice_and_a_second_look_changes_nothing(rounds, ports):
    head = Head(service(), "IPv4", plan.labels(service()))
    present: list[Obj] = []
    for numbers in rounds:
        groups = [
            Group(
                ({"name": "p", "port": port, "protocol": "TCP"},),
                tuple({"addresses": [f"10.0.{n // 256}.{n % 256}"]} for n in sorted(numbers) if n % ports == port),
            )
            for port in range(ports)
        ]
        present = applied(present, slices.plan(head, groups, present))
        found = [
            (entry["addresses"][0], slice_["ports"][0]["port"])
            for slice_ in present
            for entry in slice_["endpoints"] or ()
        ]
        assert sorted(found) == sorted((e["addresses"][0], g.ports[0]["port"]) for g in groups for e in g.endpoints)
        assert all(len(slice_["endpoints"] or ()) <= slices.MOST for slice_ in present)
        assert len(present) == 1 or all(slice_["endpoints"] for slice_ in present)
        assert slices.plan(head, groups, present) == []


def test_a_single_change_touches_a_single_slice():
    head = Head(service(), "IPv4", plan.labels(service()))
    entries = [{"addresses": [f"10.0.{n // 256}.{n % 256}"]} for n in range(250)]
    present = applied([], slices.plan(head, [Group((HTTP,), tuple(entries))], []))
    assert len(present) == 3
    assert len(slices.plan(head, [Group((HTTP,), tuple(entries[1:]))], present)) == 1
    assert len(slices.plan(head, [Group((HTTP,), (*entries, {"addresses": ["10.9.9.9"]}))], present)) == 1


def test_what_is_kept_of_a_pod_is_all_that_is_looked_at():
    whole = pod(
        "a",
        "10.0.0.1",
        hostname="h",
        subdomain="web",
        containers=[{"name": "c", "env": [], "ports": [{"name": "x", "containerPort": 1}]}],
    )
    whole["metadata"]["managedFields"] = ["much"]
    slim = members.slim(whole)
    assert "managedFields" not in slim["metadata"]
    named = service(ports=[{"name": "http", "port": 80, "targetPort": "x"}])
    assert plan.groups(named, [slim], "IPv4", {}) == plan.groups(named, [whole], "IPv4", {})
