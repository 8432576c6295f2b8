"""Affinity between Pods and topology spread, with the scheduler's words."""

from typing import Any

import pytest

from operators.binder import plan

from .build import Obj, cluster, node, pod

HOST, ZONE = "kubernetes.io/hostname", "zone"
AFFINITY = "node(s) didn't match pod affinity rules"
ANTI = "node(s) didn't match pod anti-affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"
SPREAD = "node(s) didn't match pod topology spread constraints"


def labelled(name: str, app: str | None = "web", namespace: str = "ns", **spec: Any) -> Obj:
    found = pod(name, **spec)
    found["metadata"] |= {"namespace": namespace, "labels": {"app": app} if app else {}}
    return found


def term(app: str = "web", key: str = HOST, **more: Any) -> Obj:
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **more}


def near(*terms: Obj) -> Obj:
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def far(*terms: Obj) -> Obj:
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def spread(skew: int = 1, key: str = HOST, **more: Any) -> list[Obj]:
    selector = {"matchLabels": {"app": "web"}}
    return [
        {"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector} | more
    ]


WEB, OTHER = labelled("o"), labelled("o", "db")
CASES: list[tuple[str, Obj, list[Obj], str]] = [
    ("affinity: somebody is there", labelled("p", "x", affinity=near(term())), [WEB], ""),
    ("affinity: nobody is there", labelled("p", "x", affinity=near(term())), [OTHER], AFFINITY),
    ("affinity: the first of its kind", labelled("p", affinity=near(term())), [], ""),
    ("affinity: not the first of its kind on a node without the label", labelled("p", affinity=near(term(key="none"))),
     [], AFFINITY),
    ("affinity: elsewhere", labelled("p", "x", affinity=near(term())), [labelled("o", namespace="far")], AFFINITY),
    ("affinity: named namespace", labelled("p", "x", affinity=near(term(namespaces=["far"]))),
     [labelled("o", namespace="far")], ""),
    ("affinity: all namespaces", labelled("p", "x", affinity=near(term(namespaceSelector={}))),
     [labelled("o", namespace="far")], ""),
    ("affinity: namespaces by label",
     labelled("p", "x", affinity=near(term(namespaceSelector={"matchLabels": {"team": "a"}}))),
     [labelled("o", namespace="far")], ""),
    ("affinity: other namespaces by label",
     labelled("p", "x", affinity=near(term(namespaceSelector={"matchLabels": {"team": "b"}}))),
     [labelled("o", namespace="far")], AFFINITY),
    ("anti-affinity", labelled("p", "x", affinity=far(term())), [WEB], ANTI),
    ("anti-affinity: others", labelled("p", "x", affinity=far(term())), [OTHER], ""),
    ("anti-affinity: node without the label", labelled("p", "x", affinity=far(term(key="none"))), [WEB], ""),
    ("anti-affinity of others", labelled("p"), [labelled("o", "x", affinity=far(term()))], EXISTING),
    ("anti-affinity of others to somebody else", labelled("p", "y"), [labelled("o", "x", affinity=far(term()))], ""),
    ("anti-affinity with matchLabelKeys", labelled("p", affinity=far({"labelSelector": {}, "topologyKey": HOST,
     "matchLabelKeys": ["app"]})), [OTHER], ""),
    ("anti-affinity with mismatchLabelKeys", labelled("p", affinity=far({"labelSelector": {}, "topologyKey": HOST,
     "mismatchLabelKeys": ["app"]})), [OTHER], ANTI),
    ("spread: one node is one domain", labelled("p", topologySpreadConstraints=spread()), [WEB], ""),
    ("spread: label missing", labelled("p", topologySpreadConstraints=spread(key="none")), [],
     f"{SPREAD} (missing required label)"),
    ("spread: too few domains", labelled("p", topologySpreadConstraints=spread(minDomains=2)), [WEB], SPREAD),
    ("spread: anyway",
     labelled("p", topologySpreadConstraints=spread(minDomains=2, whenUnsatisfiable="ScheduleAnyway")), [WEB], ""),
]  # fmt: skip


@pytest.mark.parametrize(("given", "others", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_node(given: Obj, others: list[Obj], reason: str) -> None:
    found = plan.place(given, cluster(node(), pods=others, namespaces={"far": {"team": "a"}}))
    assert found.node == (None if reason else "n1")
    assert found.message.startswith(f"0/1 nodes are available: 1 {reason}. " if reason else "")


def test_zones() -> None:
    nodes = [node("n1", labels={ZONE: "a"}), node("n2", labels={ZONE: "a"}), node("n3", labels={ZONE: "b"})]
    others = [labelled("o", nodeName="n1")]
    assert plan.place(labelled("p", "x", affinity=near(term(key=ZONE))), cluster(*nodes, pods=others)).node == "n2"
    assert plan.place(labelled("p", "x", affinity=far(term(key=ZONE))), cluster(*nodes, pods=others)).node == "n3"
    constraint = spread(key=ZONE)
    assert plan.place(labelled("p", topologySpreadConstraints=constraint), cluster(*nodes, pods=others)).node == "n3"


def test_domains_where_the_pod_cannot_be_do_not_count() -> None:
    nodes = [node("n1"), node("n2", taints=[{"key": "k", "effect": "NoSchedule"}])]
    others = [labelled("o", nodeName="n1")]
    honored = spread(nodeTaintsPolicy="Honor")
    assert plan.place(labelled("p", topologySpreadConstraints=spread()), cluster(*nodes, pods=others)).node is None
    assert plan.place(labelled("p", topologySpreadConstraints=honored), cluster(*nodes, pods=others)).node == "n1"
    here = labelled("p", topologySpreadConstraints=spread(), nodeSelector={HOST: "n1"})
    assert plan.place(here, cluster(*nodes, pods=others)).node == "n1"
