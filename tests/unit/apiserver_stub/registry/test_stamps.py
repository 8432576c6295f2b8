"""Times and UIDs that new objects get."""

import datetime
import uuid

from apiserver_stub.registry import upkeep


def test_uids_are_random_uuids() -> None:
    found = [upkeep.new_uid() for _ in range(200)]
    assert len(set(found)) == 200
    for text in found:
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)


def test_now_is_utc() -> None:
    shown = datetime.datetime.fromisoformat(upkeep.now())
    assert abs((datetime.datetime.now(datetime.UTC) - shown).total_seconds()) < 3
