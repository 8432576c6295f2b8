"""When the count is believed at once."""

import pytest

from operators.resourcequota import plan


@pytest.mark.parametrize(
    ("said", "counted", "expected"),
    [
        (None, {"pods": "1"}, False),
        ({"pods": "1"}, {"pods": "1"}, False),
        ({"pods": "1"}, {"pods": "2"}, False),
        ({"pods": "2"}, {"pods": "1"}, True),
        ({"memory": "1Gi", "pods": "1"}, {"memory": "1023Mi", "pods": "2"}, True),
        ({"memory": "1Gi"}, {"memory": "1024Mi"}, False),
        ({"memory": "1Gi"}, {"pods": "0"}, False),
    ],
)
def test_less_is_used_than_was_charged(said, counted, expected):
    assert plan.is_less({"status": {"used": said}} if said else {}, {"hard": {}, "used": counted}) == expected
