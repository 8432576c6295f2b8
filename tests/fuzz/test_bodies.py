"""Recorded valid bodies, broken in places, in every verb and every kind of patch: no 5xx, no hang."""

import json
import random
import time

import pytest

from tests.fuzz import mutate
from tests.fuzz.judge import Judge, Request
from tests.fuzz.recorded import Sample, samples

QUERIES = (
    "",
    "?dryRun=All",
    "?dryRun=All&fieldValidation=Strict",
    "?dryRun=All&fieldValidation=Ignore",
    "?fieldManager=fuzz&force=true",
    "?fieldManager=fuzz",
    "?fieldManager=%00&dryRun=x&fieldValidation=x&limit=-1&pretty=1",
)
ACCEPTS = ("application/json", "application/json", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io")
SUBRESOURCES = ("", "", "", "", "/status", "/scale", "/binding", "/eviction", "/ephemeralcontainers", "/resize")
OTHERS = ("/approval", "/finalize", "/token", "/nope", "/log")


@pytest.mark.timeout(3600)
def test_no_body_breaks_the_server(judge: Judge, seconds: float, seed: int) -> None:
    dice = random.Random(seed)
    known = samples()
    assert len(known) > 100
    for sample in known:
        judge.send(_created(sample))
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(judge.faults) < 50:
        sample = dice.choice(known)
        if dice.random() < 0.2:  # it may have been deleted
            judge.send(_created(sample))
        judge.send(_request(sample, dice))
    print(f"{sum(judge.codes.values())} requests: {dict(sorted(judge.codes.items()))}")
    assert not judge.faults, judge.report()


def _created(sample: Sample) -> Request:
    return Request("POST", sample.path, json.dumps(sample.body).encode())


def _request(sample: Sample, dice: random.Random) -> Request:
    query, accept = dice.choice(QUERIES), dice.choice(ACCEPTS)
    one = f"{sample.path}/{sample.name}{dice.choice((*SUBRESOURCES, *OTHERS))}{query}"
    method = dice.choice(("POST", "POST", "PUT", "PUT", "PATCH", "PATCH", "DELETE"))
    if method == "DELETE":
        return Request("DELETE", one, mutate.encoded(mutate.mutated(_DELETE, dice), dice), "application/json", accept)
    body = mutate.mutated(sample.body, dice)
    if method == "PATCH":
        media = dice.choice(mutate.PATCHES)
        if "json-patch" in media and dice.random() < 0.9:
            body = mutate.json_patch(sample.body, dice)
        return Request("PATCH", one, mutate.encoded(body, dice), media, accept)
    path = f"{sample.path}{query}" if method == "POST" else one
    media = dice.choice(mutate.MEDIA) if dice.random() < 0.1 else dice.choice(mutate.MEDIA[:2])
    return Request(method, path, mutate.encoded(body, dice), media, accept)


_DELETE = {
    "kind": "DeleteOptions",
    "apiVersion": "v1",
    "gracePeriodSeconds": 0,
    "propagationPolicy": "Orphan",
    "preconditions": {"uid": "u", "resourceVersion": "1"},
    "dryRun": ["All"],
}
