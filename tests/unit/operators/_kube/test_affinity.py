import pytest

from operators._kube import affinity
from tests.unit.operators.binder.build import Obj, node, pod

NODE = node(labels={"disk": "ssd", "gen": "7", "word": "x"})


@pytest.mark.parametrize(
    ("selector", "matches"),
    [({}, True), ({"disk": "ssd"}, True), ({"disk": "hdd"}, False), ({"disk": "ssd", "no": "x"}, False)],
)
def test_node_selector(selector: dict[str, str], matches: bool) -> None:
    assert affinity.matches(pod(nodeSelector=selector), NODE) is matches


def required(*terms: Obj) -> Obj:
    wanted = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return pod(affinity={"nodeAffinity": wanted})


def expression(key: str, operator: str, *values: str) -> Obj:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "matches"),
    [
        (expression("disk", "In", "ssd", "nvme"), True),
        (expression("disk", "In", "hdd"), False),
        (expression("absent", "In", "x"), False),
        (expression("disk", "NotIn", "hdd"), True),
        (expression("absent", "NotIn", "hdd"), True),
        (expression("disk", "NotIn", "ssd"), False),
        (expression("disk", "Exists"), True),
        (expression("absent", "Exists"), False),
        (expression("absent", "DoesNotExist"), True),
        (expression("gen", "Gt", "6"), True),
        (expression("gen", "Gt", "7"), False),
        (expression("gen", "Lt", "8"), True),
        (expression("gen", "Lt", "7"), False),
        (expression("word", "Gt", "1"), False),
        (expression("word", "Lt", "1"), False),
        (expression("absent", "Gt", "1"), False),
        (expression("gen", "Gt"), False),
        (expression("gen", "Unheard", "1"), False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}, False),
        ({}, False),
    ],
)
def test_terms(term: Obj, matches: bool) -> None:
    assert affinity.matches(required(term), NODE) is matches


def test_terms_are_alternatives_and_their_parts_are_not() -> None:
    yes, no = expression("disk", "Exists"), expression("absent", "Exists")
    assert affinity.matches(required(no, yes), NODE)
    both = {"matchExpressions": [*yes["matchExpressions"], *no["matchExpressions"]]}
    assert not affinity.matches(required(both), NODE)
    assert not affinity.matches(required(), NODE)


def test_preferences_do_not_bind() -> None:
    wish = {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": expression("no", "Exists")}]
    }
    assert affinity.matches(pod(affinity={"nodeAffinity": wish}), NODE)
