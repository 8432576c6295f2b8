"""Why a Pod is ended although nobody deletes it (pure): its deadline, or something that happened to the node."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import orjson

from operators._kube import meta
from operators.pod.sources import Object

DEADLINE_MESSAGE = "Pod was active on the node longer than the specified deadline"


@dataclass(frozen=True, slots=True)
class Ending:
    """status.reason and status.message of a Pod that is being ended with phase Failed.

    grace: seconds; None: the Pod's own. disruption: reason of a DisruptionTarget condition, "" for none. is_told:
    whether an Event is still to say so.
    """

    reason: str
    message: str
    grace: int | None = None
    disruption: str = ""
    is_told: bool = False


def deadline(pod: Object) -> datetime | None:
    """When the Pod has been active for as long as it may; None: no limit, or not begun."""
    seconds = pod["spec"].get("activeDeadlineSeconds")
    begun = (pod.get("status") or {}).get("startTime")
    if seconds is None or not begun:
        return None
    return meta.parse_time(begun) + timedelta(seconds=int(seconds))


def overdue(pod: Object, now: datetime) -> Ending | None:
    due = deadline(pod)
    return Ending("DeadlineExceeded", DEADLINE_MESSAGE, is_told=True) if due is not None and now >= due else None


def dump(ending: Ending) -> str:
    return orjson.dumps(asdict(ending)).decode()


def load(text: str) -> Ending | None:
    """What dump() wrote; None for nothing, or for something else."""
    try:
        return Ending(**orjson.loads(text)) if text else None
    except (orjson.JSONDecodeError, TypeError):
        return None
