"""What may change of a Job's template while it is suspended."""

from typing import Any

import pytest

from apiserver_stub.registry.batch import job as jobs

SUSPENDED = {"conditions": [{"type": "Suspended", "status": "True"}]}
STARTED = {"startTime": "2026-01-01T00:00:00Z"}


def template(labels: dict[str, str] | None = None, image: str = "i", cpu: str = "1", **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": image, "resources": {"requests": {"cpu": cpu}}}
    return {"metadata": {"labels": labels or {}}, "spec": {"containers": [container], **spec}}


@pytest.mark.parametrize(
    ("suspend", "status", "new", "is_fine"),
    [
        (True, {}, template(cpu="2"), True),
        (True, {}, template(labels={"a": "b"}), True),
        (True, {}, template(nodeSelector={"a": "b"}, tolerations=[{"operator": "Exists"}]), True),
        (True, {}, template(affinity={"nodeAffinity": {}}), True),
        (True, {}, template(affinity={"podAffinity": {"x": []}}), False),
        (True, {}, template(image="other"), False),
        (True, STARTED, template(cpu="2"), False),
        (True, STARTED | SUSPENDED, template(cpu="2"), True),
        (True, SUSPENDED | {"active": 1}, template(cpu="2"), False),
        (False, {}, template(cpu="2"), False),
        (False, {}, template(), True),
    ],
)
def test_template(suspend: bool, status: dict[str, Any], new: dict[str, Any], is_fine: bool) -> None:
    old = {"spec": {"suspend": suspend, "template": template()}, "status": status}
    assert (jobs._template(new, old) == []) is is_fine
