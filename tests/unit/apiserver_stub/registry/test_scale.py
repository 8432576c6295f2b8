"""The Scale of a workload."""

import pytest

from apiserver_stub.meta import status
from apiserver_stub.registry import scale


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (None, ""),
        ({"a": "b"}, "a=b"),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        (
            {
                "matchLabels": {"m": "x"},
                "matchExpressions": [
                    {"key": "a", "operator": "In", "values": ["z", "y"]},
                    {"key": "n", "operator": "DoesNotExist"},
                    {"key": "o", "operator": "Exists"},
                    {"key": "p", "operator": "NotIn", "values": ["q"]},
                ],
            },
            "a in (y,z),m=x,!n,o,p notin (q)",
        ),
    ],
)
def test_selector(selector: dict[str, object] | None, text: str) -> None:
    assert scale.selector_text(selector) == text


def test_negative_replicas_are_refused() -> None:
    with pytest.raises(status.StatusError, match="must be greater than or equal to 0"):
        scale.put({"metadata": {"name": "d"}, "spec": {}}, {"spec": {"replicas": -1}})
