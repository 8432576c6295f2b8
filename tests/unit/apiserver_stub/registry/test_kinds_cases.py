"""Kinds with rules of their own, by a table: an object as a client sends it, and the errors it makes."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from apiserver_stub.registry import strategies
from apiserver_stub.schema import decode, kinds

Object = dict[str, Any]

CASES = yaml.safe_load(Path(__file__).with_name("kinds_cases.yaml").read_text())


def resource_of(name: str) -> kinds.Resource:
    return next(found for found in kinds.builtin() if found.group_resource == name and found.version == "v1")


def created(resource: kinds.Resource, given: Object) -> Object:
    """The object as it comes to validation."""
    sent = {"metadata": {"name": "x"}, **given}
    obj, _ = decode.decode(orjson.dumps(sent), "application/json", resource, "Strict")
    strategy = strategies.for_resource(resource)
    strategy.default(obj)
    strategy.prepare_create(obj)
    return obj


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [(name, case["given"], case["errors"]) for name, cases in CASES.items() for case in cases],
)
def test_validation(name: str, given: Object, expected: list[str]) -> None:
    resource = resource_of(name)
    found = [error.message for error in strategies.for_resource(resource).validate(created(resource, given))]
    assert len(found) == len(expected), found
    for message, part in zip(found, expected, strict=True):
        assert part in message


def test_an_update_may_keep_what_was_always_wrong() -> None:
    resource = resource_of("validatingwebhookconfigurations.admissionregistration.k8s.io")
    hook = {"name": "a.b.c", "clientConfig": {"url": "https://x"}, "sideEffects": "Some"}
    hook |= {"admissionReviewVersions": ["v9"], "matchConditions": [{"name": "a", "expression": "nope"}]}
    strategy = strategies.for_resource(resource)
    old, new = (created(resource, {"webhooks": [hook, hook]}) for _ in range(2))
    assert len(strategy.validate(old)) == 7
    assert strategy.validate_update(new, old) == []


def test_defaults_of_a_priority_level() -> None:
    resource = resource_of("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io")
    limited = {"limitResponse": {"type": "Queue", "queuing": {"queues": 0}}}
    obj = created(resource, {"spec": {"type": "Limited", "limited": limited}})
    assert obj["spec"]["limited"]["nominalConcurrencyShares"] == 30
    assert obj["spec"]["limited"]["limitResponse"]["queuing"] == {"handSize": 8, "queues": 64, "queueLengthLimit": 50}
    assert "status" not in obj
