"""Requests that schemathesis makes up from the server's own OpenAPI v3 documents: no 5xx, no hang."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import seed as seeded
from hypothesis import settings as how

from tests.fuzz.judge import Judge, Request

schemathesis = pytest.importorskip("schemathesis")

# Examples of one operation before it is the next one's turn.
EXAMPLES = 5


@pytest.mark.timeout(3600)
# jsonschema and its like speak of their own future; that is not what is tested here.
@pytest.mark.filterwarnings("ignore")
def test_nothing_that_the_documents_allow_breaks_the_server(
    judge: Judge, api_server: Path, seconds: float, seed: int
) -> None:
    dice = random.Random(seed)
    groups = list(orjson.loads(judge.get("/openapi/v3"))["paths"])
    end = time.monotonic() + seconds
    operations: dict[str, list[Any]] = {}
    while time.monotonic() < end and len(judge.faults) < 50:
        group = dice.choice(groups)
        if group not in operations:
            operations[group] = list(_operations(orjson.loads(judge.get(f"/openapi/v3/{group}"))))
        if operations[group]:
            _try(dice.choice(operations[group]), judge, dice)
    print(f"{sum(judge.codes.values())} requests: {dict(sorted(judge.codes.items()))}")
    assert not judge.faults, judge.report()


def _operations(document: dict[str, Any]) -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        yield found.ok()


def _try(operation: Any, judge: Judge, dice: random.Random) -> None:
    @how(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @seeded(dice.randrange(2**32))
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        judge.send(_request(case, dice))

    run()


def _request(case: Any, dice: random.Random) -> Request:
    """A case as it stands, or with a place that exists: made-up names never meet an object."""
    path = case.formatted_path
    if dice.random() < 0.7:
        path = operation_path(case.path, "default", dice.choice(("default", "kubernetes", "fuzz")))
    # A watch has to end before patience does.
    query = {name: value for name, value in (case.query or {}).items() if name != "timeoutSeconds"}
    if "watch" in query or dice.random() < 0.1:
        query["timeoutSeconds"] = "1"
    text = urlencode(query, doseq=True, errors="replace")
    body = b"" if isinstance(case.body, type(schemathesis.core.NOT_SET)) else _encoded(case.body)
    media = case.media_type if case.media_type not in (None, "*/*") and dice.random() < 0.7 else "application/json"
    return Request(case.method, f"{path}?{text}" if text else path, body, media)


def operation_path(template: str, namespace: str, name: str) -> str:
    return template.replace("{namespace}", namespace).replace("{name}", name)


def _encoded(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # numbers of more than 64 bits, lone surrogates
        return repr(body).encode("utf-8", "replace")
