from datetime import UTC, datetime

from operators.binder import status

from .build import pod

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_unschedulable() -> None:
    given = pod()
    given["metadata"]["generation"] = 1
    assert status.is_news(given, "why")
    given["status"] = status.unschedulable(given, "why", NOW)
    assert given["status"] == {
        "phase": "Pending",
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "why",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-01-01T12:00:00Z",
            }
        ],
    }
    assert not status.is_news(given, "why")
    assert status.is_news(given, "why else")


def test_other_conditions_stay() -> None:
    given = pod()
    given["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    assert status.unschedulable(given, "why", NOW)["conditions"][0] == {"type": "Ready", "status": "False"}
