"""User IDs of the node for Pods with users of their own: as many for each as a container may name (pure)."""

from collections.abc import Collection
from typing import Final

SIZE: Final = 65536
#: Nobody else hands these out: beyond systemd's ranges for containers, below the sign bit. See systemd's page
#: "Users, Groups, UIDs and GIDs on systemd Systems".
FIRST: Final = 0x70000000
_LAST: Final = 0x7FFE0000


class NoRange(Exception):
    """Every range is taken."""


def allocate(taken: Collection[int]) -> int:
    """The first ID of a range that no Pod has. Raises NoRange."""
    for first in range(FIRST, _LAST + 1, SIZE):
        if first not in taken:
            return first
    raise NoRange("no range of user IDs is left for a Pod with hostUsers: false")
