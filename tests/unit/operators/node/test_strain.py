"""For how long a shortage is told."""

from datetime import UTC, datetime, timedelta

from operators.node import strain
from operators.node.facts import Pressure

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_shortage_is_told_for_five_minutes_after_it_was_seen_last() -> None:
    seen = strain.observed({}, {"MemoryPressure"}, NOW)
    later = NOW + timedelta(minutes=4, seconds=59)
    assert strain.pressure(seen, later) == Pressure(memory=True)
    assert strain.pressure(seen, NOW + timedelta(minutes=5)) == Pressure()
    again = strain.observed(seen, {"MemoryPressure", "DiskPressure"}, later)
    assert strain.pressure(again, later + timedelta(minutes=4)) == Pressure(memory=True, disk=True)
    assert strain.observed(again, (), later + timedelta(minutes=5)) == {}
